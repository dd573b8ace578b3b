import type { Answer, Forward, HeaderChanges, PathChange, Redirect, WeightedBackend } from '../model/action.ts'
import { prefixOf } from '../model/compare-routes.ts'
import type { Listener } from '../model/listener.ts'
import type { PathMatch } from '../model/route.ts'
import type { ProxySettings } from './configuration.ts'
import { contentHash } from './content-hash.ts'
import { literal, quote, quoteFormat } from './quote.ts'

/**
 * A `backend` section of the proxy's configuration: all that is done with a request once its route and its backend are chosen. Routes that do the same
 * share one, so there are as many as there are different things to do, whatever the number of hosts.
 */
export interface BackendSection {
  readonly name: string
  readonly lines: readonly string[]
}

/** Passes requests on to the backend of this name. Its servers are not part of the text. */
export function forwardSection(backend: string, action: Forward, weighted: WeightedBackend, path: PathMatch): BackendSection {
  const { rewrite, timeouts, connectTimeoutMs } = action
  const lines = [
    ...timeoutLines(timeouts, connectTimeoutMs),
    ...(rewrite?.path ? [`http-request set-path ${changedPath(rewrite.path, path)}`] : []),
    ...(rewrite?.hostname === undefined ? [] : [`http-request set-header Host ${quoteFormat(rewrite.hostname)}`]),
    ...headerLines('http-request', action.requestHeaders),
    ...headerLines('http-request', weighted.requestHeaders),
    ...headerLines('http-response', action.responseHeaders),
    ...headerLines('http-response', weighted.responseHeaders),
  ]
  const plain = backendSectionName(backend)
  return {
    name: lines.length === 0 ? plain : `${plain}_${contentHash(lines.join('\n'))}`,
    lines: ['balance roundrobin', ...lines],
  }
}

/** Passes connections on to the backend of this name, as they are. Its servers are not part of the text. */
export const passSection = (backend: string): BackendSection => ({
  name: backendSectionName(backend),
  lines: ['mode tcp', 'balance roundrobin'],
})

/** Ends connections. */
export const rejectSection: BackendSection = { name: 't_reject', lines: ['mode tcp', 'tcp-request content reject'] }

/** Passes connections on to the part of the proxy that ends TLS at this door, and tells it of the client. */
export const innerSection = (door: string, { inner }: Pick<ProxySettings, 'inner'>): BackendSection => ({
  name: `t_${door}`,
  lines: ['mode tcp', `server own unix@${inner.reached}/${innerSocket(door)} send-proxy-v2`],
})

/** A file that only the proxy itself may open: whoever may, could claim to be any client. */
export const innerSocket = (door: string): string => `${door}.sock`

/** Answers by itself. */
export const answerSection = ({ status }: Answer): BackendSection => ({
  name: `a_${status}`,
  lines: [`http-request return status ${status} content-type text/plain string "${answerTexts[status]}\\n"`],
})

/** Sends clients elsewhere. */
export function redirectSection(action: Redirect, { protocol, port: listenerPort }: Listener, path: PathMatch): BackendSection {
  const { hostname, status, responseHeaders } = action
  const scheme = action.scheme ?? (protocol === 'HTTPS' ? 'https' : 'http')
  const port = action.port ?? (action.scheme === undefined ? listenerPort : defaultPorts[scheme])
  const place = `${scheme}://${hostname === undefined ? '%[var(txn.host)]' : literal(hostname)}${port === defaultPorts[scheme] ? '' : `:${port}`}`
  const query = `http-request set-var-fmt(txn.query) ${quote('?%[query]')} if { query -m len gt 0 }`
  const lines = [
    ...(action.path ? [query] : []),
    ...headerLines('http-after-response', responseHeaders),
    `http-request redirect code ${status} location ${quote(`${place}${action.path ? `${pathFormat(action.path, path)}%[var(txn.query)]` : '%[pathq]'}`)}`,
  ]
  return { name: `r_${contentHash(lines.join('\n'))}`, lines }
}

/** `b_shop_web:80` for `shop/web:80`: readable in logs and metrics. Names of objects have no `_`, so two never meet; others get a name by content. */
export const backendSectionName = (name: string): string =>
  /^[a-z0-9.-]+\/[a-z0-9.-]+:\d+(\/(h2c|tcp))?$/.test(name)
    ? `b_${name.replace(/\/(?=h2c$|tcp$)/, '.').replace('/', '_')}`
    : `b_${contentHash(name)}`

const answerTexts = {
  404: 'no route matches this request',
  500: 'the route of this request cannot be followed',
  503: 'nothing can answer this request now',
} as const
const defaultPorts = { http: 80, https: 443 } as const

function timeoutLines(timeouts: Forward['timeouts'], connectTimeoutMs: number | undefined): string[] {
  const given = [timeouts?.requestMs, timeouts?.backendRequestMs].filter((ms) => ms !== undefined)
  const bounded = given.filter((ms) => ms > 0)
  return [
    ...(given.length === 0 ? [] : [`timeout server ${bounded.length === 0 ? endlessMs : Math.min(...bounded)}ms`]),
    ...(connectTimeoutMs === undefined ? [] : [`timeout connect ${connectTimeoutMs === 0 ? endlessMs : connectTimeoutMs}ms`]),
  ]
}

/** HAProxy warns of sections without a timeout: the longest that it takes, 24 days, is as good as none. */
const endlessMs = 24 * 86_400_000

const changedPath = (change: PathChange, match: PathMatch): string => quote(pathFormat(change, match))

/** The changed path as a format. The query is not part of it. */
function pathFormat({ type, value }: PathChange, match: PathMatch): string {
  if (type === 'ReplaceFull') return literal(value)
  const prefixLength = prefixOf(match.value).length
  const replacement = prefixOf(value)
  // What is left of the path begins with a slash or is nothing; a path that would be nothing is `/`.
  return replacement === '' ? `/%[path,bytes(${prefixLength + 1})]` : `${literal(replacement)}%[path,bytes(${prefixLength})]`
}

function headerLines(stage: 'http-request' | 'http-response' | 'http-after-response', changes: HeaderChanges | undefined): string[] {
  if (changes === undefined) return []
  return [
    ...changes.remove.map((name) => `${stage} del-header ${quote(name)}`),
    ...changes.set.map(({ name, value }) => `${stage} set-header ${quote(name)} ${quoteFormat(value)}`),
    ...changes.add.map(({ name, value }) => `${stage} add-header ${quote(name)} ${quoteFormat(value)}`),
  ]
}
