import type { IPFamily, ServiceSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import { checkLegacyIp, duplicate, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'
import { isHeadless } from './headless.ts'

/** The one family that services of the cluster get addresses of. */
export const clusterFamily: IPFamily = 'IPv4'
export const familyOf = (address: string): IPFamily => (parseIp(address)?.length === 16 ? 'IPv6' : 'IPv4')
/** Headless and without a selector: nobody knows what its endpoints are. */
export const isOpen = (spec: ServiceSpec): boolean => spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0

/**
 * What is wrong with a service's addresses and families before any is filled in: the reference looks at these first, by themselves, and at
 * nothing else while they are wrong.
 */
export function validateFamilies(spec: ServiceSpec, previous: ServiceSpec | undefined): Cause[] {
  if (spec.type === 'ExternalName') return []
  const causes = validateClusterIPs(spec, previous)
  if (causes.length > 0) return causes
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy: policy = 'SingleStack' } = spec
  const path = 'spec.ipFamilyPolicy'
  const isSingle = policy === 'SingleStack'
  const isChange = (name: 'clusterIPs' | 'ipFamilies') =>
    previous === undefined || (previous[name] ?? []).join() !== (spec[name] ?? []).join()
  if (previous !== undefined && !isSingle) {
    const reduced = (before: readonly string[] = [], now: readonly string[]) =>
      before.length > 1 && now.length === 1 && before[0] === now[0]
    if (reduced(previous.clusterIPs, clusterIPs))
      causes.push(invalid(path, policy, "must be 'SingleStack' to release the secondary cluster IP"))
    if (reduced(previous.ipFamilies, ipFamilies))
      causes.push(invalid(path, policy, "must be 'SingleStack' to release the secondary IP family"))
  }
  if (isSingle && clusterIPs.length === 2 && isChange('clusterIPs'))
    causes.push(invalid(path, policy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified"))
  if (isSingle && ipFamilies.length === 2 && isChange('ipFamilies'))
    causes.push(invalid(path, policy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"))
  for (const [i, address] of clusterIPs.entries()) {
    if (address === 'None') break
    if (i >= ipFamilies.length && familyOf(address) !== clusterFamily)
      causes.push(invalid(`spec.clusterIPs[${i}]`, clusterIPs, `${familyOf(address)} is not configured on this cluster`))
  }
  if (causes.length > 0 || isOpen(spec)) return causes
  if (policy === 'RequireDualStack') causes.push(invalid(path, policy, 'this cluster is not configured for dual-stack services'))
  for (const [i, family] of ipFamilies.entries())
    if (family !== clusterFamily) causes.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
  return causes
}

/** The addresses of a service among themselves (KEP-563). */
export function validateClusterIPs(spec: ServiceSpec, previous: ServiceSpec | undefined): Cause[] {
  if (spec.type === 'ExternalName') return []
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const causes: Cause[] = []
  if (clusterIP !== '') {
    if (clusterIPs.length === 0) causes.push(required('spec.clusterIPs'))
    else if (clusterIPs[0] !== clusterIP) causes.push(invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'))
  } else if (clusterIPs.length > 0) causes.push(invalid('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'))
  for (const [i, family] of ipFamilies.entries()) {
    if (family !== 'IPv4' && family !== 'IPv6') causes.push(notSupported(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']))
    if (ipFamilies.indexOf(family) < i) causes.push(duplicate(`spec.ipFamilies[${i}]`, family))
  }
  if (ipFamilyPolicy !== undefined && !policies.includes(ipFamilyPolicy))
    causes.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, policies))
  let hasBad = false
  for (const [i, address] of clusterIPs.entries()) {
    if (i === 0 && address === 'None') {
      if (clusterIPs.length === 1) continue
      hasBad = true
      causes.push(invalid('spec.clusterIPs', clusterIPs, "'None' must be the first and only value"))
      continue
    }
    const problems = previous?.clusterIPs?.includes(address) ? [] : checkLegacyIp(address)
    hasBad ||= problems.length > 0
    causes.push(...invalidEach(`spec.clusterIPs[${i}]`, address, problems))
  }
  if (clusterIPs.length > 2) causes.push(invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'))
  if (hasBad) return causes
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOf)).size < 2)
    causes.push(invalid('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family'))
  if (isHeadless(spec)) return causes
  for (const [i, address] of clusterIPs.entries()) {
    const family = ipFamilies[i]
    if ((family === 'IPv4' || family === 'IPv6') && familyOf(address) !== family)
      causes.push(invalid(`spec.clusterIPs[${i}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``))
  }
  return causes
}

const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
