import type { FieldSet } from './field-set.ts'
import { isEmptySet, readFieldSet, union } from './field-set.ts'
import { compareText } from './path-element.ts'

/** One entry of metadata.managedFields (meta/v1 ManagedFieldsEntry). */
export interface ManagedFieldsEntry {
  readonly manager?: string | undefined
  readonly operation?: string | undefined
  readonly apiVersion?: string | undefined
  /** RFC 3339, seconds. */
  readonly time?: string | undefined
  readonly fieldsType?: string | undefined
  readonly fieldsV1?: unknown
  readonly subresource?: string | undefined
}

/** What one manager owns: an entry whose set has been read. */
export interface Manager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly set: FieldSet
}

/** Managers by their identity: name, operation, subresource, and the version too for updates. */
export type Managers = ReadonlyMap<string, Manager>

/** The identity of a manager; in the form in which the reference sorts them. */
export function managerId({ manager, operation, apiVersion, subresource }: Omit<Manager, 'time' | 'set'>): string {
  const version = operation === 'Apply' ? '' : `,"apiVersion":${JSON.stringify(apiVersion)}`
  return `{"manager":${JSON.stringify(manager)},"operation":"${operation}"${version}${subresource === '' ? '' : `,"subresource":${JSON.stringify(subresource)}`}}`
}

/** Reads entries; `trusted` ones were written by us, so their sets are in their one form already. Throws a `SyntaxError` for nonsense. */
export function readManagers(entries: readonly ManagedFieldsEntry[], trusted: boolean): Managers {
  const managers = new Map<string, Manager>()
  for (const [i, entry] of entries.entries()) {
    const { manager = '', operation, apiVersion = '', subresource = '', time } = entry
    if (operation !== 'Apply' && operation !== 'Update') throw new SyntaxError('operation must be `Apply` or `Update`')
    if (apiVersion === '') throw new SyntaxError('apiVersion must not be empty')
    if (entry.fieldsType === undefined || entry.fieldsType === '') throw new SyntaxError(`missing fieldsType in managed fields entry ${i}`)
    if (entry.fieldsType !== 'FieldsV1')
      throw new SyntaxError(`invalid fieldsType ${JSON.stringify(entry.fieldsType)} in managed fields entry ${i}`)
    const set = trusted ? ((entry.fieldsV1 ?? {}) as FieldSet) : readFieldSet(entry.fieldsV1)
    const read: Manager = { manager, operation, apiVersion, subresource, time: time ?? undefined, set }
    managers.set(managerId(read), read)
  }
  return managers
}

/** Managers as entries, in the reference's order: operation, time, name, version, subresource. `undefined` when there are none. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  const all = [...managers.values()]
  if (all.length > 1) all.sort(compareManagers)
  return all.map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set,
    ...(subresource !== '' && { subresource }),
  }))
}

/** Without the managers that own nothing. */
export function dropEmpty(managers: Map<string, Manager>): void {
  for (const [id, { set }] of managers) if (isEmptySet(set)) managers.delete(id)
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a.time) - secondsOf(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

const secondsOf = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000))

/** Merges the oldest updates into `ancient-changes`, one of each version, until no more than ten are left. */
export function capUpdates(managers: Map<string, Manager>): void {
  const updates = [...managers].filter(([, { operation }]) => operation === 'Update')
  let count = updates.length
  if (count <= updatesMax) return
  updates.sort(([idA, a], [idB, b]) => secondsOf(a.time) - secondsOf(b.time) || compareText(idA, idB))
  const firstOf = new Map<string, string>()
  for (const [id, { apiVersion, time, set }] of updates) {
    if (count <= updatesMax) return
    const first = firstOf.get(apiVersion)
    if (first === undefined) {
      firstOf.set(apiVersion, id)
      continue
    }
    const bucket = { manager: ancient, operation: 'Update', apiVersion, subresource: '' } as const
    const bucketId = managerId(bucket)
    const held = managers.get(bucketId) ?? managers.get(first)
    if (!managers.has(bucketId)) managers.delete(first)
    managers.delete(id)
    managers.set(bucketId, { ...bucket, time, set: held === undefined ? set : union(set, held.set) })
    count -= 1
  }
}

const ancient = 'ancient-changes'
const updatesMax = 10
