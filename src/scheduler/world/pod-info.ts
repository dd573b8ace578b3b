import { effectiveSpec } from '#api/core/v1/effective-spec.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import { amountsOf, podRequests, sumContainers } from '#api/core/v1/resources.ts'
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
  /** As scores count it: a container that asks for no processor or memory counts as if it asked for a little. */
  readonly scored: { readonly cpu: number; readonly memory: number }
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
  return (pod) => {
    const effective = effectiveSpec(pod, 'requests')
    const key = shapeKey(pod, effective)
    let shape = shapes.get(key)
    if (shape === undefined) {
      if (shapes.size >= shapesMax) shapes.delete(shapes.keys().next().value!)
      shapes.set(key, (shape = shapeOf(pod, effective, key)))
    }
    return { pod, shape }
  }
}

/**
 * Everything of a pod that a plug-in may rest on, as text. Names, annotations and the volumes that every node can give are no part of it, so
 * that the pods of one template share their shape.
 */
function shapeKey({ metadata, spec, status }: Pod, effective: Pod['spec']): string {
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
    spec.resourceClaims && [metadata.name, spec.resourceClaims, status.resourceClaimStatuses],
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

/** Whether a volume has a say in where the pod can run. A claim made for the pod carries the pod's name. */
const isPlaced = (volume: Volume): boolean =>
  !(volume.emptyDir || volume.configMap || volume.secret || volume.projected || volume.downwardAPI || volume.hostPath || volume.image)

/** What a container without a request counts for in scores (kube-scheduler util/pod_resources.go). */
const assumed = { cpu: '100m', memory: '200Mi' } as const

function shapeOf(pod: Pod, spec: Pod['spec'], key: string): PodShape {
  const amounts = amountsOf(podRequests(spec))
  const scored = amountsOf(
    sumContainers(
      { ...spec, containers: spec.containers.map(withAssumed), initContainers: (spec.initContainers ?? []).map(withAssumed) },
      'requests',
    ),
  )
  const affinity = spec.affinity
  return {
    key,
    priority: spec.priority ?? 0,
    requests: Object.entries(amounts)
      .filter(([, amount]) => amount !== 0)
      .map(([resource, amount]) => ({ resource, amount })),
    scored: {
      cpu: Math.max(scored['cpu'] ?? 0, amounts['cpu'] ?? 0),
      memory: Math.max(scored['memory'] ?? 0, amounts['memory'] ?? 0),
    },
    hostPorts: hostPortsOf(pod),
    hasAffinity: affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined,
    hasRequiredAntiAffinity: (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  }
}

function withAssumed<C extends Pod['spec']['containers'][number]>({ resources, restartPolicy }: C) {
  return { restartPolicy, resources: { ...resources, requests: { ...assumed, ...resources.requests } } }
}

/** Host ports of its containers and sidecars. */
export function hostPortsOf({ spec }: Pod): HostPort[] {
  return [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({ protocol: port.protocol || 'TCP', address: port.hostIP || '0.0.0.0', port: port.hostPort! }))
}
