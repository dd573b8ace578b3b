import type { Pod } from '#api/core/v1/pod.ts'
import type { Container, ResourceList } from '#api/core/v1/types.ts'
import { maxResources, parseResources } from '#api/quota/quota.ts'
import { formatQuantity } from '#lib/quantity.ts'

/**
 * The spec as it counts while a resize is under way: the most of what is wanted, allotted and in force; what cannot be had does not count
 * (KEP-1287). The pod's own spec where nothing differs.
 */
export function effectiveSpec(pod: Pod, which: 'requests' | 'limits'): Pod['spec'] {
  const { spec, status } = pod
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const isInfeasible = status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible'
  // The first of a name counts.
  const byName = new Map(statuses.toReversed().map((status) => [status.name, status]))
  let differs = false
  const effective = (container: Container): Container => {
    const present = byName.get(container.name)
    if (present?.resources === undefined) return container
    const wanted = container.resources?.[which]
    const others = [present.resources[which], ...(which === 'requests' ? [present.allocatedResources] : [])]
    if (others.every((list) => isSame(list, wanted) || (!isInfeasible && list === undefined))) return container
    differs = true
    return { ...container, resources: { ...container.resources, [which]: most(isInfeasible ? others : [wanted, ...others]) } }
  }
  const containers = spec.containers.map(effective)
  const initContainers = spec.initContainers?.map((container) => (container.restartPolicy === 'Always' ? effective(container) : container))
  return differs ? { ...spec, containers, ...(initContainers && { initContainers }) } : spec
}

const most = (lists: readonly (ResourceList | undefined)[]): ResourceList =>
  Object.fromEntries(Object.entries(maxResources(lists.map(parseResources))).map(([name, quantity]) => [name, formatQuantity(quantity)]))

/** Written alike: the server writes quantities in one form. */
function isSame(a: ResourceList = {}, b: ResourceList = {}): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
