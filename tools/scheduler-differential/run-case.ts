import {
  type Answer,
  type Changes,
  type KubeJson,
  keyOf,
  namespaces,
  priorityClasses,
  type RecordedCase,
  type Step,
} from '#scheduler/testing/recorded-case.ts'
import { ApiError } from './api-client.ts'
import type { Case } from './case.ts'
import { collectionPath, hasOwnStatus, objectPath } from './kinds.ts'
import type { Reference } from './reference.ts'
import { listenTo, type SchedulerEvents } from './scheduler-events.ts'

/** Feeds cases to the original, one after another. */
export interface Runner {
  /** Objects that the server refuses are left out, so that a generator need not know every rule. */
  run(input: Case): Promise<RecordedCase>
  /** What the server said of those, and how often. */
  refusals(): ReadonlyMap<string, number>
  close(): void
}

/** `settleMs`: how long the scheduler gets to see what it says nothing of (claims, classes, services) before a pod comes. */
export async function createRunner({ api, onLine }: Reference, { settleMs }: { readonly settleMs: number }): Promise<Runner> {
  const events = listenTo(onLine)
  const refusals = new Map<string, number>()
  let turn = 0
  /** What the last case left; it is removed while the next one is made. */
  let leftover: KubeJson[] = []
  await Promise.all([...namespaces, ...priorityClasses].map((object) => api.call('POST', collectionPath(object.kind), object)))

  async function create(object: KubeJson): Promise<KubeJson> {
    const { deletionTimestamp, ...metadata } = object.metadata
    let made = await api.call<KubeJson>('POST', collectionPath(object.kind, metadata.namespace), { ...object, metadata })
    if (hasOwnStatus(object))
      made = await api.call<KubeJson>('PATCH', `${objectPath(object)}/status`, { status: object.status }, 'application/merge-patch+json')
    // A pod that is on its way out, and stays there, since no kubelet ends it.
    if (deletionTimestamp !== undefined) made = await api.call<KubeJson>('DELETE', `${objectPath(object)}?gracePeriodSeconds=600`)
    return { ...made, apiVersion: object.apiVersion, kind: object.kind }
  }

  /** Undefined where the server refuses it. */
  async function tryToCreate(object: KubeJson): Promise<KubeJson | undefined> {
    try {
      const made = await create(object)
      leftover.push(made)
      return made
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      const reason = error.message.replace(/-c\d+/g, '').replace(/\d+/g, '#')
      refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
      return undefined
    }
  }

  async function remove(objects: readonly KubeJson[]): Promise<void> {
    const collections = new Set(objects.map(({ kind, metadata }) => collectionPath(kind, metadata.namespace)))
    const held = objects.filter(({ kind }) => kind === 'ResourceClaim')
    await Promise.all(
      held.map((claim) =>
        // Those that the scheduler protects against removal; one that is gone needs none.
        api.call('PATCH', objectPath(claim), { metadata: { finalizers: null } }, 'application/merge-patch+json').catch(() => undefined),
      ),
    )
    await Promise.all([...collections].map((path) => api.call('DELETE', `${path}?gracePeriodSeconds=0`)))
    const nodes = objects.filter(({ kind }) => kind === 'Node')
    await events.until(() => nodes.every(({ metadata }) => events.isGone(metadata.name)), 10_000, 'the scheduler to see nodes go')
  }

  return {
    async run(input) {
      turn += 1
      const suffix = `-c${turn}`
      const { objects, pods } = withSuffix(input, suffix)
      await remove(leftover)
      leftover = []
      events.forget()
      const known = new Map<string, string>()
      const uids = new Map<string, string>()
      const tidy = <T>(value: T): T => tidied(value, suffix, uids)
      // Pods last: what they name is there by then.
      const [others, bound] = [objects.filter(({ kind }) => kind !== 'Pod'), objects.filter(({ kind }) => kind === 'Pod')]
      const made: KubeJson[] = []
      for (const each of [others, bound]) made.push(...(await Promise.all(each.map(tryToCreate))).filter((object) => object !== undefined))
      for (const object of made) known.set(keyOf(object), object.metadata.resourceVersion!)
      await events.until(
        () =>
          made.every(({ kind, metadata, spec }) =>
            kind === 'Node'
              ? events.hasNode(metadata.name)
              : kind !== 'Pod' || spec.nodeName === undefined || events.isPlaced(`${metadata.namespace}/${metadata.name}`),
          ) &&
          made.every(
            ({ kind, metadata, status }) =>
              kind !== 'Pod' || !hasEnded(status.phase) || events.isGone(`${metadata.namespace}/${metadata.name}`),
          ),
        10_000,
        'the scheduler to see nodes and pods',
      )
      await sleep(settleMs)
      const kinds = new Set(['Pod', ...watched.filter((kind) => made.some((object) => object.kind === kind))])
      if (pods.some(({ spec }) => spec.resourceClaims !== undefined) || made.some(({ kind }) => kind === 'DeviceClass'))
        kinds.add('ResourceClaim')
      const placed = new Map<string, string>()

      /** What the cluster has become since the last look. */
      async function changes(): Promise<Changes> {
        const lists = await Promise.all(
          [...kinds].map(async (kind) => {
            const { items, apiVersion } = await api.call<{ items: KubeJson[]; apiVersion: string }>('GET', collectionPath(kind))
            return items.map((item) => ({ ...item, apiVersion, kind }))
          }),
        )
        const now = new Map(lists.flat().map((object) => [keyOf(object), object]))
        const changed: KubeJson[] = []
        for (const [key, object] of now) {
          if (known.get(key) === object.metadata.resourceVersion) continue
          known.set(key, object.metadata.resourceVersion!)
          changed.push(assumedOn(object, placed.get(key)))
          if (object.kind === 'ResourceClaim' && !leftover.some((each) => keyOf(each) === key)) leftover.push(object)
        }
        const gone = [...known.keys()].filter((key) => kinds.has(key.slice(0, key.indexOf('/'))) && !now.has(key))
        for (const key of gone) known.delete(key)
        return { changed, gone }
      }

      const areTimed = made.some(({ kind, status }) => kind === 'Pod' && status?.startTime !== undefined)
      let begun = 0
      /** As a kubelet would say it: among pods that never began the choice of a victim is anybody's guess. */
      async function begin(pod: KubeJson): Promise<void> {
        begun += 1
        const startTime = `2026-01-02T00:00:0${begun}Z`
        await api.call('PATCH', `${objectPath(pod)}/status`, { status: { startTime, phase: 'Running' } }, 'application/merge-patch+json')
        await sleep(settleMs)
      }

      const steps: Step[] = []
      let before: Changes = { changed: [], gone: [] }
      const record = (pod: KubeJson, answer: Answer): void => {
        steps.push(tidy({ before: { changed: before.changed.map(bare), gone: before.gone }, pod: bare(pod), answer }))
      }
      for (const each of pods) {
        const name = `${each.metadata.namespace}/${each.metadata.name}`
        events.begin(name)
        const pod = await tryToCreate(each)
        if (pod === undefined) continue
        let answer = await outcome(events, name, pod, () => api.call('GET', objectPath(pod)))
        if (answer.node !== undefined) placed.set(keyOf(pod), answer.node)
        if (answer.node !== undefined && areTimed) await begin(pod)
        record(pod, answer)
        if (answer.node === undefined && answer.nominatedNode === undefined && !answer.isHeld) {
          await api.call('DELETE', `${objectPath(pod)}?gracePeriodSeconds=0`)
          await events.until(() => events.isGone(name), 10_000, `the scheduler to see ${name} go`)
        }
        before = await changes()
        if (answer.nominatedNode === undefined || !input.settles || answer.victims!.length === 0) continue
        // As it is tried the next time: with the promise of the node, and before it can have been bound to it.
        const again = await api.call<KubeJson>('GET', objectPath(pod))
        const victims = answer.victims!.map((victim) => victim.split('/') as [string, string])
        const keys = new Set(answer.victims!.map((victim) => `Pod/${victim}`))
        for (const key of keys) known.delete(key)
        before = { changed: before.changed.filter((object) => !keys.has(keyOf(object))), gone: [...new Set([...before.gone, ...keys])] }
        events.begin(name)
        await Promise.all(
          // One without a grace period is gone already.
          victims.map(([namespace, victim]) =>
            api.call('DELETE', `${collectionPath('Pod', namespace)}/${victim}?gracePeriodSeconds=0`).catch((error: unknown) => {
              if (!(error instanceof ApiError) || error.status !== 404) throw error
            }),
          ),
        )
        // Each victim that goes wakes the pod: only the try after the last one counts, unless there is none that succeeds.
        await events.within(() => events.of(name).boundTo !== undefined, 2_500)
        answer = await outcome(events, name, again, () => api.call('GET', objectPath(pod)))
        if (answer.node !== undefined) placed.set(keyOf(pod), answer.node)
        if (answer.node !== undefined && areTimed) await begin(pod)
        record({ ...again, apiVersion: 'v1', kind: 'Pod' }, answer)
        before = await changes()
      }
      return { seed: input.seed, area: input.area, objects: tidy(made.map(bare)), steps }
    },
    refusals: () => refusals,
    close: () => events.close(),
  }
}

