import { isIPv6 } from 'node:net'
import type { Route, ValueMatch } from '../model/route.ts'
import { wholePattern } from '../model/whole-pattern.ts'
import { innerSocket } from './backend-section.ts'
import { listFile } from './certificate-lines.ts'
import { accessRing, connectionLogFormat, errorLogFormat, logFormat } from './common-sections.ts'
import type { ProxySettings } from './configuration.ts'
import { contentHash } from './content-hash.ts'
import type { Door } from './doors.ts'
import type { HostKey } from './host-patterns.ts'
import { quote, quoteArgument } from './quote.ts'

/** Routes of one host and path that have to be asked in turn. */
export interface ConditionGroup {
  /** `c:` and a hash of all that stands in it. */
  readonly id: string
  readonly choices: readonly { readonly route: Pick<Route, 'path' | 'method' | 'headers' | 'queryParameters'>; readonly target: string }[]
}

interface Frontend {
  readonly door: Pick<Door, 'name' | 'port' | 'addresses'>
  readonly protocol: 'HTTP' | 'HTTPS'
  /** Another frontend of the door passes connections on to this one, see `connectionLines`. */
  readonly isInner: boolean
  readonly hosts: readonly HostKey[]
  readonly groups: readonly ConditionGroup[]
  readonly settings: ProxySettings
}

/**
 * The lines of one door's `frontend`. A request's way through it: which host pattern is its, by the maps' exact key, then by wildcards from the longest
 * to the shortest; which path, the exact one first, then the longest prefix. Both are look-ups in trees, so neither costs more with more hosts. What they
 * find is a section's name, or a group of conditions (`c:`), or a wheel of weights (`w:`) that has to be asked before.
 */
export function frontendLines({ door: { name: door, port, addresses }, protocol, isInner, hosts, groups, settings }: Frontend): string[] {
  const map = (name: string): string => `${settings.directory}/maps/${door}-${name}.map`
  const unlessFound = (variable: string): string => `if !{ var(${variable}) -m found }`
  const find = (expression: string): string =>
    `http-request set-var(txn.vhost) ${expression},map_str(${map('hosts')}) ${unlessFound('txn.vhost')}`
  return [
    ...(isInner
      ? [`bind unix@${settings.inner.bound}/${innerSocket(door)}${innerOwner(settings)} accept-proxy${tlsOf(settings, door)}`]
      : addresses.map((address) => `bind ${bindAddress(address, port)}${protocol === 'HTTPS' ? tlsOf(settings, door) : ''}`)),
    // Of frontends only: backends would add lines about their servers, which are not JSON.
    `log ring@${accessRing} len 16384 format raw local0 info`,
    `log-format ${quote(logFormat)}`,
    `error-log-format ${quote(errorLogFormat)}`,
    ...clientHeaders(protocol, port),
    'http-request set-var(txn.uri) url',
    'http-request set-var(txn.host) req.hdr(host),host_only,lower',
    'http-request set-var(txn.path) path',
    'http-request set-var(txn.parent) var(txn.host),field(2,.,0)',
    find('var(txn.host)'),
    find('str(+.),concat(,txn.parent)'),
    // Only suffixes of so many labels as some wildcard has.
    ...wildcardDepths(hosts).flatMap((labels) => [
      `http-request set-var(txn.suffix) var(txn.parent),field(-1,.,${labels}) ${unlessFound('txn.vhost')}`,
      find('str(*.),concat(,txn.suffix)'),
    ]),
    `http-request set-var(txn.vhost) str(*) ${unlessFound('txn.vhost')}`,
    `http-request set-var(txn.target) var(txn.vhost),concat(,txn.path),map_str(${map('exact')})`,
    `http-request set-var(txn.target) var(txn.vhost),concat(,txn.path,/),map_beg(${map('prefixes')}) ${unlessFound('txn.target')}`,
    'http-request allow if !{ var(txn.target) -m beg c: w: }',
    ...conditionLines(groups),
    `http-request set-var(txn.slots) var(txn.target),map_str(${map('weights')}) if { var(txn.target) -m beg w: }`,
    `http-request set-var(txn.slot) rand,mod(txn.slots) if { var(txn.slots) -m found }`,
    `http-request set-var(txn.target) var(txn.target),concat(:,txn.slot),map_str(${map('weights')}) if { var(txn.slots) -m found }`,
    'use_backend %[var(txn.target)] if { var(txn.target) -m found }',
    'default_backend a_404',
  ]
}

/**
 * The lines of a door's `frontend` that passes connections on by the name that the client asks for in its first message, without an end to TLS. The
 * look-ups are those of requests; what leads to the proxy's own end of TLS is among the targets.
 */
