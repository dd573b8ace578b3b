import { effectiveSpec } from '#api/core/v1/effective-spec.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import { amountsOf, isPodLevelResource, podRequests, type ResourceSpec } from '#api/core/v1/resources.ts'
import type { Container, Volume } from '#api/core/v1/types.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'

/** One pod with what placing it rests on. */
export interface PodInfo {
  readonly pod: Pod
  /** The same object for every pod that is to be placed by the same rules. */
  readonly shape: PodShape
}

/**
 * What the scheduler asks of a pod, worked out once for all pods that are alike: those that one template made differ in their names only.
 */
export interface PodShape {
  /** Of one namespace, equal for equal shapes and for no others. */
  readonly key: string
  readonly priority: number
  /** What it asks for and that is not zero; `cpu` in thousandths, the rest in whole units; without the pod itself as one of `pods`. */
  readonly requests: readonly Want[]
  /** As scores count it once it is on a node: a container that asks for no processor or memory counts as if it asked for a little. */
  readonly scored: { readonly cpu: number; readonly memory: number }
  /** As scores count it while it looks for a node: the same, but that requests of the pod as a whole are left out (noderesources/fit.go). */
  readonly scoredComing: { readonly cpu: number; readonly memory: number }
  readonly hostPorts: readonly HostPort[]
  readonly hasAffinity: boolean
  readonly hasRequiredAntiAffinity: boolean
}

/** An amount of one resource. */
export interface Want {
  readonly resource: string
  readonly amount: number
}

/** A port of the node that a container takes. */
export interface HostPort {
  readonly protocol: string
  /** '0.0.0.0' stands for every address. */
  readonly address: string
  readonly port: number
}

/** Something that rests on the shape alone, worked out once per shape. `compute` may look at what `shapeKey` holds, and at nothing else. */
export function byShape<T>(compute: (pod: Pod, shape: PodShape) => T): (info: PodInfo) => T {
  const known = new WeakMap<PodShape, { readonly value: T }>()
  return ({ pod, shape }) => {
    let entry = known.get(shape)
    if (entry === undefined) known.set(shape, (entry = { value: compute(pod, shape) }))
    return entry.value
  }
}

/** So many shapes are remembered; of more, some are worked out again. */
const shapesMax = 4096

/** Makes PodInfos; keeps the shapes that it met last. */
export function createPodInfos(): (pod: Pod) => PodInfo {
  const shapes = new Map<string, PodShape>()
  /** Objects of a cache never change, and each is asked about several times. */
  const known = new WeakMap<Pod, PodInfo>()
  return (pod) => {
    const before = known.get(pod)
    if (before !== undefined) return before
    const effective = effectiveSpec(pod, 'requests')
    const key = shapeKey(pod, effective)
    let shape = shapes.get(key)
    if (shape === undefined) {
      if (shapes.size >= shapesMax) shapes.delete(shapes.keys().next().value!)
      shapes.set(key, (shape = shapeOf(pod, effective, key)))
    }
    const info = { pod, shape }
    known.set(pod, info)
    return info
  }
}

/**
 * Everything of a pod that a plug-in may rest on, as text. Names, annotations, the volumes that every node can give and which claims for devices
 * are its own are no part of it, so that the pods of one template share their shape.
 */
function shapeKey({ metadata, spec }: Pod, effective: Pod['spec']): string {
  return JSON.stringify([
    metadata.namespace,
    metadata.labels,
    controllerOf({ metadata })?.uid,
    spec.priority,
    spec.preemptionPolicy,
    spec.nodeSelector,
    spec.affinity,
    spec.tolerations,
    spec.topologySpreadConstraints,
    spec.overhead,
    spec.resources?.requests,
    spec.hostNetwork,
    spec.os,
    effective.containers.map(keyOfContainer),
    effective.initContainers?.map(keyOfContainer),
    spec.volumes?.filter(isPlaced),
    (spec.resourceClaims?.length ?? 0) > 0,
    spec.hostUsers === false,
  ])
}

const keyOfContainer = ({ image, resources, restartPolicy, ports, restartPolicyRules }: Container): unknown => [
  image,
  resources?.requests,
  restartPolicy,
  ports?.filter((port) => port.hostPort),
  restartPolicyRules,
]

/** Whether a volume has a say in where the pod can run, or should (an image that a node holds). A claim made for the pod carries its name. */
const isPlaced = (volume: Volume): boolean =>
  !(volume.emptyDir || volume.configMap || volume.secret || volume.projected || volume.downwardAPI || volume.hostPath)

/** What a container without a request counts for in scores (kube-scheduler util/pod_resources.go). */
const assumed = { cpu: '100m', memory: '200Mi' } as const

function shapeOf(pod: Pod, spec: Pod['spec'], key: string): PodShape {
  const amounts = amountsOf(podRequests(spec))
  const affinity = spec.affinity
  return {
    key,
    priority: spec.priority ?? 0,
    requests: Object.entries(amounts)
      .filter(([, amount]) => amount !== 0)
      .map(([resource, amount]) => ({ resource, amount })),
    // Where the pod asks as a whole, only what nothing in it asks for is assumed (kube-scheduler getNonMissingContainerRequests).
    scored: scoredOf(spec, hasPodLevelRequests(spec) ? (name) => amounts[name] === undefined : () => true),
    scoredComing: scoredOf({ ...spec, resources: undefined }, () => true),
    hostPorts: hostPortsOf(pod),
    hasAffinity: affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined,
    hasRequiredAntiAffinity: (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  }
}

/** Containers that leave out a resource that `isAssumed` count as if they asked for a little of it. */
function scoredOf(spec: ResourceSpec, isAssumed: (name: 'cpu' | 'memory') => boolean): PodShape['scored'] {
  const given = Object.fromEntries(Object.entries(assumed).filter(([name]) => isAssumed(name as keyof typeof assumed)))
  const generous = (container: ResourceSpec['containers'][number]) => ({
    ...container,
    resources: { ...container.resources, requests: { ...given, ...container.resources?.requests } },
  })
  const initContainers = (spec.initContainers ?? []).map(generous)
  const { cpu = 0, memory = 0 } = amountsOf(podRequests({ ...spec, containers: spec.containers.map(generous), initContainers }))
  return { cpu, memory }
}

const hasPodLevelRequests = ({ resources }: ResourceSpec): boolean => Object.keys(resources?.requests ?? {}).some(isPodLevelResource)

/** Host ports of its containers and sidecars. */
export function hostPortsOf({ spec }: Pod): HostPort[] {
  return [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({ protocol: port.protocol || 'TCP', address: port.hostIP || '0.0.0.0', port: port.hostPort! }))
}
