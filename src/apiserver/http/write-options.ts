import type { Cause } from '#lib/errors.ts'
import { invalid, notSupported, required, tooLong } from '#schema/validate.ts'
import type { FieldValidation } from './body.ts'
import { isTrue } from './request-info.ts'
import { invalidError } from './status.ts'

/** What a write's query asks for (API docs, CreateOptions, UpdateOptions and PatchOptions). */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** Of an apply: take what others own. */
  readonly force: boolean
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
  if (isApply && manager === '') causes.push(required('fieldManager', 'is required for apply patch'))
  causes.push(...managerProblems(manager))
  const dryRun = query.getAll('dryRun')
  causes.push(...dryRunProblems(dryRun))
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation))
    causes.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  if (causes.length > 0) throw invalidError({ group: 'meta.k8s.io', kind }, '', causes)
  return {
    dryRun: dryRun.length > 0,
    force: isTrue(query.get('force')),
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    options: {
      kind,
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun.length > 0 && { dryRun }),
      ...(manager !== '' && { fieldManager: manager }),
      ...(validation !== '' && { fieldValidation: validation }),
      ...(query.has('force') && kind === 'PatchOptions' && { force: isTrue(query.get('force')) }),
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
  const bad = characters.findIndex((character) => !printable.test(character))
  if (bad >= 0) {
    const point = characters[bad]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    causes.push(invalid('fieldManager', manager, `invalid character U+${point} (at position ${bad})`))
  }
  return causes
}

/** Who stands in metadata.managedFields: the manager that the request names, else its program, the user agent up to the first slash. */
export function managerOf(options: Pick<WriteOptions, 'options'>, userAgent: string | undefined): string {
  const { fieldManager } = options.options as { readonly fieldManager?: string }
  if (fieldManager !== undefined) return fieldManager
  let name = ''
  let bytes = 0
  for (const character of (userAgent ?? '').split('/', 1)[0]!) {
    if (!printable.test(character)) continue
    bytes += Buffer.byteLength(character)
    if (bytes > managerBytes) break
    name += character
  }
  return name
}

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
const managerBytes = 128
