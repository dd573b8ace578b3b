import type { ParamKind, ParamRef } from '#api/admissionregistration/v1/types.ts'
import { age, column } from '#api/columns.ts'
import type { Column } from '#api/kind.ts'
import { goSelector } from '#api/meta/v1/go-selector.ts'

/** Columns of the policies, which count what is in them. */
export const policyColumns = <T extends { readonly spec: { readonly paramKind?: ParamKind | undefined } }>(
  counted: string,
  count: (policy: T) => number,
): readonly Column[] => [
  column<T>(counted, count, { type: 'integer' }),
  column<T>('ParamKind', ({ spec: { paramKind } }) =>
    paramKind === undefined ? '<unset>' : `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}`,
  ),
  age,
]

interface Binding {
  readonly spec: { readonly policyName?: string | undefined; readonly paramRef?: ParamRef | undefined }
}

/** Columns of the bindings. */
export const bindingColumns: readonly Column[] = [
  column<Binding>('PolicyName', ({ spec }) => spec.policyName ?? ''),
  column<Binding>('ParamRef', ({ spec }) => paramRefText(spec.paramRef)),
  age,
]

function paramRefText(reference: ParamRef | undefined): string {
  if (reference === undefined) return '<unset>'
  // Nobody here knows whether parameters of that kind have a namespace.
  if (reference.name) return `${reference.namespace || '*'}/${reference.name}`
  return reference.selector === undefined ? '<unset>' : goSelector(reference.selector)
}
