import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import type { Container, ContainerExtendedResourceRequest } from '#api/core/v1/types.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { DeviceRequest } from '#api/resource/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { extendedResourceAnnotation } from './claim-index.ts'

/** Name of a claim for extended resources as long as it is not written (KEP-5004): no claim can be called so. */
export const unwrittenName = '<extended-resources>'

/** The claim for the pod's extended resources, before it is known what the node leaves to devices. */
export const unwrittenClaim = ({ metadata: { name, namespace, uid } }: Pod): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: {
    name: unwrittenName,
    namespace,
    generateName: `${name}-extended-resources-`,
    uid: `${uid}${unwrittenName}`,
    resourceVersion: '',
    creationTimestamp: '',
    annotations: { [extendedResourceAnnotation]: 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
  },
  spec: { devices: { requests: [] } },
  status: {},
})

/** Requests for devices, and which of them each container's resources stand for. */
export interface ExtendedRequests {
  readonly requests: DeviceRequest[]
  readonly mappings: readonly ContainerExtendedResourceRequest[]
}

/**
 * What the pod's containers ask for of these resources, as requests of a claim. Containers that run side by side get devices of their own;
 * init containers, which run one after another, use those of the containers that come after them, and share what they need beyond those.
 * `classOf`: name of the class that stands for a resource.
 */
export function extendedRequests({ spec }: Pod, resources: readonly string[], classOf: (resource: string) => string): ExtendedRequests {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const isShortLived = (index: number): boolean => index < (spec.initContainers?.length ?? 0) && !isSidecar(containers[index]!)
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  for (const resource of resources.toSorted()) {
    const own: (DeviceRequest | undefined)[] = containers.map((container, index) =>
      isShortLived(index) ? undefined : requestOf(container, index, resource, classOf(resource), 0),
    )
    const ofShortLived: ContainerExtendedResourceRequest[] = []
    let largest: DeviceRequest | undefined
    const replaced = new Set<string>()
    for (const [index, container] of containers.entries()) {
      const request = own[index]
      if (request !== undefined) mappings.push(mappingOf(container, resource, request))
      if (!isShortLived(index)) continue
      const wanted = wantedOf(container, resource)
      let covered = 0
      for (const later of own.slice(index)) {
        if (later === undefined || covered >= wanted) continue
        covered += later.exactly!.count!
        ofShortLived.push(mappingOf(container, resource, later))
      }
      if (covered >= wanted) continue
      const rest = requestOf(container, index, resource, classOf(resource), covered)!
      replaced.add(rest.name)
      if (largest === undefined || largest.exactly!.count! < rest.exactly!.count!) largest = rest
      ofShortLived.push(mappingOf(container, resource, rest))
    }
    for (const mapping of ofShortLived)
      mappings.push(replaced.has(mapping.requestName) ? { ...mapping, requestName: largest!.name } : mapping)
    for (const request of [largest, ...own]) if (request !== undefined) requests.push(request)
  }
  return { requests: requests.sort((a, b) => (a.name < b.name ? -1 : 1)), mappings }
}

const mappingOf = ({ name }: Container, resourceName: string, request: DeviceRequest): ContainerExtendedResourceRequest => ({
  containerName: name,
  resourceName,
  requestName: request.name,
})

/** Only whole amounts can be devices. */
function wantedOf({ resources }: Container, resource: string): number {
  const text = resources?.requests?.[resource]
  const { nano } = parseQuantity(text ?? '0')
  return nano % 1_000_000_000n === 0n ? Number(nano / 1_000_000_000n) : 0
}

/** Named after the container's place and the resource's among all that the container asks for. */
function requestOf(
  container: Container,
  index: number,
  resource: string,
  deviceClassName: string,
  covered: number,
): DeviceRequest | undefined {
  const wanted = wantedOf(container, resource)
  if (wanted === 0) return undefined
  const place = Object.keys(container.resources!.requests!).sort().indexOf(resource)
  return {
    name: `container-${index}-request-${place}`,
    exactly: { deviceClassName, allocationMode: 'ExactCount', count: wanted - covered },
  }
}
