import { LimitRange } from '#api/core/v1/limit-range.ts'
import { type Resources, sumContainers } from '#api/core/v1/resources.ts'
import type { Container, LimitRangeItem, Pod, PodSpec, ResourceList, ResourceRequirements } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { compareQuantity, formatQuantity, parseQuantity, type Quantity, quantityToMilli } from '#lib/quantity.ts'
import type { Admission, AdmissionPlugin } from '../contract.ts'
import { joined, refusal } from './refusal.ts'

/**
 * Fills in what containers leave out of their requests and limits with the namespace's defaults, and refuses pods and claims outside of its
 * bounds. Containers cannot change later but by `resize`, so updates of pods are not looked at.
 */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: ['pods', 'persistentvolumeclaims'],
  operations: ['CREATE', 'UPDATE'],
  async admit(admission) {
    const { fill } = limited[admission.attributes.resource]!
    return fill === undefined ? admission.object : rangesOf(admission).reduce(fill, admission.object as KubeObject)
  },
  async validate(admission) {
    const { problemsOf } = limited[admission.attributes.resource]!
    for (const range of rangesOf(admission)) {
      const problems = problemsOf(range, (admission.object as unknown as { readonly spec: never }).spec)
      if (problems.length > 0) throw refusal(admission, joined(problems))
    }
  },
}

interface Limited {
  /** What is looked at, by part of the object: the object itself is ''. */
  readonly looksAt: Readonly<Record<string, readonly Admission['operation'][]>>
  /** Gives an object what the range says of those that say nothing. */
  readonly fill?: (object: KubeObject, range: LimitRange) => KubeObject
  readonly problemsOf: (range: LimitRange, spec: never) => readonly string[]
}

/** What ranges are about, by resource. */
const limited: Readonly<Record<string, Limited>> = {
  pods: { looksAt: { '': ['CREATE'], resize: ['UPDATE'] }, fill: withDefaults, problemsOf: podProblems },
  persistentvolumeclaims: { looksAt: { '': ['CREATE', 'UPDATE'] }, problemsOf: claimProblems },
}

const annotation = 'kubernetes.io/limit-ranger'

function rangesOf({ attributes, operation, object, previous, objects }: Admission): readonly LimitRange[] {
  const { resource, subresource, namespace } = attributes
  const concerns = limited[resource]!.looksAt[subresource]?.includes(operation)
  if (!concerns || object === undefined || previous?.metadata.deletionTimestamp !== undefined) return []
  return objects.list(LimitRange, namespace) as readonly LimitRange[]
}

