import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { structType } from '#lib/cel/types.ts'
import { fault, listOf, mapOf, type OpaqueValue, type Value } from '#lib/cel/values.ts'
import { escapedPath, type GoUrl, hostnameOf, parseUrl, portOf, queryOf } from './go-url.ts'

/** Type of an absolute URL, or of an absolute path alone. */
export const urlType = structType('kubernetes.URL')

const make: Implementation = (text) => {
  const absolute = parseUrl(text as string)
  if (typeof absolute === 'string') return fault(`URL parse error during conversion from string: ${absolute}`)
  const parsed = parseUrl(text as string, false)
  if (typeof parsed === 'string') return fault(`URL parse error during conversion from string: ${parsed}`)
  return { kind: 'opaque', type: urlType, value: parsed, equals: (other) => (other.value as GoUrl).text === parsed.text }
}
const read =
  (part: (url: GoUrl) => Value): Implementation =>
  (value) =>
    part((value as OpaqueValue).value as GoUrl)

/** Kubernetes' functions of URLs (documentation, "Kubernetes URL library"). */
export const urlFunctions: Functions = {
  url: { string_to_url: ['(string) -> kubernetes.URL', make] },
  isURL: { is_url_string: ['(string) -> bool', (text) => typeof parseUrl(text as string) !== 'string'] },
  getScheme: { url_get_scheme: ['kubernetes.URL.() -> string', read(({ scheme }) => scheme)] },
  getHost: { url_get_host: ['kubernetes.URL.() -> string', read(({ host }) => host)] },
  getHostname: { url_get_hostname: ['kubernetes.URL.() -> string', read(({ host }) => hostnameOf(host))] },
  getPort: { url_get_port: ['kubernetes.URL.() -> string', read(({ host }) => portOf(host))] },
  getEscapedPath: { url_get_escaped_path: ['kubernetes.URL.() -> string', read(({ path }) => escapedPath(path))] },
  getQuery: {
    url_get_query: [
      'kubernetes.URL.() -> map(string, list(string))',
      read(({ query }) => mapOf([...queryOf(query)].map(([key, values]) => [key, listOf(values)] as const))),
    ],
  },
}
