import { age, column } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import * as types from '#api/networking/v1/types.ts'
import { validateSegment } from '#api/networking/v1/validate-ingress.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Subdomain, checkIp, immutable, invalidEach, required } from '#schema/validate.ts'

export const IPAddress = kind(
  types.IPAddress,
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'IPAddress',
    plural: 'ipaddresses',
    singular: 'ipaddress',
    shortNames: ['ip'],
    scope: 'Cluster',
    // The reference gives each row an age that it declares no column for.
    columns: [column<types.IPAddress>('ParentRef', ({ spec }) => parentText(spec.parentRef)), { ...age, undeclared: true }],
  },
  {
    validateName: checkIp,
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...validate(next),
      ...immutable(
        'spec.parentRef',
        goStruct(types.ParentReference, next.spec.parentRef),
        same(next.spec.parentRef, previous.spec.parentRef),
      ),
    ],
  },
)
export type IPAddress = Of<typeof IPAddress>

function validate({ spec: { parentRef } }: types.IPAddress): Cause[] {
  const path = 'spec.parentRef'
  if (parentRef === undefined) return [required(path)]
  const { group = '', resource = '', name = '', namespace = '' } = parentRef
  return [
    ...(group === '' ? [] : invalidEach(`${path}.group`, group, checkDns1123Subdomain(group))),
    ...validateSegment(resource, `${path}.resource`),
    ...validateSegment(name, `${path}.name`),
    ...(namespace === '' ? [] : invalidEach(`${path}.namespace`, namespace, checkPathSegment(namespace))),
  ]
}

function parentText(parent: types.ParentReference | undefined): string {
  if (parent === undefined) return '<none>'
  const { group = '', resource = '', namespace = '', name = '' } = parent
  const resourceText = (group === '' ? resource : `${resource}.${group}`).toLowerCase()
  return [resourceText, ...(namespace === '' ? [] : [namespace]), name].join('/')
}
