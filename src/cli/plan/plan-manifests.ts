import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { LimitRange } from '#api/core/v1/limit-range.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { createClient } from '#client/http.ts'
import { type Manifest, type ManifestObject, type ManifestText, readManifests, titleOf } from '#client/manifests.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { forecast } from '#scheduler/forecast/forecast.ts'
import { worldOfObjects } from '#scheduler/forecast/world-of-objects.ts'
import { neededKinds } from '#scheduler/needed-kinds.ts'
import { readScheduled } from '../read-scheduled.ts'
import type { Schedulers } from '../scheduler-profiles.ts'
import { createAdmission } from './admit.ts'
import { createObjects } from './objects.ts'
import { hashLabel, hashOf, presentPods } from './present-pods.ts'
import { quotaOverruns } from './quota-overruns.ts'
import { isFine, type PlanReport, plannedWorkload } from './report.ts'
import { defaultClass, makeThingsOf, withOwnClaims, withoutMadeBefore } from './things-of-pods.ts'
import { affinityTo, wantedPods, workloadKinds } from './wanted-pods.ts'

/** What is to be planned, and by whose rules. */
export interface PlanRequest extends Schedulers {
  readonly manifests: readonly ManifestText[]
  /** Of objects that name none. */
  readonly namespace: string
  readonly now: number
}

/** Of a pod's surroundings that the scheduler itself does not look at. */
const moreKinds: readonly AnyKind[] = [PriorityClass, LimitRange, ResourceQuota, ServiceAccount, ResourceClaimTemplate]

