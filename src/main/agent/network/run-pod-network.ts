import { join } from 'node:path'
import { names } from '#host/names.ts'
import { missingAddresses, withPresentAddresses } from '#host/present-addresses.ts'
import { createRouteHost } from '#host/routes.ts'
import type { ServiceDevice } from '#network/host.ts'
import { startPodNetwork } from '#network/pod-network.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** An address that goes comes back at once where a lease is renewed or a link restarted. */
const addressPatienceMs = 10_000

/** Addresses for pods, and the ways to those of other nodes. `onMoved`: the node's address is gone for good, and the machine has another one. */
export function runPodNetwork(
  network: NetworkContext,
  {
    serviceDevice,
    loopbackGuarded,
    onMoved,
  }: {
    readonly serviceDevice: ServiceDevice
    readonly loopbackGuarded: Promise<void>
    readonly onMoved: () => void
  },
): NetworkPart {
  const { config, where, clock, random, log, caches, nodeAddresses, nodeNetworks, serviceRanges, recorder } = network
  let forgetLook = (): void => {}
  const part = startPodNetwork({
    host: createRouteHost(),
    clock,
    random,
    log: log.with({ part: 'pod-network' }),
    mode: config.podNetwork,
    nodeName: config.nodeName,
    nodeAddresses,
    nodeNetworks,
    names: { vxlan: names.vxlanDevice, bridge: names.bridge },
    serviceDevice,
    serviceRanges,
    // Over a bridge of somebody else's it is up to them.
    ...(config.podNetwork !== 'none' && { loopbackGuarded }),
    cniConfigFile: join(where.cniConfig, '10-wherry.conflist'),
    cniStateDirectory: where.cniState,
    onProblem({ reason, message }) {
      const regarding = caches.nodes.get(config.nodeName)
      if (regarding) recorder.record({ regarding, type: 'Warning', reason, message })
      if (reason === 'AddressMissing') lookLater()
    },
  })

  /** Only as long as it is missing. */
  function lookLater(): void {
    forgetLook()
    forgetLook = clock.schedule(clock.now() + addressPatienceMs, () => {
      if (missingAddresses(config).length === 0) return
      if (withPresentAddresses(config) === config) lookLater()
      else onMoved()
    })
  }

  return {
    async stop() {
      forgetLook()
      await part.stop()
    },
  }
}
