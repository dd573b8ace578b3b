import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import { quote } from '#schema/go-text.ts'
import type { Context } from '../context.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { bareText, text } from '../http/respond.ts'
import { createHealthMetrics } from './health-metrics.ts'
import { type Start, startChecks } from './start-checks.ts'

/** Undefined: all is well. */
export type Check = () => Promise<Problem | undefined>
/** What is wrong: for the log only, since anybody may ask here, unless it is `shown` to who asks for this one check. */
export type Problem = string | { readonly shown: string }

/** Checks that others add to those of the API server itself. */
export interface HealthOptions {
  /** Further checks behind `/readyz`, by name. */
  readonly readyChecks?: Readonly<Record<string, Check>> | undefined
  /** Steps of the start that are no part of the API server itself. */
  readonly start?: Omit<Start, 'served'> | undefined
  /** Whether the server has been told to end. */
  readonly isStopping?: (() => boolean) | undefined
}

/** What load balancers, kubelets and people ask a server about itself. */
export interface Health {
  /** The answer to `/healthz`, `/livez`, `/readyz` and their single checks; `undefined` for other paths. */
  answer(path: string, info: RequestInfo): Promise<HttpResponse | undefined>
  /** `/metrics/slis`: how the checks went. */
  slis(): string
  /** All paths that it answers. */
  readonly paths: readonly string[]
}

/** Checks in the reference's names and order. `?verbose` lists them, `?exclude=` leaves some out. */
export function createHealth(context: Context, options: HealthOptions): Health {
  const metrics = createHealthMetrics()
  const sets = checkSets(context, options)

  async function problemOf(name: string, check: Check): Promise<Problem | undefined> {
    // A check that fails in another way than it knows has failed all the same; the others are still told of.
    const problem = await check().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (problem !== undefined)
      context.log('a health check failed', { check: name, problem: typeof problem === 'string' ? problem : problem.shown })
    return problem
  }

  async function answerOne(name: string, check: Check): Promise<HttpResponse> {
    const problem = await problemOf(name, check)
    if (problem === undefined) return bareText('ok')
    return text(`internal server error: ${typeof problem === 'string' ? 'the check failed' : problem.shown}\n`, 500)
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
      if (path !== root) return Object.hasOwn(checks, name) ? answerOne(name, checks[name]!) : text('404 page not found\n', 404)
      const excluded = new Set(query.getAll('exclude'))
      const unknown = [...excluded].filter((each) => !Object.hasOwn(checks, each)).toSorted()
      const lines: string[] = []
      let failed = false
      for (const [each, check] of Object.entries(checks)) {
        if (excluded.has(each)) {
          lines.push(`[+]${each} excluded: ok\n`)
          continue
        }
        const isFine = (await problemOf(each, check)) === undefined
        metrics.note(each, type, isFine)
        failed ||= !isFine
        lines.push(isFine ? `[+]${each} ok\n` : `[-]${each} failed: reason withheld\n`)
      }
      if (unknown.length > 0)
        lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((each) => quote(each)).join(',')}\n`)
      if (failed) return text(`${lines.join('')}${type} check failed\n`, 500)
      return text(query.has('verbose') ? `${lines.join('')}${type} check passed\n` : 'ok')
    },
  }
}

/** The checks behind each of the three paths. */
function checkSets(context: Context, options: HealthOptions): Readonly<Record<string, Readonly<Record<string, Check>>>> {
  const { cacher, clock } = context
  const fine: Check = async () => undefined
  const store: Check = async () => {
    try {
      return (await inTime(clock, context.store.revision())) === undefined ? 'the store does not answer' : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const cachesFollow: Check = async () => {
    const revision = await inTime(clock, context.store.revision())
    const reached = revision !== undefined && (await cacher.reached(revision, cacheLagMs))
    return reached ? undefined : 'the caches lag behind the store'
  }
  const started = startChecks({ ...options.start, served: () => true })
  const isAnswering = { ping: fine, log: fine }
  // Nobody within the process needs a certificate to reach the server, so none of theirs ever ends.
  const withLoopback = { ...isAnswering, 'loopback-serving-certificate': fine }
  const live = { ...withLoopback, etcd: store, ...started }
  return {
    '/healthz': live,
    '/livez': live,
    '/readyz': {
      ...isAnswering,
      // The reference's name for the check of what is stored; tools ask for it.
      etcd: store,
      'etcd-readiness': store,
      'informer-sync': cachesFollow,
      ...options.readyChecks,
      ...started,
      shutdown: async () => (options.isStopping?.() === true ? { shown: 'process is shutting down' } : undefined),
    },
  }
}

/** So long the reference lets its store take to answer: --etcd-healthcheck-timeout and --etcd-readycheck-timeout. */
const storeMs = 2_000
const cacheLagMs = 1_000

/** Undefined where it takes too long: a store that hangs must not make those hang who ask how it is. */
async function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T | undefined> {
  let forget = (): void => {}
  const late = new Promise<undefined>((resolve) => {
    forget = clock.schedule(clock.now() + storeMs, () => resolve(undefined))
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    forget()
  }
}
