import type { SandboxStatus } from '../runtime.ts'
import { hasSharedHostNetwork } from './containers.ts'
import type { PodContext } from './pod-context.ts'
import type { PodState } from './pod-state.ts'

type Parts = Pick<PodContext, 'podNetwork'>

/** Waits until the rules for a sandbox's addresses are in force, once for each sandbox. Throws what is missing. */
export async function networkReady({ podNetwork }: Parts, state: PodState, { id, ips }: SandboxStatus): Promise<void> {
  if (podNetwork === undefined || hasSharedHostNetwork(state.pod) || state.networked.has(id)) return
  await podNetwork.podReady(state.pod, ips)
  state.networked.add(id)
}

/**
 * A former kubelet started something in the sandbox, so the rules are in force: containers restart in it without waiting. The network is told of
 * the addresses all the same, which it knows from the API only as long as that has the pod.
 */
export function adoptNetwork({ podNetwork, log }: Parts & Pick<PodContext, 'log'>, state: PodState): void {
  if (podNetwork === undefined || hasSharedHostNetwork(state.pod)) return
  const used = new Set([...state.containers.values()].flatMap((one) => (one.state === 'created' ? [] : [one.sandboxId])))
  for (const { id, ready, ips } of state.sandboxes.values()) {
    if (!ready || ips.length === 0 || !used.has(id) || state.networked.has(id)) continue
    state.networked.add(id)
    podNetwork.podReady(state.pod, ips).catch((error: unknown) => log.debug('the network does not know a running pod yet', { error }))
  }
}
