import { parseUrl } from '#schema/cel/go-url.ts'

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
  const parsed = parseUrl(bare, false)
  if (typeof parsed === 'string') return { problem: parsed }
  const { scheme, host, path, query } = parsed
  const fragment = hash < 0 ? '' : text.slice(hash + 1)
  const broken = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(fragment)
  if (broken !== null) return { problem: `parse ${JSON.stringify(text)}: invalid URL escape ${JSON.stringify(broken[0])}` }
  return { scheme, user: /^[^/?]*\/\/([^/?]*)@/.exec(bare)?.[1], host, path, query, fragment }
}
