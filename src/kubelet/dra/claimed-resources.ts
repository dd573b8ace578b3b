import type { Pod } from '#api/core/v1/pod.ts'
import type { Container, PodSpec } from '#api/core/v1/types.ts'

/** Whether devices of a resource claim stand behind this resource of this container: then a DRA driver gives them, and the node counts nothing (KEP-5004). */
export const isClaimed = ({ status }: Pod, container: string, resource: string): boolean =>
  status?.extendedResourceClaimStatus?.requestMappings?.some((one) => one.containerName === container && one.resourceName === resource) ??
  false

/** The spec without the requests that a claim stands for. */
export function withoutClaimed(pod: Pod): PodSpec {
  const { spec } = pod
  if (pod.status?.extendedResourceClaimStatus === undefined) return spec
  const strip = (container: Container): Container => {
    const { requests = {} } = container.resources
    const kept = Object.entries(requests).filter(([name]) => !isClaimed(pod, container.name, name))
    return { ...container, resources: { ...container.resources, requests: Object.fromEntries(kept) } }
  }
  return {
    ...spec,
    containers: spec.containers.map(strip),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(strip) }),
  }
}
