import type { ServerResponse } from 'node:http'
import { WherryError } from '#lib/errors.ts'
import type { Metrics } from './metrics.ts'

/** One thing that has to be well; throws or says what is not. */
export interface HealthCheck {
  readonly name: string
  check(): void
}

/** GET /healthz and /healthz/<check>, in the form of all Kubernetes components: `ok`, each check with `?verbose`, `?exclude=<check>`. */
export function serveHealth(
  checks: readonly HealthCheck[],
  { response, url, metrics }: { readonly response: ServerResponse; readonly url: URL; readonly metrics?: Pick<Metrics, 'checked'> },
): void {
  const all = [ping, ...checks]
  const asked = url.pathname.replace(/^\/healthz\/?/, '')
  const chosen =
    asked === '' ? all.filter(({ name }) => !url.searchParams.getAll('exclude').includes(name)) : all.filter(({ name }) => name === asked)
  if (chosen.length === 0 && asked !== '') throw new WherryError('NotFound', '404 page not found')
  const outcomes = chosen.map(({ name, check }) => {
    try {
      check()
      metrics?.checked(name, true)
      return { name }
    } catch (error) {
      metrics?.checked(name, false)
      return { name, problem: error instanceof Error ? error.message : String(error) }
    }
  })
  const failed = outcomes.some(({ problem }) => problem !== undefined)
  const head = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' }
  if (asked !== '') {
    const [outcome] = outcomes
    response.writeHead(failed ? 500 : 200, head).end(failed ? `internal server error: ${outcome!.problem}\n` : 'ok')
    return
  }
  const lines = outcomes.map(
    ({ name, problem }) => `[${problem === undefined ? '+' : '-'}]${name} ${problem === undefined ? 'ok' : 'failed: reason withheld'}\n`,
  )
  if (failed) response.writeHead(500, head).end(`${lines.join('')}healthz check failed\n`)
  else response.writeHead(200, head).end(url.searchParams.has('verbose') ? `${lines.join('')}healthz check passed\n` : 'ok')
}

const ping: HealthCheck = { name: 'ping', check() {} }
