import type { PolicyRule } from '#api/rbac/v1/types.ts'
import { trimEnd } from '#lib/trim-end.ts'
import { quote } from '#schema/go-text.ts'
import type { Attributes } from '../contract.ts'

/** Whether one RBAC rule allows the request. Names are matched exactly, `*` only where the API says so. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, attributes.path))
  return (
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes.resource, attributes.subresource) &&
    (isEmpty(rule.resourceNames) || rule.resourceNames!.includes(attributes.name))
  )
}

/** The parts of `wanted` that `owned` does not cover, broken down to single verbs and resources. Empty: all is covered. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => covers(rule, part)))
}

/** Rules for the same resource as one, so that a list of missing rights is short. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    if (rule.resources?.length !== 1 || rule.apiGroups?.length !== 1 || (rule.resourceNames?.length ?? 0) > 1) {
      others.push(rule)
      continue
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []])
    const present = simple.get(key)
    simple.set(key, present === undefined ? rule : { ...present, verbs: [...present.verbs, ...rule.verbs] })
  }
  return [...others, ...simple.values()]
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`: how a refusal names a missing right. */
export function describeRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const
  return `{${parts
    .filter(([, values]) => !isEmpty(values))
    .map(([name, values]) => `${name}:${quoteList(values!)}`)
    .join(', ')}}`
}

/** `["a" "b"]`: how Go prints a list of strings with `%q`. */
export const quoteList = (values: readonly string[]): string => `[${values.map(quote).join(' ')}]`

const isEmpty = (values: readonly string[] | undefined): boolean => values === undefined || values.length === 0
const has = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes('*') || values.includes(value))

function resourceMatches(patterns: readonly string[], resource: string, subresource: string): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return patterns.some((pattern) => pattern === '*' || pattern === combined || (subresource !== '' && pattern === `*/${subresource}`))
}

const urlMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(trimEnd(pattern, '*')))

/** Down to one verb, one resource and one name each: such a part is covered by a single rule or not at all. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = []
  for (const group of rule.apiGroups ?? [])
    for (const resource of rule.resources ?? [])
      for (const verb of rule.verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (isEmpty(rule.resourceNames)) parts.push(part)
        else for (const name of rule.resourceNames!) parts.push({ ...part, resourceNames: [name] })
      }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] })
  return parts
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  return (
    has(owner.verbs, part.verbs[0]!) &&
    (part.apiGroups ?? []).every((group) => has(owner.apiGroups, group)) &&
    (part.resources ?? []).every((resource) => resourceCovers(owner.resources ?? [], resource)) &&
    (isEmpty(owner.resourceNames) ||
      (!isEmpty(part.resourceNames) && part.resourceNames!.every((name) => owner.resourceNames!.includes(name)))) &&
    (part.nonResourceURLs ?? []).every((url) => (owner.nonResourceURLs ?? []).some((pattern) => urlCovers(pattern, url)))
  )
}

function resourceCovers(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`)
}

const urlCovers = (owned: string, url: string): boolean => owned === url || (owned.endsWith('*') && url.startsWith(trimEnd(owned, '*')))
