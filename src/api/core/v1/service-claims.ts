import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from '#api/core/v1/service-rules.ts'
import type { Service as ServiceType } from '#api/core/v1/types.ts'
import { familyOf } from '#api/core/v1/validation/service-families.ts'
import type { Claim, ClaimContext, NamespacedMeta, Stored } from '#api/kind.ts'
import { quote } from '#schema/go-text.ts'

type Service = Stored<ServiceType, NamespacedMeta>

/** The addresses and node ports that the service holds or still needs, each from its pool. */
export function serviceClaims(service: Service, { previous }: ClaimContext = {}): readonly Claim<Service>[] {
  if (previous === undefined) return [...clusterIPClaims(service), ...nodePortClaims(service), ...healthCheckClaims(service)]
  const before = (previous as Service).spec
  return [...keptAddresses(service, before), ...changedNodePortClaims(service, before), ...keptHealthCheck(service, before)]
}

/** A service keeps the addresses that it has: what it may not change to is for validation to say, and nothing is taken for it. */
function keptAddresses(service: Service, before: Service['spec']): Claim<Service>[] {
  if (!needsClusterIP(before)) return clusterIPClaims(service)
  if (before.clusterIP === 'None') return []
  const had = before.clusterIPs ?? []
  const isSecond = (i: number) => i === 1 && had.length === 1
  return clusterIPClaims(service).filter(({ value }, i) => had.includes(value) || isSecond(i))
}

function keptHealthCheck(service: Service, before: Service['spec']): Claim<Service>[] {
  const claims = healthCheckClaims(service)
  if (!needsHealthCheckNodePort(before)) return claims.map((claim) => ({ ...claim, isFresh: true }))
  return before.healthCheckNodePort === service.spec.healthCheckNodePort ? claims : []
}

/** One of each of its families. */
function clusterIPClaims({ metadata: { name }, spec }: Service): Claim<Service>[] {
  if (!needsClusterIP(spec) || spec.clusterIP === 'None') return []
  const { ipFamilies = [], clusterIPs = [] } = spec
  const values = Array.from({ length: Math.max(ipFamilies.length, clusterIPs.length) }, (_, i) => clusterIPs[i] ?? '')
  return values.map((value, i) => ({
    pool: ipFamilies[i] ?? familyOf(value),
    value,
    exhausted: `failed to allocate a serviceIP for Service ${quote(name ?? '')}: range is full`,
    field: 'spec.clusterIPs',
    shown: values,
    set: (service, address) => {
      const clusterIPs = [...(service.spec.clusterIPs ?? [])]
      clusterIPs[i] = address
      return { ...service, spec: { ...service.spec, clusterIP: clusterIPs[0]!, clusterIPs } }
    },
  }))
}

/** Two ports of one number, such as DNS over UDP and TCP, share a node port: the first that either asks for. */
function nodePortClaims({ spec }: Service): Claim<Service>[] {
  if (!needsNodePort(spec)) return []
  const ports = spec.ports ?? []
  const claims: Claim<Service>[] = []
  const given = new Map<number, number>()
  const byNumber = Map.groupBy(ports.entries(), ([, { port }]) => port)
  for (const [i, { port, nodePort = 0 }] of ports.entries()) {
    if (nodePort === 0 && !allocates(spec)) continue
    const shared = given.get(port)
    if (shared === undefined) {
      const alike = byNumber.get(port) ?? []
      const wanted = alike.find(([, other]) => other.nodePort)?.[1].nodePort ?? 0
      given.set(port, wanted)
      const open = alike.filter(([, other]) => !other.nodePort).map(([at]) => at)
      claims.push(nodePortClaim(i, wanted, open))
    } else if (nodePort !== 0 && nodePort !== shared) claims.push(nodePortClaim(i, nodePort, []))
  }
  return claims
}

/** In an update each port that has none gets one of its own, and two of one protocol never have the same. */
function changedNodePortClaims({ spec }: Service, before: Service['spec']): Claim<Service>[] {
  if (!needsNodePort(spec)) return []
  const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort))
  const seen = new Set<number>()
  const pairs = new Set<string>()
  return (spec.ports ?? []).flatMap(({ nodePort = 0, protocol }, i) => {
    if (nodePort === 0 && !allocates(spec)) return []
    const own = nodePortClaim(i, nodePort, [i])
    const claim: Claim<Service> = had.has(nodePort) ? own : { ...own, isFresh: true }
    const pair = `{${protocol} ${nodePort}}`
    if (nodePort !== 0 && pairs.has(pair)) return [{ ...claim, problem: `duplicate nodePort: ${pair}` }]
    pairs.add(pair)
    if (seen.has(nodePort)) return []
    if (nodePort !== 0) seen.add(nodePort)
    return [claim]
  })
}

const allocates = ({ type, allocateLoadBalancerNodePorts }: Service['spec']): boolean =>
  type === 'NodePort' || allocateLoadBalancerNodePorts !== false

/** `open`: places of the ports that are given the value that is found. */
const nodePortClaim = (i: number, wanted: number, open: readonly number[]): Claim<Service> => ({
  pool: 'nodePorts',
  value: wanted === 0 ? '' : String(wanted),
  shown: wanted,
  isSole: true,
  exhausted: 'failed to allocate a nodePort: range is full',
  field: `spec.ports[${i}].nodePort`,
  set: (service, value) => {
    const ports = [...(service.spec.ports ?? [])]
    for (const at of open) ports[at] = { ...ports[at]!, nodePort: Number(value) }
    return { ...service, spec: { ...service.spec, ports } }
  },
})

const healthCheckClaims = ({ spec }: Service): Claim<Service>[] =>
  needsHealthCheckNodePort(spec)
    ? [
        {
          pool: 'nodePorts',
          value: spec.healthCheckNodePort ? String(spec.healthCheckNodePort) : '',
          field: 'spec.healthCheckNodePort',
          isSole: true,
          failure: (problem) =>
            `failed to allocate ${spec.healthCheckNodePort ? `requested HealthCheck NodePort ${spec.healthCheckNodePort}` : 'a HealthCheck NodePort 0'}: ${problem}`,
          set: (service, value) => ({ ...service, spec: { ...service.spec, healthCheckNodePort: Number(value) } }),
        },
      ]
    : []
