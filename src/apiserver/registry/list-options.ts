import type { AnyKind } from '#api/kind.ts'
import { type FieldTerm, fieldSelectorOf, matchesFields } from '#api/meta/v1/field-selector.ts'
import { matches, parseSelector, type Selector } from '#api/meta/v1/selector.ts'
import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { forbidden, notSupported } from '#schema/validate.ts'
import type { Revision } from '#store/store.ts'
import { type Item, objectOf } from '../cacher/item.ts'
import { isTrue } from '../http/request-info.ts'
import { badRequest, invalidError } from '../http/status.ts'

/** The query of a list, a watch or a deletecollection, checked. */
export interface ListQuery {
  readonly labels: Selector
  readonly fields: readonly FieldTerm[]
  readonly limit: number
  readonly continue: string
  /** '' when not given. */
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly timeoutSeconds: number | undefined
  readonly sendInitialEvents: boolean | undefined
  readonly allowWatchBookmarks: boolean
}

/** Reads the query. Throws `BadRequest` for what cannot be read, `Invalid` for what does not fit together, with the reference's words. */
export function parseListQuery(kind: AnyKind, query: URLSearchParams, isWatch: boolean): ListQuery {
  const limit = integerOf(query.get('limit')) ?? 0
  const timeoutSeconds = integerOf(query.get('timeoutSeconds'))
  const initial = query.get('sendInitialEvents')
  const parsed: ListQuery = {
    labels: parseSelector(query.get('labelSelector') ?? ''),
    fields: fieldSelectorOf(kind, query.get('fieldSelector') ?? ''),
    limit,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds,
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
  }
  const causes = isWatch ? watchCauses(parsed) : listCauses(parsed)
  if (causes.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes)
  return parsed
}

/** Whether every object matches: then nothing has to be parsed. */
export const selectsAll = (query: Pick<ListQuery, 'labels' | 'fields'>): boolean =>
  query.labels.requirements.length === 0 && query.fields.length === 0

/** Whether one version of one object is selected. */
export function selects(kind: AnyKind, query: Pick<ListQuery, 'labels' | 'fields'>, item: Item): boolean {
  if (selectsAll(query)) return true
  const object = objectOf(item)
  return matches(query.labels, object.metadata.labels) && matchesFields(kind, query.fields, object)
}

/** A revision as clients write it; undefined when none was given. */
export function parseRevision(text: string): Revision | undefined {
  if (text === '') return undefined
  const problem = revisionProblem(text)
  if (problem !== undefined) throw new WherryError('InternalError', problem, { status: 500 })
  return Number(text)
}

/** What is wrong with a resourceVersion, in the reference's words. */
export function revisionProblem(text: string): string | undefined {
  if (text === '' || /^\d+$/.test(text)) return undefined
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
}

function integerOf(text: string | null): number | undefined {
  if (text === null) return undefined
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

const matchField = 'resourceVersionMatch'

function listCauses({ resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents }: ListQuery): Cause[] {
  const causes: Cause[] = []
  if (match !== '') {
    if (resourceVersion === '') causes.push(forbidden(matchField, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (token !== '') causes.push(forbidden(matchField, againstContinue))
    if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(notSupported(matchField, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && resourceVersion === '0')
      causes.push(forbidden(matchField, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (sendInitialEvents !== undefined) causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return causes
}

function watchCauses({ resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents }: ListQuery): Cause[] {
  const causes: Cause[] = []
  // A watch from no version in particular is taken for one that asks for initial events.
  const startsAnywhere = sendInitialEvents === undefined && match === '' && (resourceVersion === '' || resourceVersion === '0')
  if (startsAnywhere && token !== '') return [forbidden(matchField, againstContinue)]
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    causes.push(forbidden(matchField, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  if (match === '') return causes
  if (sendInitialEvents === undefined)
    causes.push(forbidden(matchField, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'))
  if (match !== 'NotOlderThan') causes.push(notSupported(matchField, match, ['NotOlderThan']))
  if (token !== '') causes.push(forbidden(matchField, againstContinue))
  return causes
}

const againstContinue = 'resourceVersionMatch is forbidden when continue is provided'
