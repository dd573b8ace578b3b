import { age, column, formatLabels } from '#api/columns.ts'
import type { Service as ServiceType } from '#api/core/v1/types.ts'
import type { Column } from '#api/kind.ts'

/** What `kubectl get services` prints. */
export const serviceColumns: readonly Column[] = [
  column<ServiceType>('Type', ({ spec }) => spec.type),
  column<ServiceType>('Cluster-IP', ({ spec }) => spec.clusterIPs?.[0] ?? '<none>'),
  column<ServiceType>('External-IP', externalAddresses),
  column<ServiceType>('Port(s)', ({ spec }) => (spec.ports ?? []).map(formatPort).join(',') || '<none>'),
  age,
  column<ServiceType>('Selector', ({ spec }) => formatLabels(spec.selector), { wide: true }),
]

function externalAddresses({ spec, status }: ServiceType): string {
  const external = spec.externalIPs ?? []
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>'
    case 'LoadBalancer': {
      const given = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== '')
      return [...[...new Set(given)].sort(), ...external].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

const formatPort = ({ port, nodePort, protocol }: NonNullable<ServiceType['spec']['ports']>[number]): string =>
  nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
