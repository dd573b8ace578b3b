import { setImmediate } from 'node:timers/promises'
import type { AnyKind } from '#api/kind.ts'
import { requiredValue } from '#api/meta/v1/field-selector.ts'
import { WherryError } from '#lib/errors.ts'
import type { Revision } from '#store/store.ts'
import type { Cacher, KindCache } from '../cacher/cacher.ts'
import { countItems, getItem, type Index, itemsOf } from '../cacher/index.ts'
import { converting, type Item, itemAs } from '../cacher/item.ts'
import { itemsLabelled } from '../cacher/label-index.ts'
import { badRequest } from '../http/status.ts'
import { decodeContinue, encodeContinue } from './continue.ts'
import { keyOf, scopeOf } from './keys.ts'
import { type ListQuery, revisionProblem, selects, selectsAll } from './list-options.ts'

/** What a list shows: the items, as of which revision, and how it goes on. */
export interface Selection {
  readonly items: readonly Item[]
  readonly revision: Revision
  readonly continue?: string
  readonly remaining?: number
}

/**
 * The objects that a list asks for. resourceVersion: not given, as of now; `0`, whatever is here; a number, that state (`Exact`, or with a
 * limit and no match) or any newer one (`NotOlderThan`, or without a limit). Throws `Expired` for a state that is gone, with a token that
 * goes on from now, and `Timeout` for one that has not come.
 */
export async function select(cacher: Cacher, kind: AnyKind, namespace: string, query: ListQuery): Promise<Selection> {
  const cache = cacher.of(kind)
  const prefix = scopeOf(kind, namespace)
  let start = prefix
  let state: { readonly index: Index; readonly revision: Revision }
  let { limit } = query
  if (query.continue !== '') {
    const token = decodeContinue(query.continue)
    if (query.resourceVersion !== '' && query.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue')
    start = prefix + token.start
    if (token.revision < 0) state = await present(cacher, cache)
    else state = { index: await past(cacher, cache, token.revision, token.start), revision: token.revision }
  } else {
    const problem = revisionProblem(query.resourceVersion)
    if (problem !== undefined) throw badRequest(`invalid resource version: ${problem}`)
    const wanted = Number(query.resourceVersion === '' ? -1 : query.resourceVersion)
    if (wanted < 0) state = await present(cacher, cache)
    else if (wanted === 0) {
      state = { index: cache.index, revision: cacher.revision() }
      // The reference serves this from its cache, which knows no pages.
      limit = 0
    } else {
      const exact = query.resourceVersionMatch === 'Exact' || (query.resourceVersionMatch === '' && limit > 0)
      // The reference reads a past state of one object from its store, which does not say when to come back.
      await notTooNew(cacher, wanted, exact && isOfOne(kind, namespace, query) ? 0 : 1)
      state = exact
        ? { index: await past(cacher, cache, wanted, ''), revision: wanted }
        : { index: cache.index, revision: cacher.revision() }
    }
  }
  return collect(kind, namespace, query, state, prefix, start, limit)
}

/** Whether a list is of one object at most, whose name and place its selector tells. */
const isOfOne = (kind: AnyKind, namespace: string, { fields }: ListQuery): boolean =>
  (kind.scope === 'Cluster' || namespace !== '') && requiredValue(fields, 'metadata.name') !== undefined

async function collect(
  kind: AnyKind,
  namespace: string,
  query: ListQuery,
  { index, revision }: { readonly index: Index; readonly revision: Revision },
  prefix: string,
  start: string,
  limit: number,
): Promise<Selection> {
  if (isOfOne(kind, namespace, query)) {
    const found = getItem(index, keyOf(kind, namespace, requiredValue(query.fields, 'metadata.name')!))
    if (found === undefined || found.key < start) return { items: [], revision }
    await converting(kind, [found])
    const item = itemAs(kind, found)
    return { items: selects(kind, query, item) ? [item] : [], revision }
  }
  const all = selectsAll(query)
  if (kind.storedAs?.convert !== undefined)
    await converting(kind, first(itemsOf(index, prefix, start), all && limit > 0 ? limit + 1 : Infinity))
  const items: Item[] = []
  let visited = 0
  for (const stored of candidates(kind, query, index, prefix, start)) {
    // The index never changes under us, so others may run in between.
    if ((visited += 1) % yieldEvery === 0 && !all) await setImmediate()
    if (stored === undefined) continue
    const item = itemAs(kind, stored)
    if (limit > 0 && items.length === limit) {
      // Whether something follows that matches is not known without looking; a further, empty page is allowed.
      const rest = all ? countItems(index, prefix, item.key) : undefined
      if (rest === undefined && !(await anyMatches(kind, query, index, prefix, item.key))) break
      return {
        items,
        revision,
        continue: encodeContinue({ start: `${items.at(-1)!.key.slice(prefix.length)}\0`, revision }),
        ...(rest !== undefined && { remaining: rest }),
      }
    }
    if (all || selects(kind, query, item)) items.push(item)
  }
  return { items, revision }
}

/**
 * What has to be looked at: of a list by the value of a label only the items that have it. `undefined` stands for a leaf of the index that
 * had none.
 */
function* candidates(
  kind: AnyKind,
  { labels }: ListQuery,
  index: Index,
  prefix: string,
  start: string,
): Generator<Item | undefined, void, undefined> {
  const fixed = labels.requirements.find(({ operator, values }) => equality.has(operator) && values.length === 1)
  // Another form of the object may have other labels.
  if (fixed === undefined || kind.storedAs !== undefined) return yield* itemsOf(index, prefix, start)
  for (const items of itemsLabelled(index, prefix, start, fixed.key, fixed.values[0]!)) {
    if (items.length === 0) yield undefined
    else yield* items
  }
}

const equality: ReadonlySet<string> = new Set(['=', '==', 'in'])

function first(items: Iterable<Item>, count: number): Item[] {
  const found: Item[] = []
  for (const item of items) {
    if (found.length >= count) break
    found.push(item)
  }
  return found
}

async function anyMatches(kind: AnyKind, query: ListQuery, index: Index, prefix: string, from: string): Promise<boolean> {
  let visited = 0
  for (const item of candidates(kind, query, index, prefix, from)) {
    if (item !== undefined && selects(kind, query, itemAs(kind, item))) return true
    if ((visited += 1) % yieldEvery === 0) await setImmediate()
  }
  return false
}

async function present(cacher: Cacher, cache: KindCache): Promise<{ readonly index: Index; readonly revision: Revision }> {
  await cacher.fresh()
  return { index: cache.index, revision: cacher.revision() }
}

/** The index at a revision that clients may still ask for. */
async function past(cacher: Cacher, cache: KindCache, revision: Revision, start: string): Promise<Index> {
  await notTooNew(cacher, revision)
  const index = cache.at(revision)
  if (index !== undefined) return index
  if (start === '') throw new WherryError('Expired', 'The resourceVersion for the provided list is too old.')
  throw new WherryError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    { continue: encodeContinue({ start, revision: -1 }) },
  )
}

/** Waits a little for a revision that may be on its way; throws `Timeout` as the reference does. */
export async function notTooNew(cacher: Cacher, revision: Revision, retryAfterSeconds = 1): Promise<void> {
  if (revision <= cacher.revision() || (await cacher.reached(revision, waitMs))) return
  throw new WherryError('Timeout', `Timeout: Too large resource version: ${revision}, current: ${cacher.revision()}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  })
}

// Reading an object for the first time takes up to 0.1 ms.
const yieldEvery = 64
// The reference's blockTimeout for reads that are ahead of its cache.
const waitMs = 3_000
