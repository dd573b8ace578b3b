import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { decodeObject } from '#client/decode-object.ts'
import type { Of } from '#schema/schema.ts'
import type { AnyPlugin } from '../../framework/plugin.ts'
import type { Source } from '../../world/lookups.ts'
import { createWorld, type World } from '../../world/world.ts'

/** Objects of tests about volumes, with only what the test at hand is about. All live in the namespace `shop`. */
export const namespace = 'shop'

type Json = Readonly<Record<string, unknown>>
type Change = (object: KubeObject, previous: KubeObject | undefined, change: 'added' | 'modified' | 'deleted') => void

/** A cluster in memory that a world looks at. What is put there has a later version than anything before. */
export interface Scene {
  readonly world: World
  put<K extends AnyKind>(kind: K, object: object): Of<K>
  remove(kind: AnyKind, name: string, namespace?: string): void
  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Of<K> | undefined
  list<K extends AnyKind>(kind: K): readonly Of<K>[]
}

export function createScene(): Scene {
  const objects = new Map<AnyKind, Map<string, KubeObject>>()
  const handlers = new Map<AnyKind, Set<Change>>()
  let version = 0
  const all = (kind: AnyKind): Map<string, KubeObject> => {
    let known = objects.get(kind)
    if (known === undefined) objects.set(kind, (known = new Map()))
    return known
  }
  const tell = (kind: AnyKind, ...change: Parameters<Change>): void => {
    for (const handler of handlers.get(kind) ?? []) handler(...change)
  }
  const world = createWorld((kind) => {
    const source: Source<KubeObject> = {
      get: (name, within) => all(kind).get(`${within ?? ''}/${name}`),
      list: (within) => [...all(kind).values()].filter(({ metadata }) => within === undefined || metadata.namespace === within),
      onChange(handler) {
        const known = handlers.get(kind)
        if (known === undefined) handlers.set(kind, new Set([handler]))
        else known.add(handler)
        return () => handlers.get(kind)?.delete(handler)
      },
    }
    return source as never
  })
  return {
    world,
    put(kind, object) {
      version += 1
      const { metadata, ...rest } = object as { metadata: Json }
      const name = metadata['name'] as string
      const within = kind.scope === 'Namespaced' ? ((metadata['namespace'] as string | undefined) ?? namespace) : undefined
      const key = `${within ?? ''}/${name}`
      const uid = metadata['uid'] ?? `${kind.kind}-${name}`
      const next = decodeObject(kind, {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        ...rest,
        metadata: { ...metadata, uid, ...(within !== undefined && { namespace: within }), resourceVersion: `${version}` },
      }) as KubeObject
      const previous = all(kind).get(key)
      all(kind).set(key, next)
      tell(kind, next, previous, previous === undefined ? 'added' : 'modified')
      if (kind === Node) world.setNode(next as Node)
      if (kind === Pod) world.setPod(next as Pod)
      return next as never
    },
    remove(kind, name, within) {
      const key = `${within ?? ''}/${name}`
      const known = all(kind).get(key)
      if (known === undefined) return
      all(kind).delete(key)
      tell(kind, known, known, 'deleted')
      if (kind === Node) world.removeNode(name)
      if (kind === Pod) world.removePod(known.metadata.uid)
    },
    get: (kind, name, within) => all(kind).get(`${within ?? ''}/${name}`) as never,
    list: (kind) => [...all(kind).values()] as never,
  }
}

/** What there is, by kind. */
export interface Cluster {
  /** By name: labels beside the host name. */
  readonly nodes?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly classes?: readonly object[]
  readonly volumes?: readonly object[]
  readonly claims?: readonly object[]
  readonly pods?: readonly object[]
  readonly csiNodes?: readonly object[]
  readonly drivers?: readonly object[]
  readonly capacities?: readonly object[]
  readonly attachments?: readonly object[]
}

/** Puts everything of a cluster there. */
export function sceneOf({ nodes = { a: {}, b: {} }, ...others }: Cluster): Scene {
  const scene = createScene()
  for (const [name, labels] of Object.entries(nodes)) scene.put(Node, node(name, labels))
  const put = (kind: AnyKind, objects: readonly object[] = []): void => {
    for (const object of objects) scene.put(kind, object)
  }
  put(StorageClass, others.classes)
  put(PersistentVolume, others.volumes)
  put(PersistentVolumeClaim, others.claims)
  put(CSINode, others.csiNodes)
  put(CSIDriver, others.drivers)
  put(CSIStorageCapacity, others.capacities)
  put(VolumeAttachment, others.attachments)
  put(Pod, others.pods)
  return scene
}

