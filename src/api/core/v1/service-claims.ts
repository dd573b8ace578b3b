import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from '#api/core/v1/service-rules.ts'
import type { ServicePort, Service as ServiceType } from '#api/core/v1/types.ts'
import type { Claim, ClaimContext, NamespacedMeta, Stored } from '#api/kind.ts'

type Service = Stored<ServiceType, NamespacedMeta>

/** The addresses and node ports that the service holds or still needs, each from its pool. */
export function serviceClaims(service: Service, { previous }: ClaimContext = {}): readonly Claim<Service>[] {
  const ports = previous === undefined ? nodePortClaims(service) : changedNodePortClaims(service)
  return [...clusterIPClaims(service), ...ports, ...healthCheckClaims(service)]
}

function clusterIPClaims({ spec }: Service): Claim<Service>[] {
  if (!needsClusterIP(spec) || spec.clusterIP === 'None') return []
  const values = spec.clusterIPs && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP ?? '']
  return values.map((value, i) => ({
    pool: 'clusterIPs',
    value,
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
  for (const [i, { port, nodePort = 0 }] of ports.entries()) {
    if (nodePort === 0 && !allocates(spec)) continue
    const shared = given.get(port)
    if (shared === undefined) {
      const wanted = ports.find((other) => other.port === port && other.nodePort)?.nodePort ?? 0
      given.set(port, wanted)
      claims.push(nodePortClaim(i, wanted, (one) => one.port === port && !one.nodePort))
    } else if (nodePort !== 0 && nodePort !== shared) claims.push(nodePortClaim(i, nodePort, () => false))
  }
  return claims
}

/** In an update each port that has none gets one of its own. */
function changedNodePortClaims({ spec }: Service): Claim<Service>[] {
  if (!needsNodePort(spec)) return []
  const seen = new Set<number>()
  return (spec.ports ?? []).flatMap(({ nodePort = 0 }, i) => {
    if (nodePort === 0 ? !allocates(spec) : seen.has(nodePort)) return []
    seen.add(nodePort)
    return [nodePortClaim(i, nodePort, (_, at) => at === i)]
  })
}

const allocates = ({ type, allocateLoadBalancerNodePorts }: Service['spec']): boolean =>
  type === 'NodePort' || allocateLoadBalancerNodePorts !== false

/** `gets` says which ports are given the value that is found. */
const nodePortClaim = (i: number, wanted: number, gets: (port: ServicePort, at: number) => boolean): Claim<Service> => ({
  pool: 'nodePorts',
  value: wanted === 0 ? '' : String(wanted),
  shown: wanted,
  isSole: true,
  field: `spec.ports[${i}].nodePort`,
  set: (service, value) => ({
    ...service,
    spec: {
      ...service.spec,
      ports: (service.spec.ports ?? []).map((one, at) => (gets(one, at) ? { ...one, nodePort: Number(value) } : one)),
    },
  }),
})

const healthCheckClaims = ({ spec }: Service): Claim<Service>[] =>
  needsHealthCheckNodePort(spec)
    ? [
        {
          pool: 'nodePorts',
          value: spec.healthCheckNodePort ? String(spec.healthCheckNodePort) : '',
          field: 'spec.healthCheckNodePort',
          isSole: true,
          failure: (problem) => `failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${problem}`,
          set: (service, value) => ({ ...service, spec: { ...service.spec, healthCheckNodePort: Number(value) } }),
        },
      ]
    : []
