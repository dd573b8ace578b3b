import { type Node, PatternError, parsePattern } from '#lib/re2/syntax.ts'
import type { Action, HeaderChanges, PathChange } from './action.ts'
import type { Route, ValueMatch } from './route.ts'
import { wholePattern } from './whole-pattern.ts'

/**
 * Why a route cannot be served; undefined: it can. Translations ask before they put a route into the model, and say so at the object. What writes
 * the configuration asks again, and leaves such a route out, so that no string of a user's ever becomes a part of its language.
 */
export function routeProblem({ hostname, path, method, headers, queryParameters, action }: Route): string | undefined {
  return firstOf([
    () => hostnameProblem(hostname),
    () => pathProblem(path.type, path.value),
    () => (method === undefined || token.test(method) ? undefined : `method ${show(method)} is not a token`),
    ...headers.map((match) => () => valueMatchProblem('header', match)),
    ...queryParameters.map((match) => () => valueMatchProblem('query parameter', match)),
    () => actionProblem(action, path.type),
  ])
}

/** A host name of a listener or a route, in lower case: ``, `a.example` or `*.a.example` (RFC 1123). */
export function hostnameProblem(hostname: string): string | undefined {
  return hostname === '' || (hostname.length <= 253 && hostnamePattern.test(hostname))
    ? undefined
    : `host name ${show(hostname)} is not a DNS name in lower case, with or without a first label of *`
}

/**
 * Why a regular expression (RE2 syntax) cannot be used. The proxy's matcher (PCRE2) goes back and tries again, so a repetition within a repetition,
 * such as `(a+)+`, could keep it busy for ever for one request: those are refused, although RE2 itself takes them. So is what is longer than 512
 * characters.
 */
export function regularExpressionProblem(source: string): string | undefined {
  if (source.length > 512) return `regular expression is ${source.length} characters long, and 512 are the most`
  if (!printable.test(source)) return `regular expression ${show(source)} has characters other than printable ASCII`
  try {
    if (repeatsWithinRepeats(parsePattern(source), false))
      return `regular expression ${show(source)} repeats what holds an unbounded repetition`
    return wholePattern(source) === undefined
      ? `regular expression ${show(source)} tells characters beyond ASCII apart, or repeats too much too often`
      : undefined
  } catch (error) {
    if (error instanceof PatternError) return `regular expression ${show(source)}: ${error.message}`
    throw error
  }
}

/** The longest path, header value and the like: what is longer never fits into a request that the proxy takes. */
const longest = 4096
const hostnamePattern = /^(\*\.)?[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)*$/
/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/
/** A path as it stands in a request: no space, no control character, nothing beyond ASCII, and no query (RFC 9112, 3.2.1). */
const pathCharacters = /^\/[!-"$->@-~]*$/
const printable = /^[ -~]*$/
/** RFC 9110, 5.5; without what is obsolete. */
const fieldValue = /^[\t -~]*$/

function pathProblem(type: Route['path']['type'], value: string): string | undefined {
  if (type === 'RegularExpression') return regularExpressionProblem(value)
  if (value.length > longest) return `path is ${value.length} characters long, and ${longest} are the most`
  return pathCharacters.test(value) ? undefined : `path ${show(value)} must begin with / and hold printable ASCII without space, ? and #`
}

function valueMatchProblem(what: string, { name, type, value }: ValueMatch): string | undefined {
  if (!token.test(name)) return `${what} name ${show(name)} is not a token`
  if (type === 'RegularExpression') return regularExpressionProblem(value)
  return valueProblem(`${what} ${name}`, value)
}

function actionProblem(action: Action, pathType: Route['path']['type']): string | undefined {
  if (action.do === 'answer') return undefined
  if (action.do === 'redirect')
    return firstOf([
      () => (action.hostname === undefined ? undefined : targetHostProblem(action.hostname)),
      () => action.path && pathChangeProblem(action.path, pathType),
      () => (action.port === undefined || isPort(action.port) ? undefined : `port ${action.port} is not from 1 to 65535`),
      () => headerChangesProblem(action.responseHeaders),
    ])
  const { rewrite, timeouts, connectTimeoutMs, backends } = action
  return firstOf([
    () => headerChangesProblem(action.requestHeaders),
    () => headerChangesProblem(action.responseHeaders),
    ...backends.map((backend) => () => headerChangesProblem(backend.requestHeaders)),
    ...backends.map((backend) => () => headerChangesProblem(backend.responseHeaders)),
    ...backends.map(
      ({ weight }) =>
        () =>
          wholeProblem('weight', weight, 1_000_000),
    ),
    () => (rewrite?.hostname === undefined ? undefined : targetHostProblem(rewrite.hostname)),
    () => rewrite?.path && pathChangeProblem(rewrite.path, pathType),
    () => wholeProblem('request timeout in ms', timeouts?.requestMs, longestTimeoutMs),
    () => wholeProblem('backend request timeout in ms', timeouts?.backendRequestMs, longestTimeoutMs),
    () => wholeProblem('connect timeout in ms', connectTimeoutMs, longestTimeoutMs),
  ])
}

/** HAProxy keeps times in 31 bits of milliseconds. */
const longestTimeoutMs = 24 * 86_400_000

function headerChangesProblem(changes: HeaderChanges | undefined): string | undefined {
  if (changes === undefined) return undefined
  const bad = [...changes.remove, ...[...changes.set, ...changes.add].map(({ name }) => name)].find((name) => !token.test(name))
  if (bad !== undefined) return `header name ${show(bad)} is not a token`
  return firstOf(
    [...changes.set, ...changes.add].map(
      ({ name, value }) =>
        () =>
          valueProblem(`header ${name}`, value),
    ),
  )
}

function pathChangeProblem({ type, value }: PathChange, pathType: Route['path']['type']): string | undefined {
  if (type === 'ReplacePrefix' && pathType !== 'Prefix') return 'a prefix can be replaced only where the path is matched by a prefix'
  if (value.length > longest) return `new path is ${value.length} characters long, and ${longest} are the most`
  return (value === '' && type === 'ReplacePrefix') || pathCharacters.test(value)
    ? undefined
    : `new path ${show(value)} must begin with / and hold printable ASCII without space, ? and #`
}

/** The name of one host: no `*`. */
const targetHostProblem = (hostname: string): string | undefined =>
  hostname === '' || hostname.startsWith('*') ? `host name ${show(hostname)} must name one host` : hostnameProblem(hostname)

function valueProblem(what: string, value: string): string | undefined {
  if (value.length > longest) return `${what}: value is ${value.length} characters long, and ${longest} are the most`
  return fieldValue.test(value) ? undefined : `${what}: value ${show(value)} holds characters other than printable ASCII and tabs`
}

const wholeProblem = (what: string, value: number | undefined, most: number): string | undefined =>
  value === undefined || (Number.isSafeInteger(value) && value >= 0 && value <= most)
    ? undefined
    : `${what} must be whole, from 0 to ${most}, not ${value}`
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535

function repeatsWithinRepeats(node: Node, isRepeated: boolean): boolean {
  switch (node.kind) {
    case 'set':
    case 'assert':
      return false
    case 'concat':
    case 'alternate':
      return node.parts.some((part) => repeatsWithinRepeats(part, isRepeated))
    case 'repeat':
      // `a{3}` takes one way only, and repeating it is harmless; `?` is one of two ways and no more when it stands alone.
      return (isRepeated && node.max !== node.min) || repeatsWithinRepeats(node.part, isRepeated || node.max === -1 || node.max > 1)
  }
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check()
    if (problem !== undefined) return problem
  }
  return undefined
}

const show = (value: string): string => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
