import { effectiveSpec } from '#api/core/v1/effective-spec.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, qosClassOf } from '#api/core/v1/pod-helpers.ts'
import { isPodLevelResource, podLimits, podRequests, type Resources } from '#api/core/v1/resources.ts'
import type { Container, PodAffinityTerm } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import {
  addResources,
  countName,
  isNativeResource,
  one,
  parseResources,
  type QuotaEvaluator,
  type ScopeSelector,
  selects,
} from './quota.ts'

/** Of processor, memory and ephemeral storage: requests under both names, limits under one. */
const computed = ['cpu', 'memory', 'ephemeral-storage']
const names: ReadonlySet<string> = new Set([
  countName('pods'),
  'pods',
  ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
])
/** Where a quota is about these, each container has to say what it wants: so it has been from the start. */
const wantedOfAll: ReadonlySet<string> = new Set(['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]))
const deviceClassPrefix = 'deviceclass.resource.kubernetes.io/'

/** Pods are counted, with what their containers ask for and may use; pods that have ended count as stored objects only. */
export const podQuota: QuotaEvaluator = {
  resource: 'pods',
  matching: (wanted) =>
    wanted.filter(
      (name) =>
        names.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-') || isExtendedResourceForQuota(name),
    ),
  handles: ({ operation, subresource, object, previous }) => {
    if (subresource === 'resize') return operation === 'UPDATE'
    if (subresource !== '') return false
    return operation === 'CREATE' || isTerminating(podOf(object)) !== isTerminating(podOf(previous!))
  },
  missing: (wanted, object) => {
    const { spec } = podOf(object)
    const isWhole = [...Object.keys(spec.resources?.requests ?? {}), ...Object.keys(spec.resources?.limits ?? {})].some(isPodLevelResource)
    if (isWhole) return undefined
    const texts = wanted
      .filter((name) => wantedOfAll.has(name))
      .sort()
      .flatMap((name) => {
        const silent = [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => !(name in usageOf(container)))
        const whose = [...new Set(silent.map((container) => container.name))].sort()
        return whose.length === 0 ? [] : [`${name} for: ${whose.join(',')}`]
      })
    return texts.length === 0 ? undefined : `must specify ${texts.join('; ')}`
  },
  isIn: (scope, object) => isInScope(scope, podOf(object)),
  usage: (object, { now }) => podUsage(podOf(object), now),
}

/** What a pod uses; one that has ended, or should have been gone for long, uses its place in the store only. */
export function podUsage(pod: Pod, now: number): Resources {
  const place = { [countName('pods')]: one }
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  const isStuck =
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds !== undefined &&
    now > Date.parse(deletionTimestamp) + Number(deletionGracePeriodSeconds) * 1000
  if (isStuck || (pod.status !== undefined && isPodTerminal(pod))) return place
  return addResources(place, computedUsage(podRequests(effectiveSpec(pod, 'requests')), podLimits(effectiveSpec(pod, 'limits'))))
}

/** `requests.` of what is no resource of Kubernetes' own, or of what a device class stands for. */
export const isExtendedResourceForQuota = (name: string): boolean =>
  name.startsWith('requests.') && (!isNativeResource(name) || name.startsWith(`requests.${deviceClassPrefix}`))

const podOf = (object: KubeObject): Pod => object as unknown as Pod
const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0
const usageOf = ({ resources }: Container): Resources =>
  computedUsage(parseResources(resources?.requests), parseResources(resources?.limits))

function computedUsage(requests: Resources, limits: Resources): Resources {
  const usage: Resources = { pods: one }
  for (const name of computed) {
    const [request, limit] = [requests[name], limits[name]]
    if (request !== undefined) {
      usage[name] = request
      usage[`requests.${name}`] = request
    }
    if (limit !== undefined) usage[`limits.${name}`] = limit
  }
  for (const [name, request] of Object.entries(requests)) {
    if (name.startsWith('hugepages-')) usage[name] = request
    const isExtended = !isNativeResource(name) && !name.startsWith('requests.')
    if (name.startsWith('hugepages-') || isExtended || name.startsWith(deviceClassPrefix)) usage[`requests.${name}`] = request
  }
  return usage
}

function isInScope(scope: ScopeSelector, pod: Pod): boolean {
  const { spec } = pod
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort'
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort'
    case 'PriorityClass':
      return selects(scope, spec.priorityClassName ? [spec.priorityClassName] : [])
    case 'CrossNamespacePodAffinity': {
      const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
      const terms: readonly PodAffinityTerm[] = [podAffinity, podAntiAffinity].flatMap((affinity) => [
        ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
        ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
      ])
      return terms.some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined)
    }
    default:
      return false
  }
}