const hasEnded = (phase: string): boolean => phase === 'Succeeded' || phase === 'Failed'

const watched = ['PersistentVolume', 'PersistentVolumeClaim', 'ResourceClaim']

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the scheduler is done with a pod. */
async function outcome(events: SchedulerEvents, name: string, pod: KubeJson, read: () => Promise<unknown>): Promise<Answer> {
  const usesClaims = (pod.spec.volumes ?? []).some((volume: object) => 'persistentVolumeClaim' in volume || 'ephemeral' in volume)
  const isTried = await events.within(() => events.of(name).isTried, 400)
  if (!isTried) return { isHeld: true }
  const seen = events.of(name)
  // A pod whose claims have yet to be bound waits for a controller that is not there: where it goes is known by then.
  const isDone = (): boolean => seen.boundTo !== undefined || seen.failure !== undefined || (usesClaims && seen.expects !== undefined)
  await events.until(isDone, 20_000, `the scheduler to decide on ${name}`)
  if (seen.failure === undefined && seen.boundTo === undefined) await events.within(() => seen.boundTo !== undefined, 150)
  const node = seen.boundTo ?? (seen.failure === undefined ? seen.expects : undefined)
  if (node !== undefined) {
    if (seen.boundTo !== undefined) await events.until(() => events.isPlaced(name), 5_000, `the scheduler to see ${name} placed`)
    const totals = Object.keys(seen.totals).length === 0 ? undefined : seen.totals
    return {
      node,
      feasible: totals === undefined ? [node] : Object.keys(totals).sort(),
      ...(totals !== undefined && { scores: seen.scores, totals }),
    }
  }
  // A binding that failed says nothing of the decision: something changed meanwhile, such as a claim that a pod gave back and took again.
  if (seen.failure!.message.startsWith('running PreBind plugin')) throw new Error(`${name}: ${seen.failure!.message.slice(0, 200)}`)
  if (seen.failure!.isError) return { error: seen.failure!.message }
  const failed: Answer = { feasible: [], message: seen.failure!.message }
  if (seen.target === undefined) return failed
  const { preemption } = seen
  // Where all victims are on their way out already, nothing is begun.
  if (await events.within(() => preemption.hasBegun, 100)) await events.until(() => preemption.hasEnded, 20_000, `${name} to have room`)
  for (let left = 30; left > 0; left -= 1) {
    const { status } = (await read()) as KubeJson
    if (status.nominatedNodeName === seen.target) break
    await sleep(10)
  }
  return { ...failed, nominatedNode: seen.target, victims: [...preemption.victims].sort() }
}

