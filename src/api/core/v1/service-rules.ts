import type { ServiceSpec, Service as ServiceType } from '#api/core/v1/types.ts'
import type { WriteContext } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import { familiesOf, fillFamilies } from './validation/service-families.ts'

/** Which fields of a service go with its type, and what an update keeps or lets go. */

export const needsClusterIP = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName'
/** Whether its type knows node ports at all. */
export const needsNodePort = (spec: ServiceSpec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer'
/** Whether its ports are given node ports: a load balancer may do without (KEP-1864). */
const getsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
/** Whether load balancers have to ask each node if it has endpoints of its own. */
export const needsHealthCheckNodePort = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
/** Whether an external traffic policy means anything to it. */
export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  needsNodePort(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)

/** Defaults that hang on other fields. */
export function defaultService<S extends ServiceType>(service: S): S {
  const spec = { ...service.spec }
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  else if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: threeHoursSeconds } }
  if (spec.ports) spec.ports = spec.ports.map((port) => (port.targetPort ? port : { ...port, targetPort: port.port }))
  if (isExternallyAccessible(spec) && !spec.externalTrafficPolicy) spec.externalTrafficPolicy = 'Cluster'
  if (spec.internalTrafficPolicy === undefined && spec.type !== 'ExternalName') spec.internalTrafficPolicy = 'Cluster'
  if (spec.type !== 'LoadBalancer') return { ...service, spec }
  spec.allocateLoadBalancerNodePorts ??= true
  const ingress = service.status?.loadBalancer?.ingress
  if (ingress === undefined) return { ...service, spec }
  const withMode = ingress.map((one) => (one.ip && one.ipMode === undefined ? { ...one, ipMode: 'VIP' } : one))
  return { ...service, spec, status: { ...service.status, loadBalancer: { ...service.status.loadBalancer, ingress: withMode } } }
}

/** A service as it is first kept: with its families filled in, and without a status. */
export const prepareServiceCreate = <S extends ServiceType>(service: S, context?: WriteContext): S => ({
  ...service,
  spec: withFamilies(pluralAddress(withoutInternalPolicy(service.spec)), undefined, context),
  status: { loadBalancer: {} },
})

/** The new service with what it keeps of the old one: addresses and ports that it does not name, and its status. */
export function prepareServiceUpdate<S extends ServiceType>(next: S, previous: S, context?: WriteContext): S {
  const spec = { ...next.spec }
  dropOfOtherType(spec, previous.spec)
  keepAllocated(spec, previous.spec)
  const families = withFamilies(syncAddresses(withoutInternalPolicy(spec), previous.spec), previous.spec, context)
  const status = spec.type === 'LoadBalancer' ? previous.status : { ...previous.status, loadBalancer: {} }
  return { ...next, spec: families, status }
}

const threeHoursSeconds = 10800

/** With its address families. Nothing is filled in where something is wrong: before anything is claimed, that is found again and said. */
function withFamilies(given: ServiceSpec, previous: ServiceSpec | undefined, context: WriteContext | undefined): ServiceSpec {
  const { spec, causes } = fillFamilies(given, previous, familiesOf(context))
  return causes.length > 0 ? given : spec
}

/** An external name has no traffic of its own; a policy that is none is left for validation to find. */
function withoutInternalPolicy(spec: ServiceSpec): ServiceSpec {
  const { internalTrafficPolicy: policy, ...rest } = spec
  return spec.type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local') ? rest : spec
}

/** An older client gives the single address only. */
const pluralAddress = (spec: ServiceSpec): ServiceSpec =>
  spec.clusterIP && (spec.clusterIPs ?? []).length === 0 ? { ...spec, clusterIPs: [spec.clusterIP] } : spec

/** What the new type has no use for goes, unless the client changed it too: then it is an error, and validation's. */
function dropOfOtherType(spec: ServiceSpec, previous: ServiceSpec): void {
  if (needsClusterIP(previous) && !needsClusterIP(spec)) {
    if (spec.clusterIP === previous.clusterIP && same(spec.clusterIPs, previous.clusterIPs)) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (same(spec.ipFamilies, previous.ipFamilies)) delete spec.ipFamilies
    if (spec.ipFamilyPolicy === previous.ipFamilyPolicy) delete spec.ipFamilyPolicy
  }
  const nodePorts = ({ ports = [] }: ServiceSpec) => ports.map(({ nodePort }) => nodePort ?? 0).sort((a, b) => a - b)
  if (getsNodePorts(previous) && !getsNodePorts(spec) && same(nodePorts(spec), nodePorts(previous)) && spec.ports)
    spec.ports = spec.ports.map(({ nodePort: _, ...port }) => port)
  if (needsHealthCheckNodePort(previous) && !needsHealthCheckNodePort(spec) && spec.healthCheckNodePort === previous.healthCheckNodePort)
    delete spec.healthCheckNodePort
  if (previous.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === previous.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts
    if (spec.loadBalancerClass === previous.loadBalancerClass) delete spec.loadBalancerClass
  }
  if (isExternallyAccessible(previous) && !isExternallyAccessible(spec) && spec.externalTrafficPolicy === previous.externalTrafficPolicy)
    delete spec.externalTrafficPolicy
}

/** What was allotted stays when a client leaves it out: a manifest may be applied twice. */
function keepAllocated(spec: ServiceSpec, previous: ServiceSpec): void {
  if (needsClusterIP(previous) && needsClusterIP(spec)) {
    if (!spec.clusterIP && previous.clusterIP) spec.clusterIP = previous.clusterIP
    if ((spec.clusterIPs ?? []).length === 0 && previous.clusterIPs?.length) spec.clusterIPs = previous.clusterIPs
  }
  if (getsNodePorts(previous) && getsNodePorts(spec) && spec.ports) {
    const before = new Set(previous.ports?.map(({ nodePort }) => nodePort))
    const used = new Set(spec.ports.map(({ nodePort }) => nodePort).filter((port) => before.has(port)))
    const byName = new Map((previous.ports ?? []).map(({ name, nodePort }) => [name ?? '', nodePort]))
    spec.ports = spec.ports.map((port) => {
      const old = port.nodePort ? undefined : byName.get(port.name ?? '')
      return old && !used.has(old) ? { ...port, nodePort: old } : port
    })
  }
  if (needsHealthCheckNodePort(previous) && needsHealthCheckNodePort(spec) && !spec.healthCheckNodePort && previous.healthCheckNodePort)
    spec.healthCheckNodePort = previous.healthCheckNodePort
}

/** `clusterIP` and the first of `clusterIPs` follow each other when a client changes only one of them. */
function syncAddresses(given: ServiceSpec, previous: ServiceSpec): ServiceSpec {
  const spec = { ...given }
  const samePlural = same(spec.clusterIPs, previous.clusterIPs)
  if ((spec.clusterIP ?? '') === (previous.clusterIP ?? '')) return spec
  if (!samePlural) return spec
  if (!spec.clusterIP) delete spec.clusterIPs
  else spec.clusterIPs = [spec.clusterIP]
  return spec
}
