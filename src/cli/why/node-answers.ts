import type { Pod } from '#api/core/v1/pod.ts'
import { describeRefusal } from '#scheduler/forecast/describe-refusal.ts'
import { explain } from '#scheduler/framework/explain.ts'
import type { Profile } from '#scheduler/framework/profile.ts'
import type { World } from '#scheduler/world/world.ts'

/** What each node answers to a pod, as the scheduler's own rules say it now. */
export interface NodeAnswers {
  readonly refusals: readonly NodeRefusal[]
  /** Of the nodes that could take it, the best first. */
  readonly scores: readonly NodeScore[]
}

export interface NodeRefusal {
  readonly node: string
  readonly plugin: string
  /** With numbers where there are any, else in the scheduler's words. */
  readonly message: string
}

/** What a node is worth to a pod: the sum, and by plug-in with its weight. */
export interface NodeScore {
  readonly node: string
  readonly total: number
  readonly byPlugin: Readonly<Record<string, number>>
}

/** A pod that has its node is looked at as if it looked for one. Undefined where nobody here knows its scheduler. */
export function nodeAnswers(pod: Pod, profiles: readonly Profile[], world: World): NodeAnswers | undefined {
  const profile = profiles.find(({ schedulerName }) => schedulerName === (pod.spec.schedulerName || 'default-scheduler'))
  if (profile === undefined) return undefined
  const { nodeName: _here, ...spec } = pod.spec
  world.removePod(pod.metadata.uid)
  const { refusals, scores } = explain(world.podInfo({ ...pod, spec } as Pod), profile, world, describeRefusal)
  if (pod.spec.nodeName) world.setPod(pod)
  return {
    refusals: [...refusals]
      .map(([node, { plugin, reasons, detail }]) => ({ node, plugin, message: detail ?? reasons.join(', ') }))
      .sort((a, b) => (a.node < b.node ? -1 : 1)),
    scores: [...scores]
      .map(([node, { total, byPlugin }]) => ({
        node,
        total,
        byPlugin: Object.fromEntries(profile.score.map(({ plugin, weight }) => [plugin.name, byPlugin.get(plugin.name)! * weight])),
      }))
      .sort((a, b) => b.total - a.total || (a.node < b.node ? -1 : 1)),
  }
}
