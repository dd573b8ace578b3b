import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { expositionType } from '#lib/metrics/exposition.ts'
import { type VersionFacts, versionOf } from '#lib/version-info.ts'
import { type ZPageFacts, type ZPageWriter, zPage } from '#lib/z-pages.ts'
import { formatYaml } from '#schema/yaml-writer.ts'
import { inOrder } from '../aggregation/group-order.ts'
import type { Context } from '../context.ts'
import { serveDiscovery } from '../discovery/discovery.ts'
import { dumpOf } from '../flow-control/debug.ts'
import { createHealth } from '../health/health.ts'
import { serveWrites, writesRoot } from '../journal/serve-writes.ts'
import { serveOpenapi } from '../openapi/openapi.ts'
import type { ApiServerOptions } from '../server.ts'
import { acceptable } from './negotiate.ts'
import { prettyText } from './pretty.ts'
import type { RequestInfo } from './request-info.ts'
import { absentRoute, bareText, jsonBytes, methodNotAllowed, routeNotAcceptable, text } from './respond.ts'
import { sortKeys } from './sort-keys.ts'

/** Answers a request whose path is no resource's; 404 where there is nothing at it. */
export type NonResource = (request: HttpRequest, info: RequestInfo) => Promise<HttpResponse>

/**
 * Everything that is no resource: discovery, OpenAPI, health, metrics, version, and pages for people who look for a fault. Profiles
 * (`/debug/pprof`) are not served: they are Go's own format, which nothing here makes; Node's inspector gives them.
 */
export function serveNonResource(context: Context, options: ApiServerOptions): NonResource {
  const health = createHealth(context, options)
  const discovery = serveDiscovery(context, options.advertiseAddress)
  const openapi = serveOpenapi(context, options)
  const startedMs = context.clock.now()
  const exposition = { 'content-type': expositionType, 'process-start-time-unix': `${Math.floor(startedMs / 1000)}` }
  const routes: readonly (readonly [root: string, answer: (accept: string | undefined) => HttpResponse])[] = [
    ['/version', (accept) => (acceptable(accept, jsonOnly) ? pretty(versionOf(options.version)) : routeNotAcceptable(accept, jsonOnly))],
    ...Object.entries(options.responders ?? {}),
  ]
  return async (request, info) => {
    const { path } = info
    if (path === '/' || path === '/index.html') return pretty({ paths: rootPaths(context, options, health.paths) })
    const routed = routes.find(([root]) => path === root || path.startsWith(`${root}/`))
    if (routed !== undefined) {
      const [root, answer] = routed
      // What the reference has as a route takes a slash at its end, one method, and refuses in its router's form.
      if (path.slice(root.length).replace(/^\//, '') !== '') return absentRoute(request.headers['accept'])
      return request.method === 'GET' ? answer(request.headers['accept']) : methodNotAllowed(request.headers['accept'])
    }
    if (path === '/metrics') return bareText(context.metrics.registry.text(), exposition)
    if (path === '/metrics/slis') return bareText(health.slis(), exposition)
    if (path === '/statusz' || path === '/flagz') {
      const facts: ZPageFacts = {
        component: 'apiserver',
        startedMs,
        nowMs: context.clock.now(),
        version: shownVersion(options.version),
        flags: options.flags ?? {},
        paths: ownPaths,
      }
      const { headers, body } = zPage(path, request.headers['accept'] ?? '', facts, zPageWriter)
      return { status: 200, headers: { 'cache-control': 'no-cache, private', ...headers }, body: Buffer.from(body) }
    }
    if (path.startsWith(writesRoot)) return serveWrites(context, path) ?? absent()
    if (path.startsWith(debugRoot)) return dump(context, path.slice(debugRoot.length), info) ?? absent()
    const found = (await health.answer(path, info)) ?? (await discovery(request, path.replace(/\/$/, ''))) ?? openapi(request, path, info)
    if (found !== undefined) return found
    const [, group] = /^\/(?:api|apis\/([^/]+))\/[^/]+\/?$/.exec(path) ?? []
    return group !== undefined || path.startsWith('/api/') ? absentVersion(context, group ?? '', request.headers['accept']) : absent()
  }
}

function dump({ flowControl, clock }: Context, name: string, info: RequestInfo): HttpResponse | undefined {
  if (flowControl === undefined) return undefined
  const details = (info.query.get('includeRequestDetails') ?? '') !== ''
  const body = dumpOf(name, flowControl.states, details, clock.now(), clock.monotonicMs())
  return body === undefined ? undefined : bareText(body)
}

/** What `/` lists: all that is served but single resources. */
function rootPaths(context: Context, { responders = {} }: ApiServerOptions, healthPaths: readonly string[]): readonly string[] {
  const forms = (['plain', 'aggregated'] as const).flatMap((form) => inOrder(context.kinds.groups, context.aggregation.registrations, form))
  const groups = forms.flatMap(({ group, versions }) =>
    group === ''
      ? versions.map((version) => `/api/${version}`)
      : [`/apis/${group}`, ...versions.map((version) => `/apis/${group}/${version}`)],
  )
  const fixed = ['/api', '/apis', '/apis/', '/metrics/slis', '/openapi/v2', '/openapi/v3', '/openapi/v3/', ...ownPaths]
  return [...new Set([...groups, ...fixed, ...healthPaths, ...Object.keys(responders)])].toSorted()
}

/** A version that a group does not have: of a group of ours the router says so, of others nobody is there to say anything. */
export function absentVersion({ kinds }: Context, group: string, accept: string | undefined): HttpResponse {
  const isOurs = kinds.all.some((kind) => kind.group === group && kind.shape.kind !== 'structural')
  return isOurs ? absentRoute(accept) : absent()
}

const absent = (): HttpResponse => text('404 page not found\n', 404)
const pretty = (value: unknown): HttpResponse => jsonBytes(Buffer.from(prettyText(value)))
const zPageWriter: ZPageWriter = { json: prettyText, yaml: (value) => formatYaml(sortKeys(value)) }
function shownVersion(facts: VersionFacts): ZPageFacts['version'] {
  const { goVersion = '', gitVersion = '', emulationMajor, emulationMinor } = versionOf(facts) as Readonly<Record<string, string>>
  return { goVersion, gitVersion, emulationVersion: `${emulationMajor}.${emulationMinor}` }
}
const jsonOnly = ['application/json']
const ownPaths = ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version']
const debugRoot = '/debug/api_priority_and_fairness/'