function withDefaults(object: KubeObject, range: LimitRange): KubeObject {
  const limits: Record<string, string> = {}
  const requests: Record<string, string> = {}
  for (const item of itemsOf(range, 'Container')) {
    Object.assign(requests, item.defaultRequest)
    Object.assign(limits, item.default)
  }
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return object
  const notes: string[] = []
  const fill = (container: Container, what: string): Container => {
    const { resources = {} } = container
    const added = (wanted: ResourceList, present: ResourceList = {}) => Object.keys(wanted).filter((name) => present[name] === undefined)
    const addedRequests = added(requests, resources.requests)
    const addedLimits = added(limits, resources.limits)
    if (addedRequests.length === 0 && addedLimits.length === 0) return container
    if (addedRequests.length > 0) notes.push(`${addedRequests.toSorted().join(', ')} request for ${what} ${container.name}`)
    if (addedLimits.length > 0) notes.push(`${addedLimits.toSorted().join(', ')} limit for ${what} ${container.name}`)
    return {
      ...container,
      resources: {
        ...resources,
        ...(addedRequests.length > 0 && { requests: { ...requests, ...resources.requests } }),
        ...(addedLimits.length > 0 && { limits: { ...limits, ...resources.limits } }),
      },
    }
  }
  const pod = object as unknown as Pod
  const containers = pod.spec.containers.map((container) => fill(container, 'container'))
  const initContainers = pod.spec.initContainers?.map((container) => fill(container, 'init container'))
  if (notes.length === 0) return object
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join('; ')}` },
    },
    spec: { ...pod.spec, containers, ...(initContainers !== undefined && { initContainers }) },
  } as KubeObject
}

function podProblems(range: LimitRange, spec: PodSpec): string[] {
  const problems: string[] = []
  for (const item of range.spec.limits) {
    if (item.type === 'Container') {
      for (const { resources = {} } of [...spec.containers, ...(spec.initContainers ?? [])])
        problems.push(...bounds(item, amounts(resources.requests), amounts(resources.limits)))
    }
    if (item.type === 'Pod') problems.push(...bounds(item, podSum(spec, 'requests'), podSum(spec, 'limits')))
  }
  return problems
}

/** The containers' sum; what the pod asks for as a whole stands in place of its processor and memory. Overhead is nothing that its user chose. */
function podSum(spec: PodSpec, which: 'requests' | 'limits'): Resources {
  const whole = Object.entries(amounts(spec.resources?.[which])).filter(([name]) => name === 'cpu' || name === 'memory')
  return { ...sumContainers(spec, which), ...Object.fromEntries(whole) }
}

function claimProblems(range: LimitRange, spec: { readonly resources?: ResourceRequirements }): string[] {
  const requests = amounts(spec.resources?.requests)
  return itemsOf(range, 'PersistentVolumeClaim').flatMap((item) => [
    ...each(item.min, (name, least) => belowLeast(item.type, name, least, requests[name], undefined)),
    ...each(item.max, (name, most) => {
      const request = requests[name]
      const rule = `maximum ${name} usage per ${item.type} is ${formatQuantity(most)}`
      if (request === undefined) return `${rule}.  No request is specified`
      return compareQuantity(request, most) > 0 ? `${rule}, but request is ${formatQuantity(request)}` : undefined
    }),
  ])
}

const bounds = (item: LimitRangeItem, requests: Resources, limits: Resources): string[] => [
  ...each(item.min, (name, least) => belowLeast(item.type, name, least, requests[name], limits[name])),
  ...each(item.max, (name, most) => aboveMost(item.type, name, most, requests[name], limits[name])),
  ...each(item.maxLimitRequestRatio, (name, ratio) => aboveRatio(item.type, name, ratio, requests[name], limits[name])),
]

function belowLeast(type: string, name: string, least: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(least)}`
  if (request === undefined) return `${rule}.  No request is specified`
  if (compareQuantity(request, least) < 0) return `${rule}, but request is ${formatQuantity(request)}`
  return limit !== undefined && compareQuantity(limit, least) < 0 ? `${rule}, but limit is ${formatQuantity(limit)}` : undefined
}

function aboveMost(type: string, name: string, most: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`
  if (limit === undefined) return `${rule}.  No limit is specified`
  if (compareQuantity(limit, most) > 0) return `${rule}, but limit is ${formatQuantity(limit)}`
  return request !== undefined && compareQuantity(request, most) > 0 ? `${rule}, but request is ${formatQuantity(request)}` : undefined
}

function aboveRatio(type: string, name: string, most: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(most)}`
  if (request === undefined || request.nano === 0n) return `${rule}, but no request is specified or request is 0`
  if (limit === undefined || limit.nano === 0n) return `${rule}, but no limit is specified or limit is 0`
  const ratio = quantityToMilli(limit) / quantityToMilli(request)
  return ratio * 1000 > quantityToMilli(most) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}

const itemsOf = (range: LimitRange, type: string): readonly LimitRangeItem[] => range.spec.limits.filter((item) => item.type === type)

const each = (list: ResourceList | undefined, problem: (name: string, value: Quantity) => string | undefined): string[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => problem(name, parseQuantity(text)) ?? [])

const amounts = (list: ResourceList | undefined): Resources =>
  Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]))
