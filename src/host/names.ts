/** What bears our name on the machine, outside our two folders: `wherry reset` looks for exactly these. */
export const names = {
  /** The bridge that pods hang on. */
  bridge: 'wherry0',
  /** Holds the name server's address and the route of Service addresses. */
  serviceDevice: 'wherry-svc',
  /** The tunnel to pods of other nodes. */
  vxlanDevice: 'wherry-vxlan',
  /** Our nftables table, of family ip. */
  table: 'wherry',
  /** The table of network policies, of family inet. */
  policyTable: 'wherry-policy',
  /** Above all cgroups of pods, unless the configuration says otherwise. Further nodes of a machine have a dash and their name after it. */
  cgroupRoot: '/wherry',
  /** The bridge that further nodes of the machine hang on, and the nftables tables (ip and ip6) that hide their addresses from the world. */
  machineBridge: 'wherry-nodes',
} as const
