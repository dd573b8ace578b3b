import fc from 'fast-check'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Source, Sources } from './lookups.ts'
import { createWorld, type World } from './world.ts'

/** A small cluster whose history is data, so that a failing one shrinks. */
export interface Cluster {
  readonly world: World
  /** Writes an object, or takes it away. */
  put(kind: AnyKind, object: KubeObject): void
  remove(kind: AnyKind, name: string, namespace?: string): void
}

/** A cluster without anything. */
export function createCluster(): Cluster {
  const kinds = new Map<AnyKind, ReturnType<typeof createSource>>()
  const sourceOf = (kind: AnyKind) => {
    let source = kinds.get(kind)
    if (source === undefined) kinds.set(kind, (source = createSource()))
    return source
  }
  return {
    world: createWorld(sourceOf as Sources),
    put: (kind, object) => sourceOf(kind).put(object),
    remove: (kind, name, namespace) => sourceOf(kind).remove(name, namespace),
  }
}

function createSource() {
  const objects = new Map<string, KubeObject>()
  const handlers = new Set<Parameters<NonNullable<Source<KubeObject>['onChange']>>[0]>()
  const keyOf = (name: string, namespace = '') => `${namespace}/${name}`
  return {
    get: (name: string, namespace?: string) => objects.get(keyOf(name, namespace)),
    list: (namespace?: string) =>
      [...objects.values()].filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    onChange(handler: Parameters<NonNullable<Source<KubeObject>['onChange']>>[0]) {
      handlers.add(handler)
      return () => void handlers.delete(handler)
    },
    put(object: KubeObject) {
      const key = keyOf(object.metadata.name, object.metadata.namespace)
      const previous = objects.get(key)
      objects.set(key, object)
      for (const handler of handlers) handler(object, previous, previous === undefined ? 'added' : 'modified')
    },
    remove(name: string, namespace?: string) {
      const previous = objects.get(keyOf(name, namespace))
      objects.delete(keyOf(name, namespace))
      if (previous !== undefined) for (const handler of handlers) handler(previous, previous, 'deleted')
    },
  }
}

/** One step of a cluster's history; names are few, so that steps meet. */
export type Step =
  | { readonly do: 'node'; readonly name: string; readonly labels: Labels; readonly taints: readonly object[] }
  | { readonly do: 'taints'; readonly name: string; readonly taints: readonly object[] }
  | { readonly do: 'no node'; readonly name: string }
  | { readonly do: 'namespace'; readonly name: string; readonly labels: Labels }
  | { readonly do: 'no namespace'; readonly name: string }
  | { readonly do: 'service' | 'no service'; readonly name: string; readonly namespace: string; readonly selector: Labels }
  | { readonly do: 'place' | 'assume'; readonly uid: string; readonly node: string; readonly pod: PodPlan }
  | { readonly do: 'leave' | 'forget' | 'remove'; readonly uid: string }
  | { readonly do: 'ask'; readonly pod: PodPlan; readonly node: string; readonly changes: readonly Change[] }

/** What a trial does on its node: takes away the pod of this turn, or puts this one there, or one like the one that is asked about. */
export type Change = { readonly take: number } | { readonly put: PodPlan | 'alike' }

/** A pod without name and place. */
export interface PodPlan {
  readonly namespace: string
  readonly labels: Labels
  readonly spec: object
}

type Labels = Readonly<Record<string, string>>

const one = <T>(...values: T[]) => fc.constantFrom(...values)
const some = <K extends string>(values: Record<K, readonly string[]>) =>
  fc.record(Object.fromEntries(Object.entries<readonly string[]>(values).map(([key, list]) => [key, one(...list)])), {
    requiredKeys: [],
  }) as fc.Arbitrary<Labels>

export const hostname = 'kubernetes.io/hostname'
export const zone = 'topology.kubernetes.io/zone'

const nodeNames = one('n1', 'n2', 'n3', 'n4', 'n5')
const namespaces = one('x', 'y', 'z')
const uids = one('p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8')
const nodeLabels = some({ [zone]: ['a', 'b'], rack: ['r1', 'r2', 'r3'], disk: ['ssd', 'hdd'] })
const podLabels = some({ app: ['web', 'db'], tier: ['front', 'back'] })
const namespaceLabels = some({ team: ['red', 'blue'] })
const taints = fc.array(fc.record({ key: one('busy', 'old'), effect: one('NoSchedule', 'NoExecute', 'PreferNoSchedule') }), {
  maxLength: 1,
})

