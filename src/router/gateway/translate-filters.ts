import type { HeaderChanges, PathChange, Redirect, Rewrite } from '../model/action.ts'
import type { HeaderModifier, HTTPRouteFilter, PathModifier, RequestRedirect } from './types.ts'

/** What filters of a rule or of a backend come to. */
export interface Filters {
  readonly requestHeaders?: HeaderChanges
  readonly responseHeaders?: HeaderChanges
  readonly rewrite?: Rewrite
  readonly redirect?: Redirect
  /** Names filters that nobody here knows: they may not be skipped, so requests that they were meant for are answered with 500. */
  readonly unknown?: string
  /** Why the rule cannot be served. */
  readonly unsupported?: string
}

/** Translates filters in whatever order they stand: each changes another part of the request or the answer. */
export function translateFilters(filters: readonly HTTPRouteFilter[] | undefined, place: 'rule' | 'backend'): Filters {
  let result: Filters = {}
  for (const filter of filters ?? []) result = { ...result, ...translateFilter(filter, place) }
  return result
}

function translateFilter(filter: HTTPRouteFilter, place: 'rule' | 'backend'): Filters {
  const { type, requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, extensionRef } = filter
  if (type === 'RequestHeaderModifier' && requestHeaderModifier) return { requestHeaders: headerChanges(requestHeaderModifier) }
  if (type === 'ResponseHeaderModifier' && responseHeaderModifier) return { responseHeaders: headerChanges(responseHeaderModifier) }
  if (place === 'rule' && type === 'RequestRedirect' && requestRedirect) return { redirect: redirect(requestRedirect) }
  if (place === 'rule' && type === 'URLRewrite' && urlRewrite) {
    const { hostname, path } = urlRewrite
    return { rewrite: { ...(hostname !== undefined && { hostname }), ...(path && { path: pathChange(path) }) } }
  }
  if (type === 'ExtensionRef' && extensionRef) return { unknown: `${extensionRef.kind} of ${extensionRef.group}` }
  return { unsupported: `filter ${type} is not served${place === 'backend' ? ' at a backend' : ''}` }
}

/** Names are compared without regard to case, and of two alike the first one counts. */
const headerChanges = ({ set = [], add = [], remove = [] }: HeaderModifier): HeaderChanges => ({
  set: firstOfEach(set, ({ name }) => name.toLowerCase()),
  add: firstOfEach(add, ({ name }) => name.toLowerCase()),
  remove: firstOfEach(remove, (name) => name.toLowerCase()),
})

const redirect = ({ scheme, hostname, port, path, statusCode = 302 }: RequestRedirect): Redirect => ({
  do: 'redirect',
  status: statusCode as Redirect['status'],
  ...((scheme === 'http' || scheme === 'https') && { scheme }),
  ...(hostname !== undefined && { hostname }),
  ...(port !== undefined && { port }),
  ...(path && { path: pathChange(path) }),
})

const pathChange = ({ type, replaceFullPath = '', replacePrefixMatch = '' }: PathModifier): PathChange =>
  type === 'ReplaceFullPath' ? { type: 'ReplaceFull', value: replaceFullPath } : { type: 'ReplacePrefix', value: replacePrefixMatch }

/** Keeps the order, and the first of those that are alike. */
export function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const seen = new Set<string>()
  return items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)))
}
