import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady, isSidecar } from '#api/core/v1/pod-helpers.ts'

/** Which of two live pods is missed less when one has to go, by how far each has come: unassigned, pending, not ready. 0: as far. */
export const compareStanding = (a: Pod, b: Pod): number =>
  Number(isAssigned(a)) - Number(isAssigned(b)) || phaseOrder(a) - phaseOrder(b) || Number(isPodReady(a)) - Number(isPodReady(b))

/** The pod before whose containers were restarted more often; sidecars decide where the others are equal. */
export function compareRestarts(a: Pod, b: Pod): number {
  const [regularA, sidecarA] = mostRestarts(a)
  const [regularB, sidecarB] = mostRestarts(b)
  return regularB - regularA || sidecarB - sidecarA
}

const isAssigned = (pod: Pod): boolean => pod.spec.nodeName !== undefined && pod.spec.nodeName !== ''

const phases = ['Pending', 'Unknown', 'Running']
const phaseOrder = (pod: Pod): number => Math.max(0, phases.indexOf(pod.status.phase ?? 'Pending'))

function mostRestarts(pod: Pod): readonly [regular: number, sidecar: number] {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const regular = (pod.status.containerStatuses ?? []).map((status) => status.restartCount)
  const sidecar = (pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)).map((status) => status.restartCount)
  return [Math.max(0, ...regular), Math.max(0, ...sidecar)]
}
