import type { Service, ServiceSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import {
  checkDns1123Subdomain,
  checkLegacyIp,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'
import { isHeadless, validateService } from './service.ts'

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
const familyOf = (address: string): 'IPv4' | 'IPv6' => (parseIp(address)?.length === 16 ? 'IPv6' : 'IPv4')

/** What a service was given at first, it keeps. */
export function validateServiceUpdate(next: Service, previous: Service): Cause[] {
  const now = next.spec
  const before = previous.spec
  const causes: Cause[] = []
  if (now.type !== 'ExternalName' && before.type !== 'ExternalName') causes.push(...validateKeptAddresses(now, before))
  if (now.type === 'LoadBalancer' && before.type === 'LoadBalancer' && now.loadBalancerClass !== before.loadBalancerClass)
    causes.push(invalid('spec.loadBalancerClass', now.loadBalancerClass ?? null, 'may not change once set'))
  const hasHealth = (spec: ServiceSpec) => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (hasHealth(now) && hasHealth(before) && now.healthCheckNodePort !== before.healthCheckNodePort)
    causes.push(forbidden('spec.healthCheckNodePort', 'field is immutable'))
  return [...causes, ...validateService(next, previous)]
}

function validateKeptAddresses(next: ServiceSpec, previous: ServiceSpec): Cause[] {
  if (isHeadless(next) && isHeadless(previous)) return []
  const now = next.clusterIPs ?? []
  const before = previous.clusterIPs ?? []
  const causes: Cause[] = []
  if (now.length === before.length) {
    for (const [i, address] of before.entries())
      if (address !== now[i]) causes.push(invalid(`spec.clusterIPs[${i}]`, now, 'may not change once set'))
  } else if (now.length === 0) causes.push(invalid('spec.clusterIPs[0]', next.clusterIPs ?? null, 'primary clusterIP can not be unset'))
  else if (before.length > 0 && now[0] !== before[0]) causes.push(invalid('spec.clusterIPs[0]', now, 'may not change once set'))
  if (isHeadless(next) || isHeadless(previous)) return causes
  const families = next.ipFamilies ?? []
  const old = previous.ipFamilies ?? []
  if (families.length === old.length) {
    for (const [i, family] of old.entries())
      if (family !== families[i]) causes.push(invalid('spec.ipFamilies[0]', families, 'may not change once set'))
  } else if (families.length > 0 && old.length > 0 && families[0] !== old[0])
    causes.push(invalid('spec.ipFamilies[0]', now, 'may not change once set'))
  return causes
}

/** Written by whoever provides load balancers. */
export function validateServiceStatus({ spec, status }: Service, previous: Service): Cause[] {
  const ingress = status.loadBalancer?.ingress ?? []
  const path = 'status.loadBalancer.ingress'
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  const known = (previous.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
  return ingress.flatMap(({ ip = '', ipMode, hostname = '' }, i) => {
    const at = `${path}[${i}]`
    const causes: Cause[] = ip === '' || known.includes(ip) ? [] : invalidEach(`${at}.ip`, ip, checkLegacyIp(ip))
    if (ipMode === undefined) {
      if (ip !== '') causes.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'))
    } else if (ip === '') causes.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'))
    else if (ipMode !== 'Proxy' && ipMode !== 'VIP') causes.push(notSupported(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']))
    if (hostname === '') return causes
    causes.push(...invalidEach(`${at}.hostname`, hostname, checkDns1123Subdomain(hostname)))
    return parseIp(hostname) === undefined
      ? causes
      : [...causes, invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address')]
  })
}
