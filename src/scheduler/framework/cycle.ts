import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import type { AnyPlugin, Cycle, NodeRefusal, PreFilter } from './plugin.ts'
import { pluginError } from './plugin-error.ts'
import type { Profile } from './profile.ts'

/** A pod's way through the profile, begun. */
export interface Begun {
  readonly cycle: Cycle
  /** Only these nodes can do; undefined: all can. */
  readonly nodes: ReadonlySet<string> | undefined
  /** Who left them: they are told as the reason why no other node is looked at. */
  readonly restrictedBy: readonly string[]
  /** Every node is refused; it may still help to take pods away. */
  readonly refusal: NodeRefusal | undefined
}

/** Asks every plug-in before it looks at nodes. One that refuses for good ends it: `cycle` is undefined. */
export function beginCycle(
  pod: PodInfo,
  profile: Profile,
  world: World,
): Begun | { readonly cycle?: undefined; readonly refusal: NodeRefusal; readonly restrictedBy: readonly string[] } {
  const states = new Map<string, unknown>()
  const skipped = new Set<AnyPlugin>()
  const restrictedBy: string[] = []
  let nodes: ReadonlySet<string> | undefined
  let refusal: NodeRefusal | undefined
  for (const plugin of profile.preFilter) {
    const result = ask(plugin, pod, world)
    if ('refusal' in result) {
      const own = { ...result.refusal, plugin: plugin.name }
      if (own.unresolvable || own.pending) return { refusal: own, restrictedBy }
      refusal = own
      continue
    }
    states.set(plugin.name, result.state)
    if (result.skip) {
      skipped.add(plugin)
      continue
    }
    if (result.nodes !== undefined) {
      restrictedBy.push(plugin.name)
      nodes = nodes === undefined ? result.nodes : nodes.intersection(result.nodes)
      if (nodes.size === 0) return { refusal: restriction(restrictedBy), restrictedBy }
    }
  }
  const filters = profile.filter.filter((plugin) => !skipped.has(plugin)).map((plugin) => ({ plugin, state: states.get(plugin.name) }))
  return { cycle: { pod, world, filters, states }, nodes, restrictedBy, refusal }
}

function ask(plugin: AnyPlugin, pod: PodInfo, world: World): PreFilter<unknown> {
  try {
    return plugin.preFilter!(pod, world)
  } catch (error) {
    throw pluginError(`running PreFilter plugin "${plugin.name}"`, error)
  }
}

/** The reference's words (framework runtime, RunPreFilterPlugins). */
function restriction(names: readonly string[]): NodeRefusal {
  const sorted = names.toSorted()
  const reason =
    sorted.length === 1
      ? `node(s) didn't satisfy plugin ${sorted[0]}`
      : `node(s) didn't satisfy plugin(s) [${sorted.join(' ')}] simultaneously`
  return { plugin: '', reasons: [reason], unresolvable: true }
}
