import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import type { AnyPlugin, Cycle, NodeRefusal, Refusal } from './plugin.ts'
import { pluginError } from './plugin-error.ts'

/**
 * "What if" on one node: pods are taken away or put there on a copy, every plug-in's state follows, and the filters are asked again. The
 * world itself stays as it is. `end` gives the copy's row back.
 */
export interface Trial {
  readonly node: NodeInfo
  take(pod: PodInfo): void
  put(pod: PodInfo): void
  /** The first refusal, also with the pods that were promised the node before; undefined: it fits. */
  refusal(): NodeRefusal | undefined
  end(): void
}

/** A trial for the cycle's pod on this node. */
export function createTrial({ pod, world, filters }: Cycle, original: NodeInfo): Trial {
  const node = world.nodes.copy(original)
  const own = filters.map(({ plugin, state }) => ({ plugin, state: plugin.copy === undefined ? state : plugin.copy(state) }))
  const promised = promisedBefore(pod, node, world)
  const follow = (other: PodInfo, sign: 1 | -1): void => {
    for (const { plugin, state } of own) plugin.change?.(state, pod, other, node, sign)
  }
  const take = (other: PodInfo): void => {
    world.nodes.subtract(node, other)
    follow(other, -1)
  }
  const put = (other: PodInfo): void => {
    world.nodes.add(node, other)
    follow(other, 1)
  }
  return {
    node,
    take,
    put,
    refusal() {
      if (promised.length > 0) {
        for (const other of promised) put(other)
        const refusal = firstRefusal({ pod, world, filters: own }, node)
        for (const other of promised) take(other)
        if (refusal !== undefined) return refusal
      }
      return firstRefusal({ pod, world, filters: own }, node)
    },
    end: () => world.nodes.release(node),
  }
}

/** Pods of equal or higher priority that were promised this node. */
function promisedBefore(pod: PodInfo, { name }: NodeInfo, world: World): readonly PodInfo[] {
  const promised = world.nominatedTo(name)
  if (promised.size === 0) return []
  return [...promised.values()].filter(
    (other) => other.shape.priority >= pod.shape.priority && other.pod.metadata.uid !== pod.pod.metadata.uid,
  )
}

/** The first plug-in that refuses the node speaks for all. */
export function firstRefusal({ pod, world, filters }: Pick<Cycle, 'pod' | 'world' | 'filters'>, node: NodeInfo): NodeRefusal | undefined {
  let asked: AnyPlugin | undefined
  try {
    for (const { plugin, state } of filters) {
      asked = plugin
      const refusal = asked.filter!(pod, node, state, world)
      if (refusal !== undefined) return spokenBy(plugin, refusal)
    }
  } catch (error) {
    throw pluginError(`running "${asked?.name}" filter plugin`, error)
  }
  return undefined
}

/** Most refusals are the same object each time: who speaks them is noted once. */
const noted = new WeakMap<Refusal, NodeRefusal>()

function spokenBy({ name }: AnyPlugin, refusal: Refusal): NodeRefusal {
  let spoken = noted.get(refusal)
  if (spoken?.plugin !== name) noted.set(refusal, (spoken = { ...refusal, plugin: name }))
  return spoken
}

/**
 * As the reference asks: with the pods of equal or higher priority that were promised this node, where there are such, and then without
 * them, since they may not come.
 */
export function refusalOf(cycle: Cycle, node: NodeInfo): NodeRefusal | undefined {
  if (promisedBefore(cycle.pod, node, cycle.world).length === 0) return firstRefusal(cycle, node)
  const trial = createTrial(cycle, node)
  try {
    return trial.refusal()
  } finally {
    trial.end()
  }
}
