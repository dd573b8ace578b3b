import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { names } from '#host/names.ts'
import { startPodNetwork } from '#network/pod-network.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** Addresses for pods, and the ways to those of other nodes. */
export function runPodNetwork({ config, where, host, log, nodeAddresses, nodeNetworks }: NetworkContext): Promise<NetworkPart> {
  return startPodNetwork({
    host,
    log: log.with({ part: 'pod-network' }),
    nodeName: config.nodeName,
    nodeNetworks,
    mtu: mtuOf(nodeAddresses[0]!),
    bridge: names.bridge,
    cniConfigFile: join(where.cniConfig, '10-wherry.conflist'),
    cniStateDirectory: where.cniState,
  })
}

/** Of the interface that has the node's address: a bigger packet would not leave the machine. */
function mtuOf(address: string): number {
  const device = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
  return device ? Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) : 1500
}
