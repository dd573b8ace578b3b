import type { HttpResponse } from '#lib/http.ts'
import type { Context } from '../context.ts'
import type { RequestInfo } from './request-info.ts'
import { text } from './respond.ts'

type Check = () => Promise<string | undefined>

/** `/healthz`, `/livez`, `/readyz` and their single checks; `?verbose` lists them, `?exclude=` leaves some out. */
export function createHealth(
  context: Context,
  readyChecks: Readonly<Record<string, Check>>,
): (path: string, info: RequestInfo) => Promise<HttpResponse | undefined> {
  const store: Check = async () => {
    try {
      await context.store.revision()
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  // The reference's name for the check of what is stored; tools ask for it.
  const live: Readonly<Record<string, Check>> = { ping: async () => undefined, log: async () => undefined, etcd: store }
  const sets: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
    '/healthz': live,
    '/livez': live,
    '/readyz': {
      ...live,
      'informer-sync': async () =>
        (await context.cacher.reached(await context.store.revision(), 1_000)) ? undefined : 'the caches lag behind the store',
      ...readyChecks,
    },
  }
  return async (path, { query }) => {
    const root = /^\/(?:healthz|livez|readyz)(?=\/|$)/.exec(path)?.[0]
    if (root === undefined) return undefined
    const checks = sets[root]!
    const name = path.slice(root.length + 1)
    if (name !== '') return name in checks ? single(checks[name]!) : text('404 page not found\n', 404)
    const excluded = query.getAll('exclude')
    const lines: string[] = []
    let failed = false
    for (const [check, run] of Object.entries(checks)) {
      if (excluded.includes(check)) {
        lines.push(`[+]${check} excluded: ok`)
        continue
      }
      const problem = await run()
      if (problem !== undefined) failed = true
      // Why it fails is the log's: anybody may ask here.
      lines.push(problem === undefined ? `[+]${check} ok` : `[-]${check} failed: reason withheld`)
      if (problem !== undefined) context.log('a health check failed', { check, problem })
    }
    const kind = root.slice(1)
    if (failed) return text(`${lines.join('\n')}\n${kind} check failed\n`, 500)
    return text(query.has('verbose') ? `${lines.join('\n')}\n${kind} check passed\n` : 'ok')
  }
}

async function single(check: Check): Promise<HttpResponse> {
  return (await check()) === undefined ? text('ok') : text('internal server error: the check failed\n', 500)
}
