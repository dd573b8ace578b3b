import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import * as types from '#api/networking/v1/types.ts'
import { networkPolicyWarnings, validateNetworkPolicy } from '#api/networking/v1/validate-network-policy.ts'
import type { Of } from '#schema/schema.ts'

export const NetworkPolicy = kind(
  types.NetworkPolicy,
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    singular: 'networkpolicy',
    shortNames: ['netpol'],
    scope: 'Namespaced',
    columns: [column<types.NetworkPolicy>('Pod-Selector', ({ spec }) => formatSelector(selectorOf(spec.podSelector)) || '<none>'), age],
  },
  {
    defaults: (policy) =>
      policy.spec.policyTypes?.length ? policy : { ...policy, spec: { ...policy.spec, policyTypes: typesOf(policy.spec) } },
    generation: true,
    validate: (policy) => validateNetworkPolicy(policy),
    validateUpdate: validateNetworkPolicy,
    warnings: networkPolicyWarnings,
  },
)
export type NetworkPolicy = Of<typeof NetworkPolicy>

/** Rules for what leaves are only meant where there are some. */
const typesOf = ({ egress = [] }: types.NetworkPolicySpec): types.PolicyType[] => (egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'])
