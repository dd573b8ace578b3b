import type { HttpRequest, HttpResponse, Transport } from '#lib/http.ts'

/**
 * A server in the same process, with no socket between: what a handler may leave to its connection (that an aborted exchange ends, even
 * while the handler waits for something) is done here.
 */
export function createLocalTransport(handler: (request: HttpRequest) => Promise<HttpResponse>): Transport {
  return async (request) => {
    const { signal } = request
    if (signal === undefined) return handler(request)
    const response = await unless(handler, request, signal)
    return response.body instanceof Uint8Array ? response : { ...response, body: untilAborted(response.body, signal) }
  }
}

async function unless(handler: Transport, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  signal.throwIfAborted()
  const { promise, done } = abortion(signal)
  try {
    return await Promise.race([handler(request), promise])
  } finally {
    done()
  }
}

async function* untilAborted(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  // Not by a race of promises: one that lasts as long as a watch would keep something of each event that it was raced with.
  let interrupt = (_reason: unknown): void => {}
  const abort = () => interrupt(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  let ended = false
  try {
    while (true) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        interrupt = reject
        iterator.next().then(resolve, reject)
      })
      if (next.done) {
        ended = true
        return
      }
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not waited for: a body that waits for something would not hear of it before that comes.
    if (!ended) void iterator.return?.()?.catch(() => {})
  }
}

function abortion(signal: AbortSignal): { readonly promise: Promise<never>; readonly done: () => void } {
  let done = () => {}
  const promise = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    done = () => signal.removeEventListener('abort', abort)
  })
  // It may come when nobody races it any more.
  promise.catch(() => {})
  return { promise, done }
}
