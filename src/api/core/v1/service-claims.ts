import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from '#api/core/v1/service-rules.ts'
import type { Service as ServiceType } from '#api/core/v1/types.ts'
import type { Claim, NamespacedMeta, Stored } from '#api/kind.ts'

type Service = Stored<ServiceType, NamespacedMeta>

/** The addresses and node ports that the service holds or still needs, each from its pool. */
export function serviceClaims(service: Service): readonly Claim<Service>[] {
  return [...clusterIPClaims(service), ...nodePortClaims(service), ...healthCheckClaims(service)]
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

/** Two ports of one number, such as DNS over UDP and TCP, share a node port. */
function nodePortClaims({ spec }: Service): Claim<Service>[] {
  if (!needsNodePort(spec)) return []
  const ports = spec.ports ?? []
  const claims: Claim<Service>[] = []
  const seen = new Set<string>()
  for (const [i, { port, nodePort }] of ports.entries()) {
    const wanted = nodePort || ports.find((other) => other.port === port && other.nodePort)?.nodePort || 0
    if (wanted === 0 && spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false) continue
    const key = wanted === 0 ? `port ${port}` : `${wanted}`
    if (seen.has(key)) continue
    seen.add(key)
    claims.push({
      pool: 'nodePorts',
      value: wanted === 0 ? '' : String(wanted),
      shown: wanted,
      field: `spec.ports[${i}].nodePort`,
      set: (service, value) => ({
        ...service,
        spec: {
          ...service.spec,
          ports: (service.spec.ports ?? []).map((one) => (one.port === port && !one.nodePort ? { ...one, nodePort: Number(value) } : one)),
        },
      }),
    })
  }
  return claims
}

const healthCheckClaims = ({ spec }: Service): Claim<Service>[] =>
  needsHealthCheckNodePort(spec)
    ? [
        {
          pool: 'nodePorts',
          value: spec.healthCheckNodePort ? String(spec.healthCheckNodePort) : '',
          field: 'spec.healthCheckNodePort',
          set: (service, value) => ({ ...service, spec: { ...service.spec, healthCheckNodePort: Number(value) } }),
        },
      ]
    : []
