/** What bears our name on the machine, outside our two folders: `wherry reset` looks for exactly these. */
export const names = {
  /** The bridge that pods hang on. */
  bridge: 'wherry0',
  /** Holds the name server's address and the route of Service addresses. */
  serviceDevice: 'wherry-svc',
  /** Our nftables table, of family ip. */
  table: 'wherry',
  /** Above all cgroups of pods. */
  cgroupRoot: '/wherry',
} as const