export function connectionLines({
  door: { name: door, port, addresses },
  mostConnections,
  hosts,
  settings,
}: Pick<Frontend, 'door' | 'hosts' | 'settings'> & { readonly mostConnections: number | undefined }): string[] {
  const map = (name: string): string => `${settings.directory}/maps/${door}-names-${name}.map`
  const unless = (variable: string): string => `if !{ var(${variable}) -m found }`
  const find = (expression: string): string =>
    `tcp-request content set-var(txn.vhost) ${expression},map_str(${map('hosts')}) ${unless('txn.vhost')}`
  return [
    'mode tcp',
    ...(mostConnections === undefined ? [] : [`maxconn ${mostConnections}`]),
    ...addresses.map((address) => `bind ${bindAddress(address, port)}`),
    `log ring@${accessRing} len 16384 format raw local0 info`,
    `log-format ${quote(connectionLogFormat)}`,
    `error-log-format ${quote(errorLogFormat)}`,
    `tcp-request inspect-delay ${settings.timeouts.requestHeaderMs}ms`,
    // Waits until the message is whole, which may come in several parts; what is no such message is nobody's.
    'tcp-request content reject if !{ req.ssl_hello_type 1 }',
    'tcp-request content set-var(txn.host) req.ssl_sni,lower',
    'tcp-request content set-var(txn.parent) var(txn.host),field(2,.,0)',
    find('var(txn.host)'),
    find('str(+.),concat(,txn.parent)'),
    ...wildcardDepths(hosts).flatMap((labels) => [
      `tcp-request content set-var(txn.suffix) var(txn.parent),field(-1,.,${labels}) ${unless('txn.vhost')}`,
      find('str(*.),concat(,txn.suffix)'),
    ]),
    `tcp-request content set-var(txn.vhost) str(*) ${unless('txn.vhost')}`,
    `tcp-request content set-var(txn.target) var(txn.vhost),concat(/),map_str(${map('prefixes')})`,
    `tcp-request content set-var(txn.slots) var(txn.target),map_str(${map('weights')}) if { var(txn.target) -m beg w: }`,
    'tcp-request content set-var(txn.slot) rand,mod(txn.slots) if { var(txn.slots) -m found }',
    `tcp-request content set-var(txn.target) var(txn.target),concat(:,txn.slot),map_str(${map('weights')}) if { var(txn.slots) -m found }`,
    `tcp-request content reject ${unless('txn.target')}`,
    'use_backend %[var(txn.target)]',
  ]
}

/**
 * What the backend is told of the client. A client's own claims are replaced and not added to: nobody before us is known to be trusted, and an
 * application that believes the first address of a list would believe whoever asks. `Proxy` would become a variable of CGI programs (httpoxy).
 */
function clientHeaders(protocol: Frontend['protocol'], port: number): string[] {
  return [
    'http-request del-header Forwarded',
    'http-request del-header Proxy',
    // A backend that changed over to HTTP/2 would take all that follows unseen: requests for paths that routes lead elsewhere, too. A
    // protocol that nobody knows is passed over (RFC 9110, 7.8), so clients that only offer it, as Java's do, are answered as ever.
    'http-request del-header HTTP2-Settings',
    'http-request set-header Upgrade none if { req.hdr(upgrade) -i -m sub h2c }',
    'http-request set-header X-Forwarded-For %[src]',
    'http-request set-header X-Real-IP %[src]',
    'http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    `http-request set-header X-Forwarded-Port ${port}`,
    `http-request set-header X-Forwarded-Proto ${protocol === 'HTTPS' ? 'https' : 'http'}`,
  ]
}

/** As it stands in a `bind` line. */
export const bindAddress = (address: string, port: number): string => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`)
/** Workers open it after they have become who they run as. */
const innerOwner = ({ confinement }: ProxySettings): string =>
  confinement === undefined ? ' mode 600' : ` user ${confinement.user} group ${confinement.group} mode 600`
const tlsOf = ({ directory }: ProxySettings, door: string): string => ` ssl crt-list ${directory}/${listFile(door)} alpn h2,http/1.1`

/** How many labels the names behind `*.` have, the most first. */
const wildcardDepths = (hosts: readonly HostKey[]): number[] =>
  [...new Set(hosts.filter((host) => host.startsWith('*.')).map((host) => host.split('.').length - 1))].sort((left, right) => right - left)

/** Once one fits, the target is another, and the rest of its group no longer concerns the request. */
function conditionLines(groups: readonly ConditionGroup[]): string[] {
  const tests = new Map<string, string>()
  const rules: string[] = []
  for (const { id, choices } of [...groups].sort((left, right) => (left.id < right.id ? -1 : 1)))
    for (const { route, target } of choices) {
      const names = testsOf(route).map((test) => {
        const name = `t_${contentHash(test)}`
        tests.set(name, test)
        return name
      })
      rules.push(
        `http-request set-var(txn.target) str(${target}) if { var(txn.target) -m str ${id} }${names.map((name) => ` ${name}`).join('')}`,
      )
    }
  return [...[...tests].map(([name, test]) => `acl ${name} ${test}`), ...rules]
}

function testsOf({ path, method, headers, queryParameters }: ConditionGroup['choices'][number]['route']): string[] {
  return [
    ...(path.type === 'RegularExpression' ? [`var(txn.path) -m reg -- ${whole(path.value)}`] : []),
    ...(method === undefined ? [] : [`method -m str -- ${quote(method)}`]),
    ...headers.map((match) => valueTest(`req.fhdr(${quoteArgument(match.name)})`, match)),
    ...queryParameters.map((match) => valueTest(`url_param(${quoteArgument(match.name)}),url_dec`, match)),
  ]
}

const valueTest = (fetch: string, { type, value }: ValueMatch): string =>
  `${quote(fetch)} ${type === 'Exact' ? `-m str -- ${quote(value)}` : `-m reg -- ${whole(value)}`}`
/** `routeProblem` lets through only what there is such a pattern of; where it did not, nothing matches. */
const whole = (pattern: string): string => quote(wholePattern(pattern) ?? '(?!)')
