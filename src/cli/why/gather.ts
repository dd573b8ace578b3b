import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Event } from '#api/core/v1/event.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import { formatSelector, selectorOf, selectorOfLabels } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { listAll } from '#client/http.ts'
import { worldOfObjects } from '#scheduler/forecast/world-of-objects.ts'
import type { Profile } from '#scheduler/framework/profile.ts'
import { readScheduled } from '../read-scheduled.ts'
import { type NodeAnswers, nodeAnswers } from './node-answers.ts'
import type { Reader } from './reader.ts'
import { claimNames } from './reasons/claim.ts'
import { seenAt } from './reasons/events.ts'
import { badness } from './reasons/pod.ts'
import { conditionNamed, standingOf } from './reasons/standing.ts'
import { storyOf } from './story.ts'
import { builtInKinds } from './target.ts'
import { type Known, keyOf, type Ref, type View } from './view.ts'

/** Reads what an explanation needs: the object, what belongs to it, and link by link what led to it. */
export async function gather(
  reader: Reader,
  kind: AnyKind,
  name: string,
  namespace: string,
  { now, profiles = [], withScores = false }: Asked,
): Promise<View> {
  const target: Ref = { group: kind.group, resource: kind.plural, namespace: kind.scope === 'Namespaced' ? namespace : '', name }
  const object = await reader.object(kind, target)
  const around = await surroundings(reader, kind, target, object)
  const led = await past(reader, kind, target, object)
  const scored = withScores && (kind as AnyKind) === Pod ? object?.metadata.uid : undefined
  const answers = await answersOf(reader, around.pods, scored, profiles, now)
  return { now, target, ...around, ...led, answers, ...(scored !== undefined && { scored }), unread: reader.unread }
}

/** What is to be known beside the object. */
export interface Asked {
  readonly now: number
  /** How the cluster's schedulers decide; without them what nodes say is not worked out. */
  readonly profiles?: readonly Profile[]
  /** Of a pod, also what each node is worth to it. */
  readonly withScores?: boolean
}

// --- what nodes say to it ------------------------------------------------------------------------------------------------------------

/** The whole cluster is read only where a pod has no node, or scores are asked for. */
async function answersOf(
  { client, unread }: Reader,
  pods: readonly Pod[],
  scored: string | undefined,
  profiles: readonly Profile[],
  now: number,
): Promise<ReadonlyMap<string, NodeAnswers>> {
  const refused = pods.filter((pod) => !pod.spec.nodeName && podCondition(pod, 'PodScheduled')?.reason === 'Unschedulable')
  const asked = pods.filter(({ metadata }) => metadata.uid === scored).concat(refused.filter(({ metadata }) => metadata.uid !== scored))
  if (asked.length === 0 || profiles.length === 0) return new Map()
  const { objects, unread: lists, isUsable } = await readScheduled(client)
  for (const list of lists) if (!unread.includes(list)) unread.push(list)
  if (!isUsable) return new Map()
  const world = worldOfObjects(objects, now)
  return new Map(
    asked.slice(0, worstMax + 1).flatMap((pod) => {
      const answers = nodeAnswers(pod, profiles, world)
      return answers === undefined ? [] : [[pod.metadata.uid, answers] as const]
    }),
  )
}

// --- what led to it ------------------------------------------------------------------------------------------------------------------

/** The story itself says what would have to be read to tell more, until there is nothing more or enough has been read. */
async function past(
  reader: Reader,
  kind: AnyKind,
  target: Ref,
  object: KubeObject | undefined,
): Promise<Pick<View, 'known' | 'kinds' | 'hasJournal'>> {
  let kinds: readonly AnyKind[] = builtInKinds.includes(kind) ? builtInKinds : [...builtInKinds, kind]
  const own = await reader.writes(target)
  const known = new Map<string, Known>([[keyOf(target), { object, writes: own ?? [] }]])
  const view = () => ({ target, known, kinds, hasJournal: own !== undefined })
  let hasAsked = false
  while (known.size < objectsMax) {
    const { needs, unknownKinds } = storyOf(view())
    if (unknownKinds.length > 0 && !hasAsked) {
      hasAsked = true
      const more = await reader.optional('owners of other kinds', () => reader.discover(), [])
      kinds = [...kinds, ...more.filter((one) => kinds.every(({ group, plural }) => group !== one.group || plural !== one.plural))]
      continue
    }
    if (needs.length === 0) break
    for (const ref of needs) known.set(keyOf(ref), await read(ref))
  }
  return view()

  async function read(ref: Ref): Promise<Known> {
    const its = kinds.find(({ group, plural }) => group === ref.group && plural === ref.resource)
    const [there, writes] = await Promise.all([
      its === undefined ? undefined : reader.optional(`${ref.resource} ${ref.name}`, () => reader.object(its, ref), undefined),
      reader.writes(ref),
    ])
    return { object: there, writes: writes ?? [] }
  }
}

/** A longer way has a circle in it, or nobody reads it to its end. */
const objectsMax = 32

// --- what belongs to it ----------------------------------------------------------------------------------------------------------------

type Surroundings = Pick<View, 'pods' | 'children' | 'events' | 'nodes' | 'claims' | 'classes' | 'budgets'>

