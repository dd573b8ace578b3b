import type { Service, ServiceSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import { checkDns1123Subdomain, checkLegacyIp, forbidden, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'
import { isHeadless } from './headless.ts'
import { validateLoadBalancerClass, validateService } from './service.ts'

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
  // The reference looks at the class once with the change and once with the whole.
  causes.push(...validateLoadBalancerClass(now))
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
  const isReleased = (one: readonly string[], old: readonly string[]) => one.length === 1 && old.length > 1
  const unreleased = (what: string): Cause =>
    invalid('spec.ipFamilyPolicy', next.ipFamilyPolicy ?? null, `must be set to 'SingleStack' when releasing the secondary ${what}`)
  if (isReleased(now, before) && next.ipFamilyPolicy !== 'SingleStack') causes.push(unreleased('clusterIP'))
  if (isHeadless(next) || isHeadless(previous)) return causes
  const families = next.ipFamilies ?? []
  const old = previous.ipFamilies ?? []
  if (families.length === old.length) {
    for (const [i, family] of old.entries())
      if (family !== families[i]) causes.push(invalid('spec.ipFamilies[0]', families, 'may not change once set'))
  } else if (families.length > 0 && old.length > 0 && families[0] !== old[0])
    causes.push(invalid('spec.ipFamilies[0]', now, 'may not change once set'))
  if (isReleased(families, old) && next.ipFamilyPolicy !== 'SingleStack') causes.push(unreleased('ipFamily'))
  return causes
}

/** Written by whoever provides load balancers. */
export function validateServiceStatus({ spec, status }: Service, previous: Service): Cause[] {
  const ingress = status.loadBalancer?.ingress ?? []
  const path = 'status.loadBalancer.ingress'
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  const known = new Set((previous.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip))
  return ingress.flatMap(({ ip = '', ipMode, hostname = '' }, i) => {
    const at = `${path}[${i}]`
    const causes: Cause[] = ip === '' || known.has(ip) ? [] : invalidEach(`${at}.ip`, ip, checkLegacyIp(ip))
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
