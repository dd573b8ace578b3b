import { hasSharedHostNetwork } from './containers.ts'
import type { PodView } from './view.ts'

/** A sandbox serves when it is the only ready one and, unless the pod uses the node's network, has an address. */
export function usableSandbox({ pod, sandboxes }: Pick<PodView, 'pod' | 'sandboxes'>): string | undefined {
  const [newest] = sandboxes
  if (newest === undefined || !newest.ready || sandboxes.filter(({ ready }) => ready).length > 1) return undefined
  return hasSharedHostNetwork(pod) || newest.ips.length > 0 ? newest.id : undefined
}
