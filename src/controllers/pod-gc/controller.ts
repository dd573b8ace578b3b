import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { byNodeName } from '../common/indexes.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { measurePodGc, podGcMetrics } from './metrics.ts'
import { type PodGcView, planPodGc } from './plan.ts'

/** Removes pods that no node will. `threshold`: how many ended pods may stay in the cluster; 0: all. */
export function podGcController(threshold: number): Controller<PodGcView> {
  const missed = new Map<string, Instant>()
  return controllerOver(threshold, missed)
}

/** `missed`: since when nodes are missed that pods are bound to. It forgets with the process: a new one waits once more. */
const controllerOver = (threshold: number, missed: Map<string, Instant>): Controller<PodGcView> => ({
  name: 'pod-garbage-collector',
  sources: [
    {
      kind: Pod,
      keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
        ...(placeOf(pod, cache) === 'present' ? [] : [keyOf(pod)]),
        ...(isPodTerminal(pod) && (previous === undefined || !isPodTerminal(previous)) ? [ended] : []),
      ],
    },
    {
      kind: Node,
      keys(node: Node, cache: Cache) {
        const { name } = node.metadata
        // One that came back is missed anew when it goes again.
        if (cache.get(Node, name) !== undefined) missed.delete(name)
        return cache
          .indexed(Pod, byNodeName, name)
          .filter((pod) => placeOf(pod, cache) !== 'present')
          .map(keyOf)
      },
    },
  ],
  view: (key, cache, now) => {
    if (key === ended) return { about: 'ended', now, pods: cache.list(Pod).filter(isPodTerminal), threshold }
    const { namespace, name } = splitKey(key)
    const pod = cache.get(Pod, name, namespace)
    if (pod === undefined) return undefined
    const node = placeOf(pod, cache)
    const nodeName = pod.spec.nodeName ?? ''
    if (node !== 'gone') return { about: 'pod', now, pod, node, missedSince: now }
    if (!missed.has(nodeName)) {
      for (const name of missed.keys()) if (cache.indexed(Pod, byNodeName, name).length === 0) missed.delete(name)
      missed.set(nodeName, now)
    }
    // From a clock that was set back since: it is waited for anew, and not until that time comes again.
    const missedSince = Math.min(missed.get(nodeName)!, now)
    missed.set(nodeName, missedSince)
    return { about: 'pod', now, pod, node, missedSince }
  },
  plan: planPodGc,
  metrics: podGcMetrics,
  measured: measurePodGc,
})

/** No pod's key: they have a slash. */
const ended = 'ended'

function placeOf(pod: Pod, cache: Cache): 'none' | 'present' | 'out of service' | 'gone' {
  if (!pod.spec.nodeName) return 'none'
  const node = cache.get(Node, pod.spec.nodeName)
  if (node === undefined) return 'gone'
  const isReady = conditionOf(node.status.conditions, 'Ready')?.status === 'True'
  const isOut = node.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false
  return isOut && !isReady ? 'out of service' : 'present'
}
