import type { Status } from '#api/meta/v1/types.ts'
import { errorOfStatus } from '#client/status.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { readBody, type Transport } from '#lib/http.ts'
import { quote } from '#schema/go-text.ts'
import { parseTime } from '../common/time.ts'
import type { MetricsReader } from './metrics-reader.ts'
import { milliOf } from './resource-samples.ts'

/** The metrics APIs as extension API servers serve them, each under its own group; one that nobody serves answers 404. */
export function createApiMetrics(transport: Transport, clock: Clock): MetricsReader {
  /** `resource` is what a message calls it. */
  async function read(path: string, resource: string): Promise<Json> {
    const late = new AbortController()
    const forget = clock.schedule(clock.now() + answerMs, () => late.abort(new WherryError('Timeout', 'context deadline exceeded')))
    try {
      const headers = { accept: 'application/json', 'user-agent': 'wherry' }
      const response = await transport({ method: 'GET', path, headers, signal: late.signal })
      const text = new TextDecoder().decode(await readBody(response.body, bodyMaxBytes))
      const body = parse(text)
      if (response.status === 200 && body !== undefined) return body
      if (body?.['kind'] === 'Status') throw errorOfStatus(body as Partial<Status>, response.status)
      throw new WherryError('InternalError', `${unexplained(response.status, text)} (get ${resource})`)
    } finally {
      forget()
    }
  }

  /** The version that the server prefers, or else the first, of those that are known here. */
  async function customVersion(): Promise<string> {
    const group = await read(`/apis/${customGroup}`, customGroup).catch((error: unknown) => {
      throw new WherryError('NotFound', `no custom metrics API (${customGroup}) registered`, { cause: error })
    })
    const preferred = (group['preferredVersion'] as Json | undefined)?.['version']
    const offered = [preferred, ...listOf(group, 'versions').map(({ version }) => version)]
    const known = offered.find((version) => version === 'v1beta2' || version === 'v1beta1')
    if (known === undefined) throw new WherryError('NotFound', 'no known available metric versions found')
    return known as string
  }

  /** `rest`: `pods/*` or the like, and the metric's name. */
  async function readCustom(namespace: string, rest: readonly string[], query: Readonly<Record<string, string>>): Promise<readonly Json[]> {
    const [resource, ...names] = rest as [string, ...string[]]
    const path = `/apis/${customGroup}/${await customVersion()}/namespaces/${[namespace, ...rest].map(encodeURIComponent).join('/')}`
    return listOf(await read(path + queryOf(query), `${resource}.${customGroup} ${names[0]}`), 'items')
  }

  return {
    async podUsage(namespace, selector) {
      const path = `/apis/${resourceGroup}/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods`
      const list = await read(path + queryOf({ labelSelector: selector }), `pods.${resourceGroup}`)
      return listOf(list, 'items').map((item) => ({
        pod: textOf(item['metadata'] as Json, 'name'),
        at: parseTime(textOf(item, 'timestamp')) ?? 0,
        windowMs: durationMs(textOf(item, 'window')),
        containers: listOf(item, 'containers').map((container) => ({
          name: textOf(container, 'name'),
          usage: (container['usage'] ?? {}) as Readonly<Record<string, string>>,
        })),
      }))
    },
    async podsMetric(namespace, selector, metric) {
      const query = { labelSelector: selector, metricLabelSelector: metric.selector }
      const items = await readCustom(namespace, ['pods', '*', metric.name], query)
      return new Map(
        items.map((item) => {
          const seconds = (item['windowSeconds'] ?? item['window']) as number | undefined
          const windowMs = seconds === undefined ? usualWindowMs : seconds * 1000
          const at = parseTime(textOf(item, 'timestamp')) ?? 0
          return [textOf(item['describedObject'] as Json, 'name'), { at, windowMs, milli: milliOf(textOf(item, 'value')) }] as const
        }),
      )
    },
    async objectMetric(namespace, object, metric) {
      const rest = object === 'namespace' ? ['metrics', metric.name] : [object.resource, object.name, metric.name]
      const items = await readCustom(namespace, rest, { metricLabelSelector: metric.selector })
      if (items.length !== 1) {
        const message = `the custom metrics API server returned ${items.length} results when we asked for exactly one`
        throw new WherryError('InternalError', message)
      }
      return milliOf(textOf(items[0]!, 'value'))
    },
    async externalMetric(namespace, metric) {
      const path = `/apis/${externalGroup}/v1beta1/namespaces/${[namespace, metric.name].map(encodeURIComponent).join('/')}`
      const list = await read(path + queryOf({ labelSelector: metric.selector }), `${metric.name}.${externalGroup}`)
      return listOf(list, 'items').map((item) => milliOf(textOf(item, 'value')))
    },
  }
}

const resourceGroup = 'metrics.k8s.io'
const customGroup = 'custom.metrics.k8s.io'
const externalGroup = 'external.metrics.k8s.io'

/** Twice the time between two looks: later than that, nobody waits for the answer any more. */
const answerMs = 30_000
/** Tens of thousands of pods. */
const bodyMaxBytes = 64 * 1024 * 1024
/** Of a sample that does not say over how long it was taken. */
const usualWindowMs = 60_000

type Json = Readonly<Record<string, unknown>>

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    // A proxy's words, or a server's that speaks no JSON: the caller shows what matters of them.
    return undefined
  }
}

const listOf = (value: Json, field: string): readonly Json[] => (Array.isArray(value[field]) ? (value[field] as Json[]) : [])

function textOf(value: Json | undefined, field: string): string {
  const text = value?.[field]
  if (typeof text === 'string' || typeof text === 'number') return String(text)
  throw new WherryError('InternalError', `the metrics server's answer has no ${field}`)
}

function queryOf(values: Readonly<Record<string, string>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
}

/** What the reference's client says of an answer that is no Status. */
function unexplained(status: number, text: string): string {
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 429) return 'the server has received too many requests and has asked us to try again later'
  if (status === 503) return 'the server is currently unable to handle the request'
  if (status === 504) return 'the server was unable to return a response in the time allotted, but may still be processing the request'
  if (status >= 500) return `an error on the server (${quote(text.trim().slice(0, 2048))}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}
