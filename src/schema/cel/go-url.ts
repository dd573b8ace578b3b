/** A URL as Go's `net/url` takes it apart. */
export interface GoUrl {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly text: string
}

/** The URL, or Go's words for what is wrong with it. `request`: it has to be absolute (`ParseRequestURI`), and a `#` belongs to it. */
export function parseUrl(text: string, request = true): GoUrl | string {
  const refused = (reason: string): string => `parse ${JSON.stringify(text)}: ${reason}`
  if (/[\x00-\x1f\x7f]/.test(text)) return refused('net/url: invalid control character in URL')
  if (text === '' && request) return refused('empty url')
  if (text === '*') return { scheme: '', host: '', path: '*', query: '', text }
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]
  if (scheme === undefined && text.startsWith(':')) return refused('missing protocol scheme')
  let rest = scheme === undefined ? text : text.slice(scheme.length + 1)
  if (!request && rest.includes('#')) rest = rest.slice(0, rest.indexOf('#'))
  const mark = rest.indexOf('?')
  const query = mark < 0 ? '' : rest.slice(mark + 1)
  if (mark >= 0) rest = rest.slice(0, mark)
  if (!rest.startsWith('/')) {
    if (scheme !== undefined) return { scheme: scheme.toLowerCase(), host: '', path: '', query, text }
    if (request) return refused('invalid URI for request')
    const colon = rest.indexOf(':')
    if (colon >= 0 && !rest.slice(0, colon).includes('/')) return refused('first path segment in URL cannot contain colon')
  }
  let host = ''
  if ((scheme !== undefined || !request || !rest.startsWith('///')) && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2)
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    rest = slash < 0 ? '' : rest.slice(slash)
    const problem = authorityProblem(authority)
    if (problem !== undefined) return refused(problem)
    host = authority.slice(authority.lastIndexOf('@') + 1)
  }
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest)
  if (broken !== null) return refused(`invalid URL escape ${JSON.stringify(broken[0])}`)
  return { scheme: (scheme ?? '').toLowerCase(), host, path: rest, query, text }
}

function authorityProblem(authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return 'net/url: invalid userinfo'
  const host = authority.slice(at + 1)
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) return "missing ']' in host"
    const port = host.slice(end + 1)
    return /^(:\d*)?$/.test(port) ? undefined : `invalid port ${JSON.stringify(port)} after host`
  }
  const colon = host.lastIndexOf(':')
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${JSON.stringify(host.slice(colon))} after host`
  const bad = /[ "<>\\^`{|}]/.exec(host)
  if (bad !== null) return `invalid character ${JSON.stringify(bad[0])} in host name`
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host)
  return broken === null ? undefined : `invalid URL escape ${JSON.stringify(broken[0])}`
}

/** The host without its port and brackets. */
export function hostnameOf(host: string): string {
  const bracketed = /^\[(.*)\](?::\d*)?$/.exec(host)
  if (bracketed !== null) return bracketed[1] as string
  const colon = host.lastIndexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}
/** The port of `host:port`, without its colon; '' where there is none. */
export function portOf(host: string): string {
  const port = /:(\d*)$/.exec(host)
  return port === null || (host.startsWith('[') && !/\]:\d*$/.test(host)) ? '' : (port[1] as string)
}

/** The path with all that has to be escaped escaped, and what was escaped left as it was. */
export const escapedPath = (path: string): string =>
  path.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9\-_.~$&+,/:;=@!'()*]/gu, (part) => {
    if (part.startsWith('%') && part.length === 3) return part
    return [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })

/** Values by key, in the order of the query; pairs that cannot be read are left out. */
export function queryOf(query: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const [key, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    if (/%(?![0-9a-fA-F]{2})/.test(pair)) continue
    const [name, text] = [unescaped(key), unescaped(value)]
    const values = found.get(name)
    if (values === undefined) found.set(name, [text])
    else values.push(text)
  }
  return found
}
const unescaped = (text: string): string => {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return /[\x80-\xff]/.test(bytes) && !/[^\x00-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes
}
