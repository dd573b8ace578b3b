/** The parts of a URL that rules of the API look at, as Go's `net/url` reads them. Absent parts are empty. */
export interface GoUrl {
  readonly scheme: string
  /** Undefined: no user at all. */
  readonly user: string | undefined
  readonly host: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

/**
 * Reads a URL the way Go does, which takes relative ones and much that browsers refuse. What is wrong is said in Go's words, since clients
 * see them: `parse "https://a b": invalid character " " in host name`.
 */
export function parseGoUrl(text: string): GoUrl | { readonly problem: string } {
  const hash = text.indexOf('#')
  const bare = hash < 0 ? text : text.slice(0, hash)
  const fragment = hash < 0 ? '' : text.slice(hash + 1)
  const parsed = parse(bare)
  if (typeof parsed === 'string') return { problem: `parse ${JSON.stringify(bare)}: ${parsed}` }
  const badFragment = badEscape(fragment)
  return badFragment === undefined ? { ...parsed, fragment } : { problem: `parse ${JSON.stringify(text)}: ${badFragment}` }
}

function parse(text: string): Omit<GoUrl, 'fragment'> | string {
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL'
  if (text === '*') return { scheme: '', user: undefined, host: '', path: '*', query: '' }
  const colon = /^([A-Za-z][-+.A-Za-z0-9]*):/.exec(text)
  if (colon === null && text.startsWith(':')) return 'missing protocol scheme'
  const scheme = colon?.[1]?.toLowerCase() ?? ''
  let rest = colon === null ? text : text.slice(colon[0].length)
  const question = rest.indexOf('?')
  const query = question < 0 ? '' : rest.slice(question + 1)
  if (question >= 0) rest = rest.slice(0, question)
  if (!rest.startsWith('/')) {
    // `mailto:x`: what follows is no path.
    if (scheme !== '') return { scheme, user: undefined, host: '', path: '', query }
    if (rest.split('/', 1)[0]!.includes(':')) return 'first path segment in URL cannot contain colon'
  }
  let authority = ''
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2)
    authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    rest = slash < 0 ? '' : rest.slice(slash)
  }
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const problem = hostProblem(host) ?? (at >= 0 ? userProblem(authority.slice(0, at)) : undefined) ?? badEscape(rest)
  return problem ?? { scheme, user: at < 0 ? undefined : authority.slice(0, at), host, path: rest, query }
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) return "missing ']' in host"
    return portProblem(host.slice(end + 1))
  }
  const colon = host.lastIndexOf(':')
  const port = colon < 0 ? undefined : portProblem(host.slice(colon))
  if (port !== undefined) return port
  const bad = /%(?![0-9A-Fa-f]{2})/.exec(host)
  if (bad !== null) return `invalid URL escape ${JSON.stringify(host.slice(bad.index, bad.index + 3))}`
  const ascii = /%[0-7][0-9A-Fa-f]/.exec(host)
  if (ascii !== null && ascii[0] !== '%25') return `invalid URL escape ${JSON.stringify(ascii[0])}`
  const odd = /[ "\\^`{|}]/.exec(host)
  return odd === null ? undefined : `invalid character ${JSON.stringify(odd[0])} in host name`
}

const portProblem = (text: string): string | undefined =>
  text === '' || /^:\d*$/.test(text) ? undefined : `invalid port ${JSON.stringify(text)} after host`

const userProblem = (text: string): string | undefined =>
  /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text) ? badEscape(text) : 'net/url: invalid userinfo'

function badEscape(text: string): string | undefined {
  const found = /%(?![0-9A-Fa-f]{2})/.exec(text)
  return found === null ? undefined : `invalid URL escape ${JSON.stringify(text.slice(found.index, found.index + 3))}`
}
