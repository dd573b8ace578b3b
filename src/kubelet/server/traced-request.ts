import type { IncomingMessage } from 'node:http'
import type { NodeTracer } from '../tracing/node-tracer.ts'
import { pathOf } from './metrics.ts'

/** A request whose sender may ask what it asks, and how its status is found: of an error, or undefined where there was none. */
export interface TracedRequest {
  readonly request: IncomingMessage
  readonly url: URL
  readonly statusOf: (error: unknown) => number
}

/** Answers a request as a span: of the caller's trace, where that is traced, else of a trace of its own, if chance chooses it. */
export async function tracedRequest(
  tracer: Pick<NodeTracer, 'beginFor'> | undefined,
  { request, url, statusOf }: TracedRequest,
  answer: () => Promise<void> | void,
): Promise<void> {
  if (tracer === undefined) return answer()
  const { traceparent, 'user-agent': userAgent } = request.headers
  const route = `/${pathOf(url.pathname)}`
  const span = tracer.beginFor(typeof traceparent === 'string' ? traceparent : undefined, route, {
    kind: 'server',
    attributes: {
      'http.request.method': request.method ?? '',
      'http.route': route,
      'url.path': url.pathname,
      ...(userAgent !== undefined && { 'user_agent.original': userAgent }),
    },
  })
  if (span === undefined) return answer()
  const end = (error?: unknown): void => {
    const status = statusOf(error)
    span.note({ 'http.response.status_code': String(status) })
    span.end(status >= 500 ? (error ?? `the answer is ${status}`) : undefined)
  }
  try {
    await span.run(answer)
    end()
  } catch (error) {
    end(error)
    throw error
  }
}