/** Any label selector over the labels of pods. */
export const selectors = fc.oneof(
  fc.constant(undefined),
  fc.constant({}),
  podLabels.map((matchLabels) => ({ matchLabels })),
  fc.record({
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({ key: one('app', 'tier'), operator: one('In', 'NotIn'), values: one(['web'], ['front', 'back'], ['db', 'front']) }),
        fc.record({ key: one('app', 'tier'), operator: one('Exists', 'DoesNotExist') }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
)

/** A label by which nodes are in domains; some have it not. */
export const topologyKeys = one(hostname, zone, 'rack')

/** A history of a cluster, with questions about pods whose spec is `specs`. */
export const histories = (specs: fc.Arbitrary<object>): fc.Arbitrary<readonly Step[]> => {
  const plans: fc.Arbitrary<PodPlan> = fc.record({ namespace: namespaces, labels: podLabels, spec: specs })
  const changes = fc.array<Change>(
    fc.oneof(fc.record({ take: fc.nat(3) }), fc.record({ put: fc.oneof(fc.constant('alike' as const), plans) })),
    {
      maxLength: 3,
    },
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('node' as const), name: nodeNames, labels: nodeLabels, taints }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('taints' as const), name: nodeNames, taints }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('no node' as const), name: nodeNames }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('namespace' as const), name: namespaces, labels: namespaceLabels }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('no namespace' as const), name: namespaces }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: one('service' as const, 'no service' as const),
        name: one('s', 't'),
        namespace: namespaces,
        selector: podLabels,
      }),
    },
    { weight: 8, arbitrary: fc.record({ do: one('place' as const, 'assume' as const), uid: uids, node: nodeNames, pod: plans }) },
    { weight: 3, arbitrary: fc.record({ do: one('leave' as const, 'forget' as const, 'remove' as const), uid: uids }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('ask' as const), pod: plans, node: nodeNames, changes }) },
  )
  return fc.array(step, { minLength: 4, maxLength: 60 })
}

/** A node of one of these names: what it is called is a label of most nodes. */
export const nodeOf = (name: string, labels: Labels, taints: readonly object[] = []): Node =>
  ({
    metadata: { name, labels: { ...(name !== 'n5' && { [hostname]: name }), ...labels } },
    spec: { taints },
    status: {},
  }) as unknown as Node

/** A pod with the few fields that are always there. */
export const podOf = (uid: string, { namespace, labels, spec }: PodPlan, nodeName?: string, more: object = {}): Pod =>
  ({
    metadata: { name: uid, uid, namespace, labels, ...more },
    spec: { containers: [], ...spec, ...(nodeName !== undefined && { nodeName }) },
    status: {},
  }) as unknown as Pod

/** Takes a step; questions are for the caller. */
export function take({ world, put, remove }: Cluster, step: Exclude<Step, { do: 'ask' }>): void {
  const does: { readonly [K in typeof step.do]: (step: Step & { readonly do: K }) => void } = {
    node: ({ name, labels, taints }) => world.setNode(nodeOf(name, labels, taints)),
    taints: ({ name, taints }) => taint(world, name, taints),
    'no node': ({ name }) => world.removeNode(name),
    namespace: ({ name, labels }) => put(Namespace, { metadata: { name, labels } } as unknown as KubeObject),
    'no namespace': ({ name }) => remove(Namespace, name),
    service: ({ name, namespace, selector }) =>
      put(Service, { metadata: { name, namespace }, spec: { selector } } as unknown as KubeObject),
    'no service': ({ name, namespace }) => remove(Service, name, namespace),
    place: ({ uid, pod, node }) => world.setPod(podOf(uid, pod, node)),
    assume: ({ uid, pod, node }) => world.assume(world.podInfo(podOf(uid, pod)), node),
    forget: ({ uid }) => world.forget(uid),
    remove: ({ uid }) => world.removePod(uid),
    leave: ({ uid }) => leave(world, uid),
  }
  ;(does[step.do] as (step: Step) => void)(step)
}

/** Nothing else of the node changes. */
function taint(world: World, name: string, taints: readonly object[]): void {
  const node = world.nodes.nodes.get(name)?.node
  if (node !== undefined) world.setNode({ ...node, spec: { ...node.spec, taints } } as Node)
}

/** The pod is on its way out, but still there. */
function leave(world: World, uid: string): void {
  const placed = world.placeOf(uid)
  if (placed === undefined) return
  const { metadata, spec, ...rest } = placed.info.pod
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  world.setPod({ ...rest, metadata: { ...metadata, deletionTimestamp }, spec: { ...spec, nodeName: placed.nodeName } } as Pod)
}

/** A pod on a node. */
export interface Placed {
  readonly pod: Pod
  readonly node: Node
}

/** Everybody on every node, for those who count anew. */
export const everybody = ({ nodes }: World): readonly Placed[] =>
  [...nodes.nodes.values()].flatMap(({ node, pods }) => [...pods.values()].map(({ pod }) => ({ pod, node })))
