import type { Log } from '#lib/log.ts'
import { cniConfig } from './cni-config.ts'
import type { NetworkHost } from './host.ts'
import type { NodeNetworks } from './routes/node-networks.ts'

/** What the pods' own network of one node is made from. */
export interface PodNetworkOptions {
  readonly host: NetworkHost
  readonly log: Log
  readonly nodeName: string
  readonly nodeNetworks: NodeNetworks
  readonly mtu: number
  readonly bridge: string
  readonly cniConfigFile: string
  readonly cniStateDirectory: string
}

/** Gives pods their addresses as soon as the Node object says out of which range. Stopping leaves everything as it is. */
export async function startPodNetwork(options: PodNetworkOptions): Promise<{ stop: () => Promise<void> }> {
  const { host, log, nodeNetworks } = options
  let written = ''
  const follow = (): void => {
    const own = nodeNetworks.list().find(({ name }) => name === options.nodeName)
    if (!own || own.podCIDRs.length === 0) return
    const text = cniConfig({
      podCIDRs: own.podCIDRs,
      bridge: options.bridge,
      mtu: options.mtu,
      stateDirectory: options.cniStateDirectory,
    })
    if (text === written) return
    written = text
    host
      .writeFile(options.cniConfigFile, text)
      .catch((error: unknown) => log.error('the network configuration could not be written', { error }))
  }
  const unfollow = nodeNetworks.onChange(follow)
  follow()
  return {
    async stop() {
      unfollow()
    },
  }
}