/** Where the pods of the manifests would land, decided on lists that are read once. Only reads, and asks the server for dry runs. */
export async function planManifests(transport: Transport, request: PlanRequest): Promise<PlanReport> {
  const { manifests, problems: unreadable } = readManifests(request.manifests)
  const client = createClient(transport, { userAgent: 'wherry' })
  const { objects, unread, isUsable } = await readScheduled(client, moreKinds)
  if (!isUsable) throw new WherryError('Forbidden', `nothing can be planned without the lists of nodes and pods: ${unread.join('; ')}`)
  const isThere = (namespace: string): boolean =>
    cluster.get(Namespace, namespace) !== undefined || unread.some((list) => list.startsWith('namespaces '))
  const cluster = createObjects(objects)
  const planned = createObjects()
  const all = createObjects(objects)
  const admission = createAdmission(client, cluster, planned)
  const problems = [...unreadable]
  const notes = unread.map((list) => `not taken into account: ${list}`)
  const isOurs = (kind: AnyKind): boolean => kind === (Pod as AnyKind) || workloadKinds.includes(kind)

  const strange: string[] = []
  const known = manifests.flatMap((manifest) => {
    const kind = (kinds as readonly AnyKind[]).find(
      (one) => one.kind === manifest.object.kind && apiVersionOf(one) === manifest.object.apiVersion,
    )
    if (kind === undefined) strange.push(titleOf(manifest.object))
    return kind === undefined ? [] : [{ kind, where: `${manifest.where} (${titleOf(manifest.object)})`, body: placed(manifest, kind) }]
  })
  // Other objects first, in whatever order they stand: pods rest on them.
  for (const { kind, where, body } of known) {
    if (isOurs(kind) || ![...neededKinds, ...moreKinds].includes(kind)) continue
    await tried(where, () => {
      const object = admission.complete(kind, body)
      planned.set(kind, object)
      all.set(kind, keepingState(object, cluster.get(kind, object.metadata.name, object.metadata.namespace)))
    })
  }
  if (strange.length > 0) notes.push(`not looked at, since nothing tells here which pods they lead to: ${strange.join(', ')}`)
  // What controllers would say of them at once.
  for (const volume of planned.list(PersistentVolume))
    if (cluster.get(PersistentVolume, volume.metadata.name) === undefined)
      all.set(PersistentVolume, { ...volume, status: { ...volume.status, phase: 'Available' } } as PersistentVolume)
  for (const claim of planned.list(PersistentVolumeClaim)) {
    const { name, namespace } = claim.metadata
    const spec = { ...claim.spec, storageClassName: claim.spec.storageClassName ?? defaultClass(all) }
    if (cluster.get(PersistentVolumeClaim, name, namespace) === undefined)
      all.set(PersistentVolumeClaim, { ...claim, spec } as PersistentVolumeClaim)
  }
  let uids = 0
  const nextUid = (): string => `planned/pods/${(uids += 1)}`
  const workloads: Workload[] = []
  for (const { kind, where, body } of known) if (isOurs(kind)) await tried(where, async () => workloads.push(await workloadOf(kind, body)))

  const pods = workloads.flatMap((workload) => workload.pods)
  const world = worldOfObjects(all.asLists(), request.now)
  const results = new Map(
    forecast(pods, request.profiles, world, seededRandom(1)).map((result) => [result.pod.metadata.uid, result] as const),
  )
  const created = workloads.flatMap(({ fresh }) => fresh)
  const waiting = cluster.list(Pod).filter((pod) => isWaiting(pod) && !results.has(pod.metadata.uid)).length
  if (waiting > 0) notes.push(`${waiting} other ${waiting === 1 ? 'pod waits' : 'pods wait'} for a node already, and may take room first`)
  if (request.haveExtenders) notes.push("the scheduler's extenders are not asked")
  const report = {
    workloads: workloads.map((workload) =>
      plannedWorkload(
        workload,
        workload.pods.map(({ metadata }) => results.get(metadata.uid)!),
      ),
    ),
    overruns: quotaOverruns(created, all.list(ResourceQuota)),
    problems,
    notes,
  }
  return { ok: isFine(report), ...report }

  function placed({ object }: Manifest, { scope }: AnyKind): ManifestObject {
    if (scope !== 'Namespaced') return object
    return { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace || request.namespace } }
  }

  async function tried(where: string, work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof WherryError) || error.code === 'ServiceUnavailable') throw error
      problems.push({ where, problem: error.message })
    }
  }

  async function workloadOf(kind: AnyKind, body: ManifestObject): Promise<Workload> {
    const { name, namespace = '' } = body.metadata
    if (!isThere(namespace) && planned.get(Namespace, namespace) === undefined)
      throw new WherryError('NotFound', `there is no namespace "${namespace}", in the cluster or in the manifests`)
    const isNew = name === undefined || !isThere(namespace)
    const existing = isNew ? undefined : await client.get(kind, name, namespace).catch(absent)
    const present = existing as KubeObject | undefined
    const base = { kind: kind.kind, namespace, name: name ?? `${body.metadata.generateName}…` }
    if (kind === (Pod as AnyKind)) {
      const pod = present as Pod | undefined
      if (pod?.spec.nodeName) return { ...base, present: 1, pods: [], fresh: [], notes: [`it runs on ${pod.spec.nodeName} already`] }
      const admitted = pod ?? asNew((await admission.admit(Pod, body)) as Pod, base.name, nextUid())
      return complete(base, undefined, [], pod === undefined ? [admitted] : [], pod === undefined ? [] : [pod], [])
    }
    const object = await admission.admit(kind, body, present)
    return podsOf(base, kind, object, present)
  }

  /** The pods that a workload's controller would make beside those that are there. */
  async function podsOf(base: Base, kind: AnyKind, object: KubeObject, present: KubeObject | undefined): Promise<Workload> {
    const wanted = wantedPods(object, cluster.list(Node))
    const notes = wanted.note === undefined ? [] : [wanted.note]
    const { owner, own, isSame } = presentPods(kind, object, present, cluster)
    all.set(kind.kind === 'Deployment' ? ReplicaSet : kind, owner)
    if (!isSame && own.length > 0) {
      for (const pod of own) all.remove(Pod, pod)
      notes.push(`its ${own.length} present pods are of another template: they are taken to be gone`)
    }
    const kept = isSame ? own : []
    const taken = new Set(kept.map((pod) => (object.kind === 'DaemonSet' ? `${base.name}-${nodeOf(pod)}` : pod.metadata.name)))
    const missing = wanted.pods.filter(({ name }) => !taken.has(name))
    const isNamed = object.kind === 'DaemonSet' || object.kind === 'StatefulSet'
    const count = isNamed ? missing.length : Math.max(0, wanted.pods.length - kept.length)
    const fresh = count === 0 ? [] : await made(missing.slice(0, count))
    return complete(
      base,
      object,
      kept.filter(({ spec }) => spec.nodeName),
      fresh,
      kept.filter(isWaiting),
      notes,
    )

    /** One is shown to the server; the others differ in their names, and in the node that they are for. */
    async function made(names: readonly { readonly name: string; readonly nodeName?: string }[]): Promise<readonly Pod[]> {
      const { metadata, spec } = wanted.template
      const isReplicated = kind.kind === 'Deployment'
      const body = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...metadata,
          generateName: `${base.name}-`,
          namespace: base.namespace,
          labels: { ...metadata?.labels, ...(isReplicated && { [hashLabel]: hashOf(owner) }) },
          ownerReferences: [ownerReference(isReplicated ? ReplicaSet : kind, owner)],
        },
        spec: structuredClone(spec),
      }
      const admitted = (await admission.admit(Pod, body as unknown as ManifestObject)) as Pod
      return names.map(({ name, nodeName }) => {
        const pod = asNew(admitted, name, nextUid())
        const own = object.kind === 'StatefulSet' ? withOwnClaims(pod, object as StatefulSet) : pod
        return nodeName === undefined ? own : { ...own, spec: { ...own.spec, affinity: affinityTo(nodeName, own.spec.affinity) } }
      })
    }
  }

  function complete(
    base: Base,
    owner: KubeObject | undefined,
    there: readonly Pod[],
    fresh: readonly Pod[],
    waiting: readonly Pod[],
    notes: readonly string[],
  ): Workload {
    const before = new Set<string>()
    const ready = fresh.map((one) => {
      const { pod, claims } = withoutMadeBefore(makeThingsOf(one, owner, all), all)
      for (const claim of claims) before.add(claim)
      return pod
    })
    const made =
      before.size === 0 ? [] : [`${[...before].join(', ')}: volumes are made first (Immediate), and may bind their pods to other nodes`]
    return { ...base, present: there.length, pods: [...waiting, ...ready], fresh: ready, notes: [...notes, ...made] }
  }
}

