import { isExternallyAccessible, needsHealthCheckNodePort } from '#api/core/v1/service-rules.ts'
import type { Service, ServicePort, ServiceSpec } from '#api/core/v1/types.ts'
import { validateLabels } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLegacyCidr,
  checkLegacyIp,
  checkPortNumber,
  checkQualifiedName,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'
import { protocols } from './container.ts'
import { validateEndpointIp } from './endpoints.ts'
import { isHeadless } from './headless.ts'
import { validatePort } from './probe.ts'
import { validateClusterIPs } from './service-families.ts'

/** `previous`: what an update started from; values that stand there already are not looked at again. */
export function validateService({ metadata, spec }: Service, previous?: Service): Cause[] {
  const causes: Cause[] = []
  const ports = spec.ports ?? []
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') causes.push(required('spec.ports'))
  causes.push(...validateType(spec))
  const names = new Set<string>()
  for (const [i, port] of ports.entries()) {
    causes.push(...validateServicePort(port, ports.length > 1, names, `spec.ports[${i}]`))
    if (port.name) names.add(port.name)
  }
  causes.push(...validateLabels(spec.selector, 'spec.selector'), ...validateAffinity(spec), ...validateClusterIPs(spec, previous?.spec))
  const known = new Set(previous?.spec.externalIPs)
  for (const [i, address] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${i}]`
    const problems = known.has(address) ? [] : checkLegacyIp(address)
    causes.push(...(problems.length > 0 ? invalidEach(at, address, problems) : validateEndpointIp(address, at)))
  }
  return [...causes, ...validateUniquePorts(spec), ...validateLoadBalancer(spec, metadata.annotations, previous), ...validateTraffic(spec)]
}

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

function validateType(spec: ServiceSpec): Cause[] {
  const { type, clusterIPs = [], ipFamilies = [], ipFamilyPolicy, externalName = '' } = spec
  if (type === 'LoadBalancer' || type === 'NodePort')
    return isHeadless(spec) ? [invalid('spec.clusterIPs[0]', clusterIPs[0] ?? 'None', `may not be set to 'None' for ${type} services`)] : []
  if (type !== 'ExternalName') return types.includes(type) ? [] : [notSupported('spec.type', type, types)]
  const text = 'may not be set for ExternalName services'
  const name = externalName.replace(/\.$/, '')
  return [
    ...(clusterIPs.length > 0 ? [forbidden('spec.clusterIPs', text)] : []),
    ...(ipFamilies.length > 0 ? [forbidden('spec.ipFamilies', text)] : []),
    ...(ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', text)]),
    ...(name === '' ? [required('spec.externalName')] : invalidEach('spec.externalName', name, checkDns1123Subdomain(name))),
  ]
}

function validateServicePort(port: ServicePort, needsName: boolean, names: ReadonlySet<string>, path: string): Cause[] {
  const { name = '', protocol, targetPort, appProtocol } = port
  const causes: Cause[] = []
  if (needsName && name === '') causes.push(required(`${path}.name`))
  else if (name !== '') {
    causes.push(...invalidEach(`${path}.name`, name, checkDns1123Label(name)))
    if (names.has(name)) causes.push(duplicate(`${path}.name`, name))
  }
  causes.push(...invalidEach(`${path}.port`, port.port, checkPortNumber(port.port)))
  if (!protocols.includes(protocol)) causes.push(notSupported(`${path}.protocol`, protocol, protocols))
  causes.push(...validatePort(targetPort, `${path}.targetPort`))
  return appProtocol === undefined
    ? causes
    : [...causes, ...invalidEach(`${path}.appProtocol`, appProtocol, checkQualifiedName(appProtocol))]
}

const AFFINITY_SECONDS_MAX = 86400

function validateAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): Cause[] {
  if (sessionAffinity === 'None')
    return config === undefined ? [] : [forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None')]
  if (sessionAffinity !== 'ClientIP') return [notSupported('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])]
  const seconds = config?.clientIP?.timeoutSeconds
  if (seconds === undefined) return [required('spec.sessionAffinityConfig', 'when session affinity type is ClientIP')]
  return seconds > 0 && seconds <= AFFINITY_SECONDS_MAX
    ? []
    : [
        invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
        ),
      ]
}

function validateUniquePorts({ type, ports = [] }: ServiceSpec): Cause[] {
  const causes: Cause[] = []
  const nodePorts = new Set<string>()
  const numbers = new Set<string>()
  for (const [i, { port, protocol, nodePort }] of ports.entries()) {
    const at = `spec.ports[${i}]`
    if (nodePort) {
      if (type === 'ClusterIP') causes.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
      const key = `${protocol}/${nodePort}`
      if (nodePorts.has(key)) causes.push(duplicate(`${at}.nodePort`, nodePort))
      nodePorts.add(key)
    }
    const key = `${protocol}/${port}`
    // The reference shows its own structure here, with Go's names.
    if (numbers.has(key))
      causes.push(duplicate(at, { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }))
    numbers.add(key)
  }
  return causes
}

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

function validateLoadBalancer(
  spec: ServiceSpec,
  annotations: Readonly<Record<string, string>> = {},
  previous: Service | undefined,
): Cause[] {
  const isBalanced = spec.type === 'LoadBalancer'
  const only = "may only be used when `type` is 'LoadBalancer'"
  const causes: Cause[] = []
  const ranges = spec.loadBalancerSourceRanges ?? []
  const noted = annotations[rangesAnnotation]
  if (ranges.length > 0) {
    if (!isBalanced) causes.push(forbidden('spec.LoadBalancerSourceRanges', only))
    const known = new Set(previous?.spec.loadBalancerSourceRanges?.map((old) => old.trim()))
    for (const [i, text] of ranges.entries()) {
      const range = text.trim()
      if (!known.has(range)) causes.push(...invalidEach(`spec.LoadBalancerSourceRanges[${i}]`, range, checkLegacyCidr(range)))
    }
  } else if (noted !== undefined) {
    const at = `metadata.annotations[${rangesAnnotation}]`
    if (!isBalanced) causes.push(forbidden(at, only))
    if (previous?.metadata.annotations?.[rangesAnnotation] !== noted && noted.trim() !== '')
      causes.push(...noted.split(',').flatMap((range) => invalidEach(at, range.trim(), checkLegacyCidr(range.trim()))))
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalanced) causes.push(forbidden('spec.allocateLoadBalancerNodePorts', only))
  return [...causes, ...validateLoadBalancerClass(spec)]
}

/** Only a load balancer has a class, which is a qualified name. */
export function validateLoadBalancerClass({ type, loadBalancerClass: name }: ServiceSpec): Cause[] {
  const path = 'spec.loadBalancerClass'
  if (name === undefined) return []
  return type === 'LoadBalancer'
    ? invalidEach(path, name, checkQualifiedName(name))
    : [forbidden(path, "may only be used when `type` is 'LoadBalancer'")]
}

const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']

function validateTraffic(spec: ServiceSpec): Cause[] {
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: health = 0, trafficDistribution } = spec
  const policies = ['Cluster', 'Local']
  const causes: Cause[] = []
  if (!isExternallyAccessible(spec)) {
    if (external) causes.push(invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'))
  } else if (!external) causes.push(required('spec.externalTrafficPolicy'))
  else if (!policies.includes(external)) causes.push(notSupported('spec.externalTrafficPolicy', external, policies))
  if (needsHealthCheckNodePort(spec)) {
    if (health !== 0) causes.push(...invalidEach('spec.healthCheckNodePort', health, checkPortNumber(health)))
  } else if (health !== 0) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    causes.push(invalid('spec.healthCheckNodePort', health, detail))
  }
  if (internal === undefined && spec.type !== 'ExternalName') causes.push(required('spec.internalTrafficPolicy'))
  if (internal !== undefined && !policies.includes(internal)) causes.push(notSupported('spec.internalTrafficPolicy', internal, policies))
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    causes.push(notSupported('spec.trafficDistribution', trafficDistribution, distributions))
  return causes
}
