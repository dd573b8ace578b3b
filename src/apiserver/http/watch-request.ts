import { isError, type WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Revision } from '#store/store.ts'
import { failedWatch, openWatch, type WatchOptions } from '../cacher/watch.ts'
import type { Context } from '../context.ts'
import { parseListQuery, parseRevision } from '../registry/list-options.ts'
import { notTooNew } from '../registry/select.ts'
import { framesOf } from './frames.ts'
import { protobufType } from './negotiate.ts'
import { includeOf, type Routed } from './routed.ts'

/** Answers a watch: a stream of events until its time is over or the client leaves. */
export async function watch(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info } = call
  const query = parseListQuery(kind, info.query, true)
  const after = parseRevision(query.resourceVersion)
  if (after === undefined || query.sendInitialEvents === true) await context.cacher.fresh()
  const failure = after !== undefined && after > 0 && query.sendInitialEvents === true ? await tooNew(context, after) : undefined
  // A name in the path is the old form of a field selector.
  const fields =
    info.name !== '' && !info.query.has('fieldSelector')
      ? [...query.fields, { field: 'metadata.name', operator: '=' as const, value: info.name }]
      : query.fields
  const timeoutMs = (query.timeoutSeconds ?? 0) > 0 ? query.timeoutSeconds! * 1000 : watchMs * (1 + context.watchJitter.next())
  call.record.lasts = true
  const count = context.metrics.watches.of(kind)
  const frames = framesOf(kind, call.representation, call.representation.as === 'Table' ? includeOf(info.query) : 'Metadata', context.clock)
  // Unlike a list, one whose selector fixes a name is counted as one of that object.
  const isOfOne = fields.some(({ field, operator }) => field === 'metadata.name' && operator === '=')
  const scope = isOfOne ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster'
  const opened: WatchOptions = {
    cacher: context.cacher,
    kind,
    namespace: info.namespace,
    query: { ...query, fields },
    frames: {
      ...frames,
      bookmark(revision, initialEventsEnd) {
        if (initialEventsEnd) context.metrics.watches.listed(kind, scope, (context.clock.monotonicMs() - call.record.startedMs) / 1000)
        return frames.bookmark(revision, initialEventsEnd)
      },
    },
    clock: context.clock,
    apart: call.caller.user !== undefined,
    onBookmark: context.onBookmark,
    onEnd: call.record.over,
    onSent: (frames) => {
      for (const { byteLength } of frames) call.record.sentBytes += byteLength
      count(frames)
    },
    timeoutMs,
    ...(call.request.signal !== undefined && { signal: call.request.signal }),
  }
  const body = failure === undefined ? openWatch(opened) : failedWatch(opened, failure)
  const type = call.representation.encoding === 'protobuf' ? `${protobufType};stream=watch` : 'application/json'
  return { status: 200, headers: { 'cache-control': 'no-cache, private', 'content-type': type }, body }
}

/** What is wrong with a state that has not come in time: the first and last that the watch says. */
async function tooNew(context: Context, revision: Revision): Promise<WherryError | undefined> {
  try {
    await notTooNew(context.cacher, revision)
    return undefined
  } catch (error) {
    if (!isError(error, 'Timeout')) throw error
    return error
  }
}

/** A watch without timeoutSeconds lasts between this and twice this, as with the reference, so that they do not all end at once. */
const watchMs = 30 * 60 * 1000
