import type { IPFamily, IPFamilyPolicy, ServiceSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import { checkLegacyIp, duplicate, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'
import { isHeadless } from './headless.ts'

/** Families that services of the cluster get addresses of; the first is that of services that ask for none. */
export type Families = readonly IPFamily[]

/** Those of a cluster; of one that says nothing of them, the one that clusters have mostly. */
export const familiesOf = (context: { readonly serviceFamilies?: Families } | undefined): Families => context?.serviceFamilies ?? ['IPv4']

/** The family of an address; IPv4 for a text that is none, which others refuse. */
export const familyOf = (address: string): IPFamily => (parseIp(address)?.length === 16 ? 'IPv6' : 'IPv4')

/**
 * Fills in what a client left open of a service's address families (KEP-563), on a cluster that has the families `known`. `causes` is what
 * is wrong with them: the reference looks at this first, by itself, and at nothing else while something is wrong. Then nothing that `spec`
 * says is of use. A service with all of it filled in comes back as it is.
 */
export function fillFamilies(
  given: ServiceSpec,
  previous: ServiceSpec | undefined,
  known: Families,
): { readonly spec: ServiceSpec; readonly causes: readonly Cause[] } {
  if (given.type === 'ExternalName' || keepsWhatItGot(given, previous)) return { spec: given, causes: [] }
  // Headless and without a selector: nobody knows what its endpoints are, so it is taken to have both.
  const isOpen = given.clusterIP === 'None' && Object.keys(given.selector ?? {}).length === 0
  const policy: IPFamilyPolicy = given.ipFamilyPolicy ?? previous?.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack')
  const spec: ServiceSpec = { ...given, ipFamilyPolicy: policy }
  const wrong = validateClusterIPs(spec, previous)
  if (wrong.length > 0) return { spec, causes: wrong }
  const causes = previous === undefined ? [] : release(spec, previous, policy)
  causes.push(...policyCauses(spec, policy))
  const families = [...(spec.ipFamilies ?? [])]
  for (const [i, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break
    const family = familyOf(address)
    if (i < families.length) continue
    if (known.includes(family)) families.push(family)
    else causes.push(invalid(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`))
  }
  if (causes.length > 0) return { spec, causes }
  if (!isOpen) {
    if (policy === 'RequireDualStack' && known.length < 2)
      causes.push(invalid(policyPath, policy, 'this cluster is not configured for dual-stack services'))
    for (const [i, family] of families.entries())
      if (!known.includes(family)) causes.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
    if (causes.length > 0) return { spec, causes }
  }
  if (families.length === 0) families.push(known[0]!)
  if (policy !== 'SingleStack' && families.length === 1 && (isOpen || known.length === 2))
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4')
  return { spec: { ...spec, ipFamilies: families }, causes }
}

const policyPath = 'spec.ipFamilyPolicy'

/** Neither a change of the cluster nor of anything else touches a service that takes what it gets. */
const keepsWhatItGot = (spec: ServiceSpec, previous: ServiceSpec | undefined): boolean =>
  previous !== undefined &&
  spec.ipFamilyPolicy === 'PreferDualStack' &&
  (previous.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
  spec.type === previous.type &&
  isSame(spec.clusterIPs, previous.clusterIPs) &&
  isSame(spec.ipFamilies, previous.ipFamilies)

const isSame = (a: readonly string[] = [], b: readonly string[] = []): boolean => a.join() === b.join()

/** Takes the second address and family out of `spec` where the policy alone says clearly that they go; else says what is missing for that. */
function release(spec: ServiceSpec, previous: ServiceSpec, policy: IPFamilyPolicy): Cause[] {
  if (policy === 'SingleStack') {
    if (spec.clusterIPs && isSame(spec.clusterIPs, previous.clusterIPs)) spec.clusterIPs = spec.clusterIPs.slice(0, 1)
    if (spec.ipFamilies && isSame(spec.ipFamilies, previous.ipFamilies)) spec.ipFamilies = spec.ipFamilies.slice(0, 1)
    return []
  }
  const isReduced = (now: readonly string[] = [], before: readonly string[] = []) => now.length > 0 && now.length < before.length
  const text = (what: string) => invalid(policyPath, policy, `must be 'SingleStack' to release the secondary ${what}`)
  return [
    ...(isReduced(spec.clusterIPs, previous.clusterIPs) ? [text('cluster IP')] : []),
    ...(isReduced(spec.ipFamilies, previous.ipFamilies) ? [text('IP family')] : []),
  ]
}

function policyCauses({ clusterIPs = [], ipFamilies = [] }: ServiceSpec, policy: IPFamilyPolicy): Cause[] {
  if (policy !== 'SingleStack') return []
  const text = (what: string) =>
    invalid(policyPath, policy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`)
  return [...(clusterIPs.length === 2 ? [text('cluster IPs')] : []), ...(ipFamilies.length === 2 ? [text('IP families')] : [])]
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
