import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'

/** When each pod was first seen with a node, on `performance.now()`'s scale. */
export interface Bindings {
  readonly at: ReadonlyMap<string, number>
  /** Resolves once so many were seen; rejects when it cannot be watched, or nothing has come for `idleMs`. */
  reached(count: number, idleMs: number): Promise<void>
  close(): void
}

/** Watches a namespace's pods that have a node. Events are searched, not parsed: the watcher shares the machine with what it measures. */
export async function watchBindings(session: ClientHttp2Session, namespace: string): Promise<Bindings> {
  const at = new Map<string, number>()
  let failure: Error | undefined
  let isClosed = false
  let wake = (): void => {}
  let stream = await open()

  async function open(): Promise<ClientHttp2Stream> {
    const opened = session.request({
      ':method': 'GET',
      // Without a version each watch begins with the pods that are there, so that nothing is missed where one follows another.
      ':path': `${namespace}/pods?watch=true&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`,
      accept: 'application/json',
    })
    opened.setEncoding('utf8')
    await new Promise<void>((resolve, reject) => {
      opened.once('response', (headers) =>
        headers[':status'] === 200 ? resolve() : reject(new Error(`watching pods of ${namespace}: ${headers[':status']}`)),
      )
      opened.once('error', reject)
    })
    let rest = ''
    opened.on('data', (text: string) => {
      const now = performance.now()
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const name = /"metadata":\{[^{}]*?"name":"([^"]+)"/.exec(line)?.[1]
        if (name !== undefined && !at.has(name)) at.set(name, now)
      }
      wake()
    })
    opened.once('close', () => {
      if (isClosed) return
      // The original ends watches now and then, above all soon after its start.
      open().then(
        (next) => {
          stream = next
        },
        (error: Error) => {
          failure = error
          wake()
        },
      )
    })
    return opened
  }

  return {
    at,
    async reached(count, idleMs) {
      let seen = -1
      while (at.size < count) {
        if (failure !== undefined) throw failure
        if (at.size === seen) throw new Error(`only ${seen} of ${count} pods got a node, and no further one for ${idleMs / 1000} s`)
        seen = at.size
        const late = Promise.withResolvers<void>()
        const timer = setTimeout(late.resolve, idleMs)
        const heard = new Promise<void>((resolve) => {
          wake = () => {
            if (at.size !== seen || failure !== undefined) resolve()
          }
        })
        await Promise.race([heard, late.promise])
        clearTimeout(timer)
      }
    },
    close() {
      isClosed = true
      stream.close()
    },
  }
}
