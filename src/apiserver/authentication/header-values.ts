import type { HttpRequest } from '#lib/http.ts'

/**
 * Every value of a header that may come more than once, in order. Out of the headers as they came where the request has them, so that a
 * value with a comma in it stays one: a group named `a, system:masters` must not become two. Else split where node:http joins. `name` in
 * lower case.
 */
export function headerValues(request: Pick<HttpRequest, 'headers' | 'rawHeaders'>, name: string): readonly string[] {
  if (request.rawHeaders === undefined) return request.headers[name]?.split(', ').map(asUtf8) ?? []
  const values: string[] = []
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2)
    if (request.rawHeaders[i]!.toLowerCase() === name) values.push(asUtf8(request.rawHeaders[i + 1]!))
  return values
}

/** The first value of a header that should come once; '' when it did not come. */
export const firstValue = (request: Pick<HttpRequest, 'headers' | 'rawHeaders'>, name: string): string =>
  (request.rawHeaders === undefined ? asUtf8(request.headers[name] ?? '') : headerValues(request, name)[0]) ?? ''

/** node:http hands over each byte as one character; names of users are UTF-8, as every server written in Go takes them. */
const asUtf8 = (value: string): string => (/[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString() : value)

/**
 * The values of all headers with this prefix (lower case) by the rest of their name, percent-decoded; a rest that cannot be decoded stays as
 * it came, for authorization to refuse. Extra facts of a user travel so.
 */
export function prefixedValues(request: Pick<HttpRequest, 'headers' | 'rawHeaders'>, prefix: string): Record<string, string[]> {
  const found = new Map<string, string[]>()
  for (const name of Object.keys(request.headers)) {
    if (!name.startsWith(prefix)) continue
    const key = unescapeKey(name.slice(prefix.length))
    found.set(key, [...(found.get(key) ?? []), ...headerValues(request, name)])
  }
  return Object.fromEntries(found)
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
