import { age, column } from '#api/columns.ts'
import { ipWarnings } from '#api/core/v1/ip-warnings.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/networking/v1/types.ts'
import { classAnnotation, validateIngress, validateIngressStatus, validateIngressUpdate } from '#api/networking/v1/validate-ingress.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import { quote } from '#schema/go-text.ts'
import type { Of } from '#schema/schema.ts'

export const Ingress = kind(
  types.Ingress,
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'Ingress',
    plural: 'ingresses',
    singular: 'ingress',
    storagePath: 'ingress',
    shortNames: ['ing'],
    scope: 'Namespaced',
    columns: [
      column<types.Ingress>('Class', ({ spec }) => spec.ingressClassName ?? '<none>'),
      column<types.Ingress>('Hosts', ({ spec }) => hostsText(spec.rules ?? [])),
      column<types.Ingress>('Address', ({ status }) => addressText(status)),
      column<types.Ingress>('Ports', ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80')),
      age,
    ],
    subresources: {
      status: statusOf<types.Ingress>({
        validateUpdate: (next, previous, { warn }) => {
          const causes = validateIngressStatus(next, previous)
          if (causes.length === 0) for (const warning of statusWarnings(next)) warn?.(warning)
          return causes
        },
      }),
    },
  },
  {
    generation: true,
    prepareCreate: (ingress) => ({ ...ingress, status: { loadBalancer: {} } }),
    prepareUpdate: keepStatus,
    validate: validateIngress,
    checksMetadata: 'whole',
    validateUpdate: validateIngressUpdate,
    warnings: ({ metadata, spec }, previous) =>
      previous === undefined && metadata.annotations?.[classAnnotation] !== undefined && spec.ingressClassName === undefined
        ? [`annotation ${quote(classAnnotation)} is deprecated, please use 'spec.ingressClassName' instead`]
        : [],
  },
)
export type Ingress = Of<typeof Ingress>

function hostsText(rules: readonly types.IngressRule[]): string {
  const hosts: string[] = []
  let hasMore = false
  for (const { host = '' } of rules) {
    // The fourth rule tells that there are more, with a host or without one.
    if (hosts.length === 3) hasMore = true
    else if (host !== '') hosts.push(host)
  }
  return hosts.length === 0 ? '*' : `${hosts.join(',')}${hasMore ? ` + ${rules.length - 3} more...` : ''}`
}

const addressText = ({ loadBalancer: { ingress = [] } }: types.IngressStatus): string =>
  [...new Set(ingress.map(({ ip, hostname }) => ip || hostname || '').filter((address) => address !== ''))].sort().join(',')

const statusWarnings = ({ status }: types.Ingress): string[] =>
  (status.loadBalancer.ingress ?? []).flatMap(({ ip = '' }, i) => ipWarnings(ip, `status.loadBalancer.ingress[${i}]`))
