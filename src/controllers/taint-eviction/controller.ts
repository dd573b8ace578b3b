import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Taint } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { evictionMetrics } from '../common/eviction-metrics.ts'
import { byNodeName } from '../common/indexes.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createPending, type Pending } from '../common/pending.ts'
import { cancelled, evictionAt, planTaintEviction, type TaintEvictionView } from './plan.ts'

/** Evicts pods from nodes with NoExecute taints. */
export function taintEvictionController(): Controller<TaintEvictionView> {
  return controllerOver(createPending())
}

const controllerOver = (pending: Pending): Controller<TaintEvictionView> => ({
  name: 'taint-eviction-controller',
  sources: [
    { kind: Pod, keys: (pod: Pod, cache: Cache) => (taintsOn(pod.spec.nodeName, cache).length > 0 ? [keyOf(pod)] : []) },
    {
      kind: Node,
      keys: (node: Node, cache: Cache, previous: Node | undefined) =>
        previous !== undefined && same(noExecute(node), noExecute(previous))
          ? []
          : cache.indexed(Pod, byNodeName, node.metadata.name).map(keyOf),
    },
  ],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const pod = cache.get(Pod, name, namespace)
    if (pod === undefined) pending.forget(key)
    return pod && { now, pod, taints: taintsOn(pod.spec.nodeName, cache) }
  },
  plan: (view) => pending.plan(keyOf(view.pod), planTaintEviction(view), () => cancelled(view.pod)),
  metrics: counting.metrics,
  measured: (view, plan, outcome) => counting.measure(plan, outcome, evictionAt(view), view.now),
})

const counting = evictionMetrics('taint_eviction_controller')

const noExecute = ({ spec }: Node): readonly Taint[] => (spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')

function taintsOn(nodeName: string | undefined, cache: Cache): readonly Taint[] {
  const node = nodeName === undefined || nodeName === '' ? undefined : cache.get(Node, nodeName)
  return node === undefined ? [] : noExecute(node)
}
