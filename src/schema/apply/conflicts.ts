import { type Cause, WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { type FieldSet, pathsOf, showPath } from './field-set.ts'
import type { Managers } from './managers.ts'
import { compareText } from './path-element.ts'

/** A conflict that still knows whose fields it is about. */
export class ApplyConflict extends WherryError {
  readonly sets: ReadonlyMap<string, FieldSet>
  readonly managers: Managers

  constructor(message: string, causes: readonly Cause[], sets: ReadonlyMap<string, FieldSet>, managers: Managers) {
    super('Conflict', message, { causes })
    this.sets = sets
    this.managers = managers
  }
}

/** The refusal of an apply that would change what others own; names each field and its owner. `sets` are by the owners' identities. */
export function conflictError(sets: ReadonlyMap<string, FieldSet>, managers: Managers): ApplyConflict {
  const groups = [...sets]
    .sort(([a], [b]) => compareText(a, b))
    .map(([id, set]) => ({ owner: showManager(managers, id), paths: pathsOf(set).map(showPath) }))
  const count = groups.reduce((sum, { paths }) => sum + paths.length, 0)
  const causes = groups.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  )
  if (count === 1)
    return new ApplyConflict(`Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`, causes, sets, managers)
  const lines = groups.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)])
  return new ApplyConflict(`Apply failed with ${count} conflicts: ${lines.join('\n')}`, causes, sets, managers)
}

function showManager(managers: Managers, id: string): string {
  const found = managers.get(id)
  if (found === undefined) return quote(id)
  const name = found.subresource === '' ? quote(found.manager) : `${quote(found.manager)} with subresource ${quote(found.subresource)}`
  return found.operation === 'Update' ? `${name} using ${found.apiVersion}` : name
}
