import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/networking/v1/types.ts'
import { keepStatus, statusOf, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { parseCidr } from '#schema/ip.ts'
import type { Of } from '#schema/schema.ts'
import { checkCidr, invalid, invalidEach, required } from '#schema/validate.ts'

export const ServiceCIDR = kind(
  types.ServiceCIDR,
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'ServiceCIDR',
    plural: 'servicecidrs',
    singular: 'servicecidr',
    scope: 'Cluster',
    columns: [column<types.ServiceCIDR>('CIDRs', ({ spec }) => (spec.cidrs ?? []).join(',')), age],
    subresources: { status: statusOf<types.ServiceCIDR>({ take: takeStatus }) },
  },
  {
    prepareCreate: (range) => ({ ...range, status: {} }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: ({ spec }) => validateCidrs(spec.cidrs ?? []),
    validateUpdate: (next, previous) => validateChange(next.spec, previous.spec),
  },
)
export type ServiceCIDR = Of<typeof ServiceCIDR>

/** The one that the API server makes of the ranges that it was given. */
export const defaultServiceCidrName = 'kubernetes'

const path = 'spec.cidrs'

function validateCidrs(cidrs: readonly string[]): Cause[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(path, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  const causes = cidrs.flatMap((cidr, i) => invalidEach(`${path}[${i}]`, cidr, checkCidr(cidr)))
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.address.length)
  return first !== undefined && first === second
    ? [...causes, invalid(path, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
    : causes
}

/** A range of the other family may come; nothing else changes, for addresses have been given out. */
function validateChange(spec: types.ServiceCIDRSpec, { cidrs: previous = [] }: types.ServiceCIDRSpec): Cause[] {
  const { cidrs: next = [] } = spec
  const changed = (position: number): Cause[] =>
    next[position] === previous[position] ? [] : [invalid(`${path}[${position}]`, next[position], 'field is immutable')]
  if (next.length === previous.length) return next.flatMap((_, i) => changed(i))
  if (previous.length === 1 && next.length === 2) return [...changed(0), ...validateCidrs(next)]
  return [invalid(path, shownAsGiven(spec, 'cidrs'), 'field is immutable')]
}
