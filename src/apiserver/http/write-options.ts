import type { Cause } from '#lib/errors.ts'
import { invalid, notSupported, tooLong } from '#schema/validate.ts'
import type { FieldValidation } from './body.ts'
import { invalidError } from './status.ts'

export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** As admission sees them. */
  readonly options: Readonly<Record<string, unknown>>
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions'

/** The query of a write, checked. Throws `Invalid` with the reference's words. */
export function parseWriteOptions(kind: OptionsKind, query: URLSearchParams, isApply = false): WriteOptions {
  const causes: Cause[] = []
  if (query.has('force') && kind === 'PatchOptions' && !isApply)
    causes.push({ reason: 'FieldValueForbidden', field: 'force', message: 'Forbidden: may not be specified for non-apply patch' })
  const manager = query.get('fieldManager') ?? ''
  causes.push(...managerProblems(manager))
  const dryRun = query.getAll('dryRun')
  causes.push(...dryRunProblems(dryRun))
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation))
    causes.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  if (causes.length > 0) throw invalidError({ group: 'meta.k8s.io', kind }, '', causes)
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    options: {
      kind,
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun.length > 0 && { dryRun }),
      ...(manager !== '' && { fieldManager: manager }),
      ...(validation !== '' && { fieldValidation: validation }),
    },
  }
}

/** `All` is the only dry run that there is. */
export function dryRunProblems(values: readonly string[]): readonly Cause[] {
  return values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])]
}

function managerProblems(manager: string): readonly Cause[] {
  const causes: Cause[] = []
  if (Buffer.byteLength(manager) > managerBytes) causes.push(tooLong('fieldManager', managerBytes))
  const characters = [...manager]
  const bad = characters.findIndex((character) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character))
  if (bad >= 0) {
    const point = characters[bad]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    causes.push(invalid('fieldManager', manager, `invalid character U+${point} (at position ${bad})`))
  }
  return causes
}

const managerBytes = 128