/** What the plug-in says of the pod: why it has no say or refuses it everywhere, or its word on each node. */
export function answerOf(plugin: AnyPlugin, { world }: Scene, pod: Pod): string | Readonly<Record<string, string>> {
  const info = world.podInfo(pod)
  const before = plugin.preFilter!(info, world)
  if ('refusal' in before)
    return before.refusal.unresolvable ? before.refusal.reasons.join('; ') : `for now: ${before.refusal.reasons.join('; ')}`
  if (before.skip) return 'no say'
  return Object.fromEntries(
    [...world.nodes.nodes.values()].map((node) => {
      const refusal = plugin.filter!(info, node, before.state, world)
      if (refusal === undefined) return [node.name, 'fits']
      return [node.name, `${refusal.unresolvable ? '' : 'for now: '}${refusal.reasons.join('; ')}`]
    }),
  )
}

/** A check of one plug-in: what it says of the pod `p`, which has these volumes, in a cluster. */
export const answerCheck =
  (plugin: AnyPlugin) =>
  (
    name: string,
    { uses, ...there }: Cluster & { readonly uses: readonly (string | object)[] },
    expected: ReturnType<typeof answerOf>,
  ): void =>
    void test(name, () => {
      const scene = sceneOf(there)
      assert.deepEqual(answerOf(plugin, scene, scene.put(Pod, pod('p', uses))), expected)
    })

export const hostname = 'kubernetes.io/hostname'
export const zone = 'topology.kubernetes.io/zone'

export const node = (name: string, labels: Readonly<Record<string, string>> = {}): object => ({
  metadata: { name, labels: { [hostname]: name, ...labels } },
  status: { allocatable: { pods: '110' } },
})

/** Written as its volumes; a text is a claim's name. */
export const pod = (
  name: string,
  volumes: readonly (string | object)[] = [],
  more: { readonly on?: string; readonly in?: string } = {},
): object => ({
  metadata: { name, namespace: more.in ?? namespace },
  spec: {
    containers: [{ name: 'main', image: 'web', resources: {} }],
    ...(more.on !== undefined && { nodeName: more.on }),
    volumes: volumes.map((volume, i) =>
      typeof volume === 'string' ? { name: `v${i}`, persistentVolumeClaim: { claimName: volume } } : { name: `v${i}`, ...volume },
    ),
  },
})

interface ClaimFacts {
  readonly className?: string
  readonly size?: string
  readonly modes?: readonly string[]
  /** The volume that it has, for good. */
  readonly has?: string
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

export const claim = (
  name: string,
  { className, size = '1Gi', modes = ['ReadWriteOnce'], has, metadata, spec, status }: ClaimFacts = {},
): object => ({
  metadata: { name, ...(has !== undefined && { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }), ...metadata },
  spec: {
    accessModes: modes,
    resources: { requests: { storage: size } },
    ...(className !== undefined && { storageClassName: className }),
    ...(has !== undefined && { volumeName: has }),
    ...spec,
  },
  status: { phase: has === undefined ? 'Pending' : 'Bound', ...status },
})

interface VolumeFacts {
  readonly className?: string
  readonly size?: string
  readonly modes?: readonly string[]
  /** The node that it is on. */
  readonly on?: string
  /** Name of the claim that it is set aside for, and that claim's uid. */
  readonly claim?: readonly [name: string, uid?: string]
  readonly labels?: object
  readonly metadata?: object
  readonly spec?: object
  readonly phase?: string
  readonly source?: object
}

export const volume = (name: string, facts: VolumeFacts = {}): object => {
  const {
    className,
    size = '1Gi',
    modes = ['ReadWriteOnce'],
    on,
    claim: forClaim,
    labels,
    metadata,
    spec,
    phase,
    source = { csi: { driver: 'disk.example.com', volumeHandle: name } },
  } = facts
  const [claimName, uid] = forClaim ?? []
  return {
    metadata: { name, ...(labels && { labels }), ...metadata },
    spec: {
      capacity: { storage: size },
      accessModes: modes,
      ...source,
      ...(className !== undefined && { storageClassName: className }),
      ...(on !== undefined && { nodeAffinity: onlyWhere(hostname, on) }),
      ...(claimName !== undefined && {
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name: claimName, ...(uid !== undefined && { uid }) },
      }),
      ...spec,
    },
    status: { phase: phase ?? (uid === undefined ? 'Available' : 'Bound') },
  }
}

export const onlyWhere = (key: string, ...values: readonly string[]): object => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
})

export const storageClass = (name: string, more: object = {}): object => ({
  metadata: { name },
  provisioner: 'disk.example.com',
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
})

/** A class for volumes that are there. */
export const localClass = (name: string): object => storageClass(name, { provisioner: 'kubernetes.io/no-provisioner' })

export const csiNode = (name: string, limits: Readonly<Record<string, number | undefined>>, migrated = ''): object => ({
  metadata: { name, ...(migrated !== '' && { annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': migrated } }) },
  spec: {
    drivers: Object.entries(limits).map(([driver, count]) => ({
      name: driver,
      nodeID: name,
      ...(count !== undefined && { allocatable: { count } }),
    })),
  },
})