async function surroundings(
  { client, optional }: Reader,
  kind: AnyKind,
  target: Ref,
  object: KubeObject | undefined,
): Promise<Surroundings> {
  const { namespace } = target
  const children = object === undefined ? [] : await childrenOf()
  const pods = object === undefined ? [] : await podsOf()
  const worst = pods.toSorted((a, b) => badness(a) - badness(b)).slice(0, worstMax)
  const claims = await claimsOf()
  const nodes = await nodesOf()
  const [classes, budgets, events] = await Promise.all([
    claims.some(({ status }) => status.phase !== 'Bound')
      ? optional('storageclasses', async () => (await client.list(StorageClass)).items, [])
      : [],
    nodes.some(({ spec }) => spec.unschedulable === true)
      ? optional('poddisruptionbudgets', async () => (await client.list(PodDisruptionBudget, { namespace })).items, [])
      : [],
    optional('events', eventsOf, []),
  ])
  return { pods, children, claims, nodes, classes, budgets, events }

  /** What lies between a workload and its pods. */
  async function childrenOf(): Promise<readonly KubeObject[]> {
    const between = middle[`${target.group}/${target.resource}`]
    if (between === undefined) return []
    const selector = labelsOf(object!)
    const all = await optional(
      between.plural,
      async () =>
        (await listAll(client, between, { namespace, ...(selector !== undefined && { labelSelector: selector }) }))
          .items as readonly KubeObject[],
      [],
    )
    const own = all
      .filter((child) => isControlledBy(child, object!))
      .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    // What became of an earlier run is over; the latest says how it stands.
    return between === Job ? own.filter((child, index) => index === own.length - 1 || !isOver(child)) : own
  }

  async function podsOf(): Promise<readonly Pod[]> {
    if ((kind as AnyKind) === Pod) return [object as Pod]
    if (standingOf(target, object!) === undefined) return []
    const owners = [object!, ...children]
    const selector = labelsOf(object!)
    const all = await optional(
      'pods',
      async () => (await listAll(client, Pod, { namespace, ...(selector !== undefined && { labelSelector: selector }) })).items,
      [],
    )
    return all.filter((pod) => owners.some((owner) => isControlledBy(pod, owner)))
  }

  async function claimsOf(): Promise<readonly PersistentVolumeClaim[]> {
    if ((kind as AnyKind) === PersistentVolumeClaim) return object === undefined ? [] : [object as PersistentVolumeClaim]
    if (worst.every((pod) => claimNames(pod).length === 0)) return []
    const wanted = new Set(pods.flatMap(claimNames))
    const all = await optional(
      'persistentvolumeclaims',
      async () => (await listAll(client, PersistentVolumeClaim, { namespace })).items,
      [],
    )
    return all.filter(({ metadata }) => wanted.has(metadata.name))
  }

  async function nodesOf(): Promise<readonly Node[]> {
    if ((kind as AnyKind) === Node) return object === undefined ? [] : [object as Node]
    if (pods.every(({ spec }) => !spec.nodeName)) return []
    return optional('nodes', async () => (await listAll(client, Node)).items, [])
  }

  async function eventsOf(): Promise<readonly Event[]> {
    const about = (name: string, kindName: string) => ({ fieldSelector: `involvedObject.name=${name},involvedObject.kind=${kindName}` })
    const isThere = object !== undefined
    // Of what is not there, only who could not make it may tell.
    const questions = isThere
      ? [
          about(target.name, kind.kind),
          ...children.slice(-worstMax).map((child) => about(child.metadata.name, child.kind)),
          ...worst
            .filter(({ metadata }) => (kind as AnyKind) !== Pod || metadata.name !== target.name)
            .map(({ metadata }) => about(metadata.name, 'Pod')),
          ...claims
            .filter(({ status }) => status.phase !== 'Bound')
            .slice(0, worstMax)
            .map(({ metadata }) => about(metadata.name, 'PersistentVolumeClaim')),
        ]
      : [{ fieldSelector: 'reason=FailedCreate' }]
    // Events about what is in no namespace lie in this one.
    const where = namespace === '' ? 'default' : namespace
    const lists = await Promise.all(questions.map((question) => client.list(Event, { namespace: where, limit: eventsMax, ...question })))
    const found = new Map(lists.flatMap(({ items }) => items).map((event) => [event.metadata.uid, event]))
    return [...found.values()].toSorted((a, b) => seenAt(a) - seenAt(b))
  }
}

const isOver = (job: KubeObject): boolean => ['Complete', 'Failed'].some((type) => conditionNamed(job, type)?.status === 'True')

/** So many pods are looked at closely. */
const worstMax = 4
const eventsMax = 200

const middle: Readonly<Record<string, AnyKind>> = { 'apps/deployments': ReplicaSet, 'batch/cronjobs': Job }

/** What the pods of a workload have in common; undefined where it does not say. */
function labelsOf(object: KubeObject): string | undefined {
  const { selector } = (object as { readonly spec?: { readonly selector?: LabelSelector & Readonly<Record<string, string>> } }).spec ?? {}
  if (selector === undefined) return undefined
  const isPlain = selector.matchLabels === undefined && selector.matchExpressions === undefined
  return formatSelector(isPlain ? selectorOfLabels(selector as Readonly<Record<string, string>>) : selectorOf(selector))
}
