import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady } from '#api/core/v1/pod-helpers.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { controllerOf, type Invariant, idOf, type Scene } from './invariant.ts'

/** Once nothing goes wrong any more, every wish comes true. */
export function goals({ world, nodes }: Scene): Invariant {
  return { name: 'goals', atRest: () => [...nodesServe(world, nodes), ...deployments(world), ...leavings(world), ...services(world)] }
}

function nodesServe(world: Scene['world'], count: number): string[] {
  const nodes = world.list<Node>(Node)
  const absent = nodes.length === count ? [] : [`${nodes.length} nodes are registered, there are ${count}`]
  return absent.concat(
    nodes.flatMap(({ metadata, spec, status }) => [
      ...(status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ? [] : [`${metadata.name} is not ready`]),
      ...(spec.taints ?? []).map(({ key }) => `${metadata.name} still has the taint ${key}`),
    ]),
  )
}

function deployments(world: Scene['world']): string[] {
  return world.list<Deployment>(Deployment).flatMap((deployment) => {
    const { spec, status, metadata } = deployment
    const wished = spec.replicas ?? 1
    const sets = world.list<ReplicaSet>(ReplicaSet).filter((set) => controllerOf(set)?.uid === metadata.uid)
    // One that failed with its node is replaced and counts no more, but nobody has to take it away.
    const pods = world
      .list<Pod>(Pod)
      .filter((pod) => sets.some((set) => set.metadata.uid === controllerOf(pod)?.uid) && pod.status.phase !== 'Failed')
    const images = new Set(spec.template.spec?.containers.map(({ image }) => image))
    const problems: string[] = []
    const say = (what: string) => problems.push(`Deployment ${idOf(deployment)}: ${what}`)
    if (status?.observedGeneration !== metadata.generation) say(`generation ${metadata.generation} is not observed`)
    if (pods.length !== wished) say(`${pods.length} pods, ${wished} wished`)
    if (pods.some((pod) => !isPodActive(pod) || !isPodReady(pod))) say('not all pods are ready')
    if (!spec.paused && pods.some((pod) => pod.spec.containers.some(({ image }) => !images.has(image)))) say('a pod runs an older template')
    const [replicas = 0, ready = 0, available = 0, updated = 0] = [
      status?.replicas,
      status?.readyReplicas,
      status?.availableReplicas,
      status?.updatedReplicas,
    ]
    if (replicas !== wished || ready !== wished || available !== wished || (!spec.paused && updated !== wished))
      say(`status tells of ${replicas} replicas, ${ready} ready, ${available} available, ${updated} updated; ${wished} are wished`)
    // A set that was asked for nothing may be the present one.
    const limit = (spec.revisionHistoryLimit ?? 10) + (wished === 0 ? 1 : 0)
    if (sets.filter(({ spec: { replicas: asked } }) => asked === 0).length > limit) say(`more than ${limit} old ReplicaSets are kept`)
    return problems
  })
}

/** What was deleted goes. */
function leavings(world: Scene['world']): string[] {
  return [Namespace, Deployment, ReplicaSet, Pod, Service].flatMap((kind) =>
    world
      .list(kind)
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map((object) => `${kind.kind} ${idOf(object)} is still being deleted`),
  )
}

/** Exactly the ready pods are told of. */
function services(world: Scene['world']): string[] {
  return world.list<Service>(Service).flatMap((service) => {
    const selector = Object.entries(service.spec.selector ?? {})
    if (selector.length === 0) return []
    const { name, namespace } = service.metadata
    const wished = world
      .list<Pod>(Pod)
      .filter(({ metadata }) => metadata.namespace === namespace && selector.every(([key, value]) => metadata.labels?.[key] === value))
      .filter((pod) => isPodActive(pod) && isPodReady(pod))
      .map(({ status }) => status.podIP)
    const told = world
      .list<EndpointSlice>(EndpointSlice)
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions.ready)
      .flatMap(({ addresses }) => addresses)
    const same = wished.toSorted().join() === told.toSorted().join()
    return same ? [] : [`Service ${idOf(service)} tells of ${told}; ready are ${wished}`]
  })
}