interface Base {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

interface Workload extends Base {
  readonly present: number
  /** All that look for a node, those that are not made yet among them. */
  readonly pods: readonly Pod[]
  readonly fresh: readonly Pod[]
  readonly notes: readonly string[]
}

function absent(error: unknown): undefined {
  if (isError(error, 'NotFound')) return undefined
  throw error
}

const isWaiting = (pod: Pod): boolean => isPodActive(pod) && !pod.spec.nodeName

/** What controllers and the scheduler wrote stays: a manifest says nothing of it. */
function keepingState(object: KubeObject, present: KubeObject | undefined): KubeObject {
  if (present === undefined) return object
  const { labels = present.metadata.labels, annotations = present.metadata.annotations } = object.metadata
  const [next, before] = [object, present] as readonly { readonly spec?: object; readonly status?: object }[]
  return {
    ...present,
    ...object,
    metadata: { ...present.metadata, labels, annotations },
    ...(next?.spec && { spec: { ...before?.spec, ...next.spec } }),
    ...(before?.status && { status: before.status }),
  } as KubeObject
}

/** As it would be made under this name. */
const asNew = (pod: Pod, name: string, uid: string): Pod => ({ ...pod, metadata: { ...pod.metadata, name, uid, resourceVersion: '0' } })

const nodeOf = ({ spec }: Pod): string | undefined =>
  spec.nodeName ||
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0]
