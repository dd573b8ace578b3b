import { age, column } from '#api/columns.ts'
import * as types from '#api/coordination/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { invalid, notNegative } from '#schema/validate.ts'

export const Lease = kind(
  types.Lease,
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    singular: 'lease',
    scope: 'Namespaced',
    columns: [column<types.Lease>('Holder', ({ spec }) => spec.holderIdentity ?? ''), age],
  },
  {
    prepareCreate: withoutStrategy,
    prepareUpdate: (next, previous) => (previous.spec.strategy === undefined ? withoutStrategy(next) : next),
    createOnUpdate: true,
    // A lease taken without knowing its present holder would be stolen.
    requiresResourceVersion: true,
    validate: validateLease,
    plainFinalizers: true,
    validateUpdate: validateLease,
  },
)
export type Lease = Of<typeof Lease>

/** Coordinated leader election (KEP-4355) is off in v1.36: its fields are dropped. */
function withoutStrategy<L extends types.Lease>(lease: L): L {
  const { strategy: _strategy, preferredHolder: _holder, ...spec } = lease.spec
  return { ...lease, spec }
}

function validateLease({ spec: { leaseDurationSeconds: duration, leaseTransitions } }: types.Lease): Cause[] {
  return [
    ...(duration !== undefined && duration <= 0 ? [invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0')] : []),
    ...notNegative('spec.leaseTransitions', leaseTransitions),
  ]
}
