import type { HttpResponse } from '#lib/http.ts'
import { quote } from '#schema/go-text.ts'
import type { Context } from '../context.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { bareText, text } from '../http/respond.ts'
import { createHealthMetrics } from './health-metrics.ts'

/** Undefined: all is well; else what is wrong, for the log only. */
export type Check = () => Promise<string | undefined>

export interface Health {
  /** The answer to `/healthz`, `/livez`, `/readyz` and their single checks; `undefined` for other paths. */
  answer(path: string, info: RequestInfo): Promise<HttpResponse | undefined>
  /** `/metrics/slis`: how the checks went. */
  slis(): string
  /** All paths that it answers. */
  readonly paths: readonly string[]
}

/**
 * Checks in the reference's names, where there is something behind them. `?verbose` lists them, `?exclude=` leaves some out.
 * `readyChecks` stand behind `/readyz` only, `startChecks` (what has to have happened once, such as `poststarthook/rbac/bootstrap-roles`)
 * behind all three.
 */
export function createHealth(
  context: Context,
  readyChecks: Readonly<Record<string, Check>>,
  startChecks: Readonly<Record<string, Check>> = {},
): Health {
  const metrics = createHealthMetrics()
  const store: Check = async () => {
    try {
      await context.store.revision()
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const fine: Check = async () => undefined
  const live = {
    ping: fine,
    log: fine,
    // The reference's name for the check of what is stored; tools ask for it.
    etcd: store,
    ...(context.flowControl !== undefined && { 'poststarthook/priority-and-fairness-config-consumer': fine }),
    ...startChecks,
  }
  const sets: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
    '/healthz': live,
    '/livez': live,
    '/readyz': {
      ...live,
      'etcd-readiness': store,
      'informer-sync': async () =>
        (await context.cacher.reached(await context.store.revision(), 1_000)) ? undefined : 'the caches lag behind the store',
      ...readyChecks,
    },
  }

  async function isFine(name: string, check: Check, type: string): Promise<boolean> {
    const problem = await check()
    metrics.note(name, type, problem === undefined)
    // Why it fails is the log's: anybody may ask here.
    if (problem !== undefined) context.log('a health check failed', { check: name, problem })
    return problem === undefined
  }

  return {
    slis: metrics.text,
    paths: Object.entries(sets).flatMap(([root, checks]) => [root, ...Object.keys(checks).map((name) => `${root}/${name}`)]),
    async answer(path, { query }) {
      const root = /^\/(?:healthz|livez|readyz)(?=\/|$)/.exec(path)?.[0]
      if (root === undefined) return undefined
      const checks = sets[root]!
      const type = root.slice(1)
      const name = path.slice(root.length + 1)
      if (path !== root) {
        if (!Object.hasOwn(checks, name)) return text('404 page not found\n', 404)
        return (await isFine(name, checks[name]!, type)) ? bareText('ok') : text('internal server error: the check failed\n', 500)
      }
      const excluded = new Set(query.getAll('exclude'))
      const unknown = [...excluded].filter((each) => !Object.hasOwn(checks, each)).toSorted()
      const lines: string[] = []
      let failed = false
      for (const [each, check] of Object.entries(checks)) {
        if (excluded.has(each)) {
          lines.push(`[+]${each} excluded: ok\n`)
          continue
        }
        const fineNow = await isFine(each, check, type)
        failed ||= !fineNow
        lines.push(fineNow ? `[+]${each} ok\n` : `[-]${each} failed: reason withheld\n`)
      }
      if (unknown.length > 0)
        lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((each) => quote(each)).join(',')}\n`)
      if (failed) return text(`${lines.join('')}${type} check failed\n`, 500)
      return text(query.has('verbose') ? `${lines.join('')}${type} check passed\n` : 'ok')
    },
  }
}
