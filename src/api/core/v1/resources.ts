import type { Container, ResourceList, ResourceRequirements } from '#api/core/v1/types.ts'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityToInteger,
  quantityToMilli,
} from '#lib/quantity.ts'

/** Exact amounts by resource name, for sums. */
export type Resources = Record<string, Quantity>

/**
 * Amounts as plain numbers, by resource name: `cpu` in thousandths of a processor, everything else in whole units (bytes, pods), rounded
 * up. What the scheduler counts with.
 */
export type Amounts = Record<string, number>

/** A pod's containers and overhead: a Pod's spec or a template's. */
export interface ResourceSpec {
  readonly containers: readonly ResourceContainer[]
  readonly initContainers?: readonly ResourceContainer[] | undefined
  readonly overhead?: ResourceList | undefined
  readonly resources?: ResourceRequirements | undefined
}
type ResourceContainer = Pick<Container, 'resources' | 'restartPolicy'>

/**
 * What a pod asks for, overhead included: all containers and sidecars together, or, where that is more, any init container with the
 * sidecars started before it (KEP-753). Pod-level requests replace the sum for the resources that they name (KEP-2837).
 */
export function podRequests(spec: ResourceSpec): Resources {
  return addAll(withPodLevel(sumContainers(spec, 'requests'), spec.resources?.requests), spec.overhead)
}

/** The most a pod may use; a resource that only some containers limit counts those. */
export function podLimits(spec: ResourceSpec): Resources {
  const limits = withPodLevel(sumContainers(spec, 'limits'), spec.resources?.limits)
  const overhead = Object.entries(spec.overhead ?? {}).filter(([name]) => (limits[name]?.nano ?? 0n) !== 0n)
  return addAll(limits, Object.fromEntries(overhead))
}

/** Requests of the containers alone, by the rule for init containers and sidecars. */
export function sumContainers(spec: ResourceSpec, which: 'requests' | 'limits'): Resources {
  let sum: Resources = {}
  for (const container of spec.containers) sum = addAll(sum, container.resources?.[which])
  let sidecars: Resources = {}
  let init: Resources = {}
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[which]
    if (container.restartPolicy === 'Always') {
      sum = addAll(sum, own)
      sidecars = addAll(sidecars, own)
      init = maxAll(init, sidecars)
    } else init = maxAll(init, addAll(sidecars, own))
  }
  return maxAll(sum, init)
}

/** Quantities as plain numbers. A text that is no quantity is a RangeError. */
export const amountsOf = (resources: Resources | ResourceList | undefined): Amounts =>
  Object.fromEntries(Object.entries(resources ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]))

/** One of them: thousandths for `cpu`, else whole units. */
export const amountOf = (name: string, quantity: Quantity | string): number =>
  name === 'cpu' ? quantityToMilli(quantity) : quantityToInteger(quantity)

/** Back to the API's form. */
export const resourceListOf = (resources: Resources): ResourceList =>
  Object.fromEntries(Object.entries(resources).map(([name, quantity]) => [name, formatQuantity(quantity)]))

/** Resources that a pod may ask for as a whole. */
export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name)
/** Whether it is memory in huge pages of some size: `hugepages-2Mi`. */
export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')

function withPodLevel(sum: Resources, podLevel: ResourceList | undefined): Resources {
  const own = Object.entries(podLevel ?? {}).filter(([name]) => isPodLevelResource(name))
  return own.length === 0 ? sum : { ...sum, ...Object.fromEntries(own.map(([name, text]) => [name, parseQuantity(text)])) }
}

function addAll(a: Resources, b: Readonly<Record<string, Quantity | string>> | undefined): Resources {
  if (b === undefined) return a
  const out = { ...a }
  for (const [name, quantity] of Object.entries(b)) {
    const present = out[name]
    const added = typeof quantity === 'string' ? parseQuantity(quantity) : quantity
    out[name] = present === undefined ? added : addQuantity(present, added)
  }
  return out
}

function maxAll(a: Resources, b: Resources): Resources {
  const out = { ...a }
  for (const [name, quantity] of Object.entries(b)) {
    const present = out[name]
    if (present === undefined || compareQuantity(quantity, present) > 0) out[name] = quantity
  }
  return out
}
