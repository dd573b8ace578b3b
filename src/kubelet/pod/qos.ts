import type { Pod } from '#api/core/v1/pod.ts'
import type { PodQOSClass } from '#api/core/v1/types.ts'
import { compareQuantity, quantityToNumber } from '#lib/quantity.ts'
import { initContainers, regularContainers } from './containers.ts'

/**
 * The pod's quality of service class (Kubernetes documentation, "Pod Quality of Service Classes"). Guaranteed: every container has limits of
 * processor and memory, and requests equal to them; BestEffort: no container has either; Burstable: the rest.
 */
export function qosClass(pod: Pod): PodQOSClass {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass
  const resources = pod.spec.resources ? [pod.spec.resources] : [...initContainers(pod), ...regularContainers(pod)].map((c) => c.resources)
  const amount = (list: Readonly<Record<string, string>> | undefined, name: string) => list?.[name] ?? '0'
  const isSet = (value: string) => quantityToNumber(value) > 0
  let isBestEffort = true
  let isGuaranteed = true
  for (const { limits, requests } of resources) {
    for (const name of ['cpu', 'memory']) {
      const limit = amount(limits, name)
      const request = amount(requests, name)
      if (isSet(limit) || isSet(request)) isBestEffort = false
      if (!isSet(limit) || (isSet(request) && compareQuantity(limit, request) !== 0)) isGuaranteed = false
    }
  }
  return isBestEffort ? 'BestEffort' : isGuaranteed ? 'Guaranteed' : 'Burstable'
}
