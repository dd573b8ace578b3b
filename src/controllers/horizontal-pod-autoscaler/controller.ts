import { defaultAutoscaler, HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { perKinds, type ServedKinds } from '#loop/served-kinds.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { type AutoscalerConfig, autoscalerDefaults } from './config.ts'
import { stanceOf } from './decide.ts'
import { type Answer, gatherMetrics } from './gather.ts'
import type { History } from './history.ts'
import { type AutoscalerPlan, autoscalerMetrics, measureAutoscaler } from './metrics.ts'
import type { MetricsReader } from './metrics-reader.ts'
import { type AutoscalerLook, afterScale, afterStatus, planAutoscaler } from './plan.ts'
import { type KindOf, type Problem, selects, type Target, targetOf } from './target.ts'

export type AutoscalerView = ({ readonly about: 'look' } & AutoscalerLook) | { readonly about: 'wait'; readonly until: Instant }

/** What was read for a look: of the autoscaler and the target as they were then. */
interface Gathered {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Target | Problem
  readonly answers: readonly Answer[]
}

/**
 * Sets the number of pods by metrics. `served`: kinds that may be scaled, or that a metric may be about. An autoscaler is looked at when it is
 * new or its spec is another one, and then every so often; where there is none, nobody asks for anything.
 */
export function horizontalPodAutoscalerController(
  served: ServedKinds,
  reader: MetricsReader,
  config: AutoscalerConfig = autoscalerDefaults,
): Controller<AutoscalerView, Gathered | undefined> {
  const kinds = perKinds(served, (all) => new Map(all.map((kind) => [`${kind.group}/${kind.kind}`, kind])))
  const kindOf: KindOf = (group, kind) => kinds().get(`${group}/${kind}`)
  const memories = new Map<string, Memory>()

  /** When the autoscaler is to be looked at next, if not now. */
  function waitsUntil(key: string, present: HorizontalPodAutoscaler, now: Instant): Instant | undefined {
    const memory = memories.get(key)
    const { metadata, spec } = defaultAutoscaler(present)
    if (memory?.uid !== metadata.uid || !same(memory.spec, spec)) return undefined
    // Farther off than any look it was put by a clock that has since been set back.
    return now < memory.nextAt && memory.nextAt <= now + config.syncMs ? memory.nextAt : undefined
  }

  function note({ autoscaler: { metadata, spec } }: AutoscalerLook, history: History | undefined, nextAt: Instant): void {
    memories.set(keyOf({ metadata }), { uid: metadata.uid, spec, nextAt, history })
  }

  return {
    name: 'horizontal-pod-autoscaler',
    sources: [{ kind: HorizontalPodAutoscaler }],
    async gather(key, cache, now, elapsedMs) {
      const { namespace, name } = splitKey(key)
      const present = cache.get(HorizontalPodAutoscaler, name, namespace)
      if (present === undefined || waitsUntil(key, present, now) !== undefined) return undefined
      const autoscaler = defaultAutoscaler(present)
      const target = targetOf(autoscaler.spec.scaleTargetRef, namespace, kindOf, cache)
      if ('problem' in target) return { autoscaler, target, answers: [] }
      const selector = target.scale.status.selector ?? ''
      const needsMetrics = selector !== '' && stanceOf({ autoscaler, config }, target.scale.spec.replicas ?? 0) === 'by metrics'
      return { autoscaler, target, answers: needsMetrics ? await gatherMetrics(autoscaler, selector, reader, kindOf, elapsedMs) : [] }
    },
    view(key, cache, now, gathered) {
      const { namespace, name } = splitKey(key)
      const present = cache.get(HorizontalPodAutoscaler, name, namespace)
      if (present === undefined) {
        memories.delete(key)
        return undefined
      }
      // One that came, or was changed, while something was read, is looked at again at once.
      if (gathered === undefined) return { about: 'wait', until: waitsUntil(key, present, now) ?? now }
      const { autoscaler, target } = gathered
      const memory = memories.get(key)
      const history = memory?.uid === autoscaler.metadata.uid ? memory.history : undefined
      if ('problem' in target) return { about: 'look', now, config, ...gathered, pods: [], rivals: [], history }
      const pods = cache.list(Pod, namespace).filter(selects(target.scale))
      return { about: 'look', now, config, ...gathered, pods, rivals: rivalsOf(autoscaler, pods, kindOf, cache), history }
    },
    plan(view): AutoscalerPlan {
      if (view.about === 'wait') return { commands: [], wakeAt: view.until }
      const nextAt = view.now + config.syncMs
      const { commands, history, scales, tally } = planAutoscaler(view)
      // A scale that was another one by then is tried again at once: only an answer ends such a look.
      note(view, history, scales ? view.now : nextAt)
      return { commands, wakeAt: nextAt, tally }
    },
    metrics: autoscalerMetrics,
    measured: (_view, { tally }: AutoscalerPlan, outcome) => (tally === undefined ? [] : measureAutoscaler(tally, outcome)),
    answered(view, command, answer) {
      if (view.about === 'wait' || command.do !== 'update') return []
      if (command.subresource !== 'scale') return afterStatus(view, answer)
      const { commands, history } = afterScale(view, answer)
      note(view, history, view.now + config.syncMs)
      return commands
    },
  }
}

/** What no object tells. Lost with the process: then the present number counts as what was advised. */
interface Memory {
  readonly uid: string
  readonly spec: HorizontalPodAutoscaler['spec']
  readonly nextAt: Instant
  readonly history: History | undefined
}

function rivalsOf({ metadata }: HorizontalPodAutoscaler, pods: readonly Pod[], kindOf: KindOf, cache: Cache): readonly string[] {
  if (pods.length === 0) return []
  const rivals = cache.list(HorizontalPodAutoscaler, metadata.namespace).filter((other) => {
    if (other.metadata.name === metadata.name) return false
    const target = targetOf(other.spec.scaleTargetRef, metadata.namespace, kindOf, cache)
    return !('problem' in target) && pods.some(selects(target.scale))
  })
  return rivals.map((other) => other.metadata.name)
}
