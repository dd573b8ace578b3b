import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { expositionType } from '#lib/metrics/exposition.ts'
import type { Context } from '../context.ts'
import { serveDiscovery } from '../discovery/discovery.ts'
import { serveOpenapi } from '../openapi/openapi.ts'
import type { ApiServerOptions } from '../server.ts'
import { createHealth } from './health.ts'
import { prettyText } from './pretty.ts'
import type { RequestInfo } from './request-info.ts'
import { jsonBytes, methodNotAllowed, text } from './respond.ts'
import { versionOf } from './version.ts'

export type NonResource = (request: HttpRequest, info: RequestInfo) => Promise<HttpResponse>

/** Everything that is no resource: discovery, OpenAPI, health, metrics, version. */
export function serveNonResource(context: Context, options: ApiServerOptions): NonResource {
  const health = createHealth(context, options.readyChecks ?? {})
  const discovery = serveDiscovery(context, options.advertiseAddress)
  const openapi = serveOpenapi(context, options.version)
  const paths = ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version']
  return async (request, info) => {
    const path = info.path.replace(/\/+$/, '')
    if (path === '') return pretty({ paths })
    const responder = options.responders?.[path]
    if (responder !== undefined) return request.method === 'GET' ? responder() : methodNotAllowed()
    if (path === '/version') return pretty(versionOf(options.version))
    if (path === '/metrics') return text(context.metrics.registry.text(), 200, { 'content-type': expositionType })
    return (
      (await health(path, info)) ?? (await discovery(request, path)) ?? openapi(request, path, info) ?? text('404 page not found\n', 404)
    )
  }
}

const pretty = (value: unknown): HttpResponse => jsonBytes(Buffer.from(prettyText(value)))