/** Each case has names of its own, so that nothing that the scheduler still holds of an earlier one is taken for this one's. */
const withSuffix = ({ objects, pods }: Case, suffix: string): Pick<Case, 'objects' | 'pods'> =>
  JSON.parse(
    JSON.stringify({ objects, pods }).replace(
      /"((?:deviceclass\.resource\.kubernetes\.io\/)?(?:n|p|b|pv|pvc|sc|rc|rs|sl|dc|va|cap|svc|pdb|pool)\d+)"/g,
      `"$1${suffix}"`,
    ),
  )

/** Takes suffixes back, and makes uids short. */
function tidied<T>(value: T, suffix: string, uids: Map<string, string>): T {
  const short = (uid: string): string => {
    const known = uids.get(uid) ?? `u${uids.size + 1}`
    uids.set(uid, known)
    return known
  }
  const text = JSON.stringify(value).replace(new RegExp(`${suffix}(?!\\d)`, 'g'), '')
  return JSON.parse(text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, short))
}

/** Without what says nothing to a scheduler. */
function bare(object: KubeJson): KubeJson {
  const { managedFields: _, resourceVersion: __, generation: ___, ...metadata } = object.metadata
  return { ...object, metadata: metadata as KubeJson['metadata'] }
}

/** A pod that is placed in the scheduler's mind, whether or not it was bound yet. */
function assumedOn(object: KubeJson, node: string | undefined): KubeJson {
  if (node === undefined) return object
  const { nominatedNodeName: _, ...status } = object.status ?? {}
  return { ...object, spec: { ...object.spec, nodeName: node }, status }
}
