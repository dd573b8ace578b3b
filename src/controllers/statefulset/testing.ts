import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type Controller, type Plan, settled } from '#loop/controller.ts'
import { withDefaults } from '#schema/defaults.ts'
import { hashLabel, templateData, templateHistory } from '../common/template-history.ts'
import { given, namespace, template } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { isRunningAndReady } from './rollout.ts'

export const key = `${namespace}/web`

export interface SetFacts {
  readonly replicas?: number
  readonly start?: number
  readonly image?: string
  readonly minReadySeconds?: number
  readonly policy?: 'OrderedReady' | 'Parallel'
  readonly strategy?: object
  readonly historyLimit?: number
  /** Names of the claim templates. */
  readonly claims?: readonly string[]
  readonly retention?: { readonly whenScaled?: 'Retain' | 'Delete'; readonly whenDeleted?: 'Retain' | 'Delete' }
}

export const spec = (facts: SetFacts = {}): object => ({
  replicas: facts.replicas ?? 3,
  serviceName: 'web',
  selector: { matchLabels: { app: 'web' } },
  template: template(facts.image ?? 'web:1'),
  updateStrategy: facts.strategy ?? { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  ...given('ordinals', facts.start === undefined ? undefined : { start: facts.start }),
  ...given('minReadySeconds', facts.minReadySeconds),
  ...given('podManagementPolicy', facts.policy),
  ...given('revisionHistoryLimit', facts.historyLimit),
  ...given(
    'volumeClaimTemplates',
    facts.claims?.map((name) => ({ metadata: { name, labels: { tier: 'fast' } }, spec: { accessModes: ['ReadWriteOnce'] } })),
  ),
  ...given('persistentVolumeClaimRetentionPolicy', facts.retention),
})

/** A world with the set `web`, of which nobody has made anything yet. */
export function worldWith(facts: SetFacts = {}): World {
  const world = new World()
  world.put(Namespace, { metadata: { name: namespace }, spec: {}, status: {} })
  const object = { metadata: { name: 'web', namespace, uid: 'set', generation: 1 }, spec: spec(facts), status: {} }
  world.put(StatefulSet, StatefulSet.rules.defaults!(withDefaults(StatefulSet, object as never) as StatefulSet))
  return world
}

/** The revision of an image, as the controller would make it. */
export function revisionOf(image: string, number: number): ControllerRevision {
  const set = worldWith({ image }).get(StatefulSet, 'web', namespace)!
  const { update } = templateHistory({ kind: StatefulSet, object: set, label: hashLabel }, templateData(set), [], () => undefined)
  return { ...update, metadata: { ...update.metadata, uid: `uid-${image}` }, revision: number }
}

/** Changes what the set wishes; what is not named is taken away. */
export function wish(world: World, facts: SetFacts): void {
  const { spec: next } = StatefulSet.rules.defaults!(withDefaults(StatefulSet, { spec: spec(facts) } as never) as StatefulSet)
  const { type, rollingUpdate = null } = next.updateStrategy
  const absent = { ordinals: null, minReadySeconds: null, volumeClaimTemplates: null }
  world.change(StatefulSet, 'web', namespace, { spec: { ...absent, ...next, updateStrategy: { type, rollingUpdate } } })
}

/** What a node does with pods, in short: binds, starts and ends them. `starts` keeps one from becoming ready. */
export const kubelet = (starts: (pod: Pod) => boolean = () => true): Controller<{ readonly pod: Pod; readonly now: number }> => ({
  name: 'kubelet',
  sources: [{ kind: Pod }],
  view: (key, cache, now) => {
    const [namespace = '', name = ''] = key.split('/')
    const pod = cache.get(Pod, name, namespace)
    return pod === undefined ? undefined : { pod, now }
  },
  plan: ({ pod, now }): Plan => {
    const { name, namespace, uid, deletionTimestamp } = pod.metadata
    const target = { kind: Pod, name, namespace, uid }
    if (deletionTimestamp !== undefined) return { commands: [{ do: 'delete', ...target, gracePeriodSeconds: 0 }], wakeAt: Infinity }
    if (!starts(pod) || isRunningAndReady(pod) || isPodTerminal(pod)) return settled
    return { commands: [{ do: 'patch', ...target, body: running(now) }], wakeAt: Infinity }
  },
})

export const running = (now: number) => ({
  spec: { nodeName: 'n' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(now) }] },
})

/** Removes claims whose owners are all gone, as the garbage collector does. */
export const collector: Controller<PersistentVolumeClaim & { readonly isGarbage: boolean }> = {
  name: 'collector',
  sources: [
    { kind: PersistentVolumeClaim },
    { kind: Pod, keys: (_pod, cache) => cache.list(PersistentVolumeClaim).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`) },
  ],
  view: (key, cache) => {
    const [namespace = '', name = ''] = key.split('/')
    const claim = cache.get(PersistentVolumeClaim, name, namespace)
    if (claim === undefined) return undefined
    const owners = claim.metadata.ownerReferences ?? []
    const isThere = (uid: string) =>
      cache.list(Pod).some(({ metadata }) => metadata.uid === uid) || cache.list(StatefulSet).some(({ metadata }) => metadata.uid === uid)
    return { ...claim, isGarbage: owners.length > 0 && owners.every(({ uid }) => !isThere(uid)) }
  },
  plan: ({ metadata: { name, namespace, uid }, isGarbage }): Plan =>
    isGarbage ? { commands: [{ do: 'delete', kind: PersistentVolumeClaim, name, namespace, uid }], wakeAt: Infinity } : settled,
}
