import { age, column, nameColumn } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/networking/v1/types.ts'
import { validateSegment } from '#api/networking/v1/validate-ingress.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkDomainPrefixedPath,
  forbidden,
  immutable,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
} from '#schema/validate.ts'

export const IngressClass = kind(
  types.IngressClass,
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'IngressClass',
    plural: 'ingressclasses',
    singular: 'ingressclass',
    scope: 'Cluster',
    columns: [
      {
        ...nameColumn(),
        cell: ({ metadata }: types.IngressClass) =>
          `${metadata.name ?? ''}${metadata.annotations?.[defaultClassAnnotation] === 'true' ? ' (default)' : ''}`,
      },
      column<types.IngressClass>('Controller', ({ spec }) => spec.controller ?? ''),
      column<types.IngressClass>('Parameters', ({ spec: { parameters } }) =>
        parameters === undefined
          ? '<none>'
          : `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`,
      ),
      age,
    ],
  },
  {
    generation: true,
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...immutable('spec.controller', next.spec.controller ?? '', (next.spec.controller ?? '') === (previous.spec.controller ?? '')),
      ...validate(next),
    ],
  },
)
export type IngressClass = Of<typeof IngressClass>

/** Marks the class of ingresses that name none. */
export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class'

function validate({ spec: { controller = '', parameters } }: types.IngressClass): Cause[] {
  const path = 'spec.controller'
  return [
    ...(Buffer.byteLength(controller) > CONTROLLER_LENGTH_MAX ? [tooLong(path, CONTROLLER_LENGTH_MAX)] : []),
    ...(controller === '' ? [required(path)] : checkDomainPrefixedPath(controller).map(([problem, part]) => invalid(path, part, problem))),
    ...(parameters === undefined ? [] : validateParameters(parameters, 'spec.parameters')),
  ]
}

const CONTROLLER_LENGTH_MAX = 250

function validateParameters(parameters: types.IngressClassParametersReference, path: string): Cause[] {
  const { apiGroup, kind: referred, name, scope, namespace } = parameters
  const causes = [
    ...(apiGroup === undefined ? [] : invalidEach(`${path}.apiGroup`, apiGroup, checkDns1123Subdomain(apiGroup))),
    ...validateSegment(referred, `${path}.kind`),
    ...validateSegment(name, `${path}.name`),
  ]
  if (scope === 'Namespace')
    causes.push(
      ...(namespace === undefined
        ? [required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")]
        : invalidEach(`${path}.namespace`, namespace, checkDns1123Label(namespace))),
    )
  else if (scope !== 'Cluster') causes.push(notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']))
  else if (namespace !== undefined) causes.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  return causes
}
