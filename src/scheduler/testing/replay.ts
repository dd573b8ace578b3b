import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { decodeObject } from '#client/decode-object.ts'
import type { Random } from '#lib/random.ts'
import { createDecider } from '../framework/decide.ts'
import { explain } from '../framework/explain.ts'
import { fitError } from '../framework/fit-error.ts'
import type { Profile } from '../framework/profile.ts'
import type { PodInfo } from '../world/pod-info.ts'
import { createWorld, type World } from '../world/world.ts'
import { type Answer, type Changes, type KubeJson, keyOf, namespaces, type RecordedCase } from './recorded-case.ts'

/**
 * Our answers to a recorded case, step by step. The world is changed between steps as it was when the case was recorded, so that each step
 * stands for itself; it is one world, so that whatever is kept between decisions is put to the test, too.
 */
export function replay(recorded: RecordedCase, profiles: ReadonlyMap<string, Profile>, random: Random): readonly Answer[] {
  const objects = createObjects()
  const world = createWorld((kind) => objects.sourceOf(kind))
  const deciders = new Map([...profiles].map(([name, profile]) => [name, { profile, decider: createDecider(profile, world, random) }]))
  const apply = ({ changed, gone }: Changes): void => {
    for (const key of gone) {
      const object = objects.remove(key)
      if (object?.kind === 'Pod') world.removePod(object.metadata.uid)
      if (object?.kind === 'Node') world.removeNode(object.metadata.name)
    }
    for (const json of changed) show(objects.set(json), world)
  }
  const last = ['Node', 'Pod']
  const initial = [...namespaces, ...recorded.objects].toSorted((a, b) => last.indexOf(a.kind) - last.indexOf(b.kind))
  apply({ changed: initial, gone: [] })
  return recorded.steps.map((step) => {
    apply(step.before)
    const pod = objects.set(step.pod) as Pod
    const { profile, decider } = deciders.get(pod.spec.schedulerName ?? '')!
    const answer = answerTo(world.podInfo(pod), profile, world, decider)
    objects.remove(keyOf(step.pod))
    return answer
  })
}

function show(object: KubeObject, world: World): void {
  if (object.kind === 'Node') world.setNode(object as Node)
  if (object.kind !== 'Pod') return
  const pod = object as Pod
  world.setPod(pod)
  if (!pod.spec.nodeName) world.nominate(world.podInfo(pod), pod.status.nominatedNodeName ?? '')
}

function answerTo(pod: PodInfo, profile: Profile, world: World, decider: ReturnType<typeof createDecider>): Answer {
  if (profile.preEnqueue.some((plugin) => plugin.preEnqueue!(pod.pod, world) !== undefined)) return { isHeld: true }
  try {
    const decision = decider.decide(pod)
    if (decision.node !== undefined) return { node: decision.node.name, ...rankingOf(pod, profile, world) }
    const { misfit, cycle } = decision
    const messages: string[] = []
    for (const { postFilter } of profile.postFilter) {
      const plan = postFilter!(pod, { refusals: misfit.refusals, others: misfit.others, cycle }, world)
      if (plan.nominatedNode) {
        const victims = (plan.victims ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()
        return { feasible: [], message: fitError(misfit), nominatedNode: plan.nominatedNode, victims }
      }
      if (plan.ends) messages.length = 0
      if (plan.message !== '') messages.push(plan.message)
      if (plan.ends) break
    }
    return { feasible: [], message: fitError(misfit, messages.join(', ')) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function rankingOf(pod: PodInfo, profile: Profile, world: World): Pick<Answer, 'feasible' | 'scores' | 'totals'> {
  const explanation = explain(pod, profile, world)
  const feasible = [...explanation.scores.keys()].sort()
  if (feasible.length < 2) return { feasible }
  const scores: Record<string, Record<string, number>> = {}
  for (const { plugin, weight } of profile.score)
    scores[plugin.name] = Object.fromEntries(
      [...explanation.scores].map(([node, { byPlugin }]) => [node, byPlugin.get(plugin.name)! * weight]),
    )
  return { feasible, scores, totals: Object.fromEntries([...explanation.scores].map(([node, { total }]) => [node, total])) }
}

type Change = (object: KubeObject, previous: KubeObject | undefined, change: 'added' | 'modified' | 'deleted') => void

/** Objects of all kinds, that tell of their changes. */
function createObjects() {
  const byKey = new Map<string, KubeObject>()
  const listeners = new Map<string, Set<Change>>()
  let version = 1
  const tell: (...change: Parameters<Change>) => void = (object, previous, change) => {
    for (const listener of listeners.get(object.kind) ?? []) listener(object, previous, change)
  }
  return {
    set(json: KubeJson): KubeObject {
      const kind = kinds.find(
        (each) => each.kind === json.kind && json.apiVersion === (each.group === '' ? each.version : `${each.group}/${each.version}`),
      )
      if (kind === undefined) throw new Error(`there is no kind ${json.apiVersion} ${json.kind}`)
      version += 1
      const uid = json.metadata.uid ?? keyOf(json)
      const object = decodeObject(kind, {
        ...structuredClone(json),
        metadata: { ...structuredClone(json.metadata), uid, resourceVersion: `${version}` },
      }) as KubeObject
      const previous = byKey.get(keyOf(json))
      byKey.set(keyOf(json), object)
      tell(object, previous, previous === undefined ? 'added' : 'modified')
      return object
    },
    remove(key: string): KubeObject | undefined {
      const object = byKey.get(key)
      if (object === undefined) return undefined
      byKey.delete(key)
      tell(object, object, 'deleted')
      return object
    },
    sourceOf(kind: AnyKind): never {
      const prefix = `${kind.kind}/`
      const list = (namespace?: string): KubeObject[] =>
        [...byKey.values()].filter(
          (object) => object.kind === kind.kind && (namespace === undefined || object.metadata.namespace === namespace),
        )
      return {
        list,
        get: (name: string, namespace?: string) => byKey.get(`${prefix}${namespace ?? ''}/${name}`),
        onChange(listener: Change) {
          const all = listeners.get(kind.kind) ?? new Set()
          listeners.set(kind.kind, all.add(listener))
          for (const object of list()) listener(object, undefined, 'added')
          return () => all.delete(listener)
        },
      } as never
    },
  }
}
