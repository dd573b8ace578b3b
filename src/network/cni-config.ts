/** What the default pod network of one node needs to know. */
export interface CniOptions {
  /** The node's own range, such as 10.244.0.0/24. */
  readonly podCIDR: string
  readonly bridge: string
  readonly mtu: number
  /** Where host-local remembers the addresses that it gave out. */
  readonly stateDirectory: string
}

/**
 * The CNI configuration list (CNI spec 0.4, which containerd 1.6 and every later one read) of the default pod network: a bridge, addresses by host-local. Host ports and masquerading are
 * the service proxy's: the plug-ins for them would need iptables on the machine.
 */
export const cniConfig = ({ podCIDR, bridge, mtu, stateDirectory }: CniOptions): string =>
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
          ipam: { type: 'host-local', dataDir: stateDirectory, ranges: [[{ subnet: podCIDR }]] },
        },
        { type: 'bandwidth', capabilities: { bandwidth: true } },
      ],
    },
    null,
    2,
  )}\n`
