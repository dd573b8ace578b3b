/** What the default pod network of one node needs to know. */
export interface CniOptions {
  /** The node's own ranges, such as 10.244.0.0/24; of each family one at most. */
  readonly podCIDRs: readonly string[]
  readonly bridge: string
  readonly mtu: number
  /** Where host-local remembers the addresses that it gave out. */
  readonly stateDirectory: string
}

/**
 * The CNI configuration list (CNI spec 0.4, which containerd 1.6 and every later one read) of the default pod network: a bridge, addresses by host-local. Host ports and masquerading are
 * the service proxy's: the plug-ins for them would need iptables on the machine.
 */
export const cniConfig = ({ podCIDRs, bridge, mtu, stateDirectory }: CniOptions): string =>
  `${JSON.stringify(
    {
      cniVersion: '0.4.0',
      name: 'wherry',
      plugins: [
        {
          type: 'bridge',
          bridge,
          isDefaultGateway: true,
          ipMasq: false,
          hairpinMode: true,
          mtu,
          // Each range is a list of its own: host-local takes one address out of each.
          ipam: { type: 'host-local', dataDir: stateDirectory, ranges: podCIDRs.map((subnet) => [{ subnet }]) },
        },
        { type: 'bandwidth', capabilities: { bandwidth: true } },
      ],
    },
    null,
    2,
  )}\n`
