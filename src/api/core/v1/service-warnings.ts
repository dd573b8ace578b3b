import { cidrWarnings, ipWarnings } from '#api/core/v1/ip-warnings.ts'
import type { Service } from '#api/core/v1/types.ts'
import { isHeadless } from '#api/core/v1/validation/headless.ts'

/** Fields that do nothing here, or will not for long. */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = []
  const hasExternal = (spec.externalIPs ?? []).length > 0
  if (metadata.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined)
    warnings.push(
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    )
  if (!isHeadless(spec) && spec.type !== 'ExternalName')
    for (const [i, address] of (spec.clusterIPs ?? []).entries()) warnings.push(...ipWarnings(address, `spec.clusterIPs[${i}]`))
  if (isHeadless(spec)) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (hasExternal) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  for (const [i, address] of (spec.externalIPs ?? []).entries()) warnings.push(...ipWarnings(address, `spec.externalIPs[${i}]`))
  if (hasExternal && !isHeadless(spec) && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  if (spec.loadBalancerIP) warnings.push(...ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'))
  for (const [i, cidr] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...cidrWarnings(cidr, `spec.loadBalancerSourceRanges[${i}]`))
  if (spec.type === 'ExternalName') {
    if (hasExternal) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  } else if (spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
