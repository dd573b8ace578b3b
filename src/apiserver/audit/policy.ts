import { WherryError } from '#lib/errors.ts'
import { parseYaml } from '#schema/yaml.ts'
import type { Attributes } from '../contract.ts'

/** How much of a request is kept, from nothing to both bodies. */
export type Level = 'None' | 'Metadata' | 'Request' | 'RequestResponse'
/** A point in a request's life at which an event may be made. */
export type Stage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic'

/** An `audit.k8s.io/v1` Policy: the first rule that fits a request says how much of it is kept. */
export interface Policy {
  readonly rules: readonly PolicyRule[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

/** Fits a request where everything that it names does; what it does not name fits all. */
export interface PolicyRule {
  readonly level: Level
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly {
    readonly group?: string
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

/** How one request is kept. */
export interface AuditConfig {
  readonly level: Level
  readonly omitStages: readonly Stage[]
  readonly omitManagedFields: boolean
}

/**
 * Reads a policy file. Errors: `Invalid`, with every field that is wrong. What a rule says of bodies holds for secrets and tokens only where
 * the rule names them: a rule for everything must not write what nobody may read into a file that others do.
 */
export function parsePolicy(text: string): Policy {
  const { value } = parseYaml(text)
  const policy = value as Partial<Policy & { apiVersion: string; kind: string }> | null
  if (policy === null || typeof policy !== 'object') throw invalidPolicy(['it is no object'])
  const problems: string[] = []
  if (policy.apiVersion !== 'audit.k8s.io/v1')
    problems.push(`apiVersion: Unsupported value: ${JSON.stringify(policy.apiVersion)}: supported values: "audit.k8s.io/v1"`)
  if (policy.kind !== 'Policy') problems.push(`kind: Unsupported value: ${JSON.stringify(policy.kind)}: supported values: "Policy"`)
  if (!Array.isArray(policy.rules) || policy.rules.length === 0)
    problems.push('rules: Required value: a policy without rules keeps nothing')
  problems.push(...stageProblems('omitStages', policy.omitStages))
  for (const [i, rule] of (policy.rules ?? []).entries()) problems.push(...ruleProblems(`rules[${i}]`, rule))
  if (problems.length > 0) throw invalidPolicy(problems)
  return policy as Policy
}

/** Which rule holds for a request. */
export function auditConfigOf(policy: Policy, attributes: Attributes): AuditConfig {
  const rule = policy.rules.find((each) => fits(each, attributes))
  if (rule === undefined)
    return { level: 'None', omitStages: policy.omitStages ?? [], omitManagedFields: policy.omitManagedFields ?? false }
  return {
    level: isConfidential(attributes) && !isNamed(rule, attributes) && rule.level !== 'None' ? 'Metadata' : rule.level,
    omitStages: [...(policy.omitStages ?? []), ...(rule.omitStages ?? [])],
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
  }
}

function fits(rule: PolicyRule, attributes: Attributes): boolean {
  const { user, verb, isResource, namespace, path } = attributes
  if (some(rule.users) && !rule.users.includes(user.name)) return false
  if (some(rule.userGroups) && !user.groups.some((group) => rule.userGroups!.includes(group))) return false
  if (some(rule.verbs) && !rule.verbs.includes(verb)) return false
  if (some(rule.namespaces) || some(rule.resources)) {
    if (!isResource || (some(rule.namespaces) && !rule.namespaces.includes(namespace))) return false
    return !some(rule.resources) || rule.resources.some((each) => coversResource(each, attributes))
  }
  if (some(rule.nonResourceURLs)) return !isResource && rule.nonResourceURLs.some((url) => coversPath(url, path))
  return true
}

type Resources = NonNullable<PolicyRule['resources']>[number]

function coversResource({ group = '', resources = [], resourceNames = [] }: Resources, attributes: Attributes): boolean {
  if (group !== attributes.group && group !== '*') return false
  if (resources.length === 0) return true
  if (resourceNames.length > 0 && !resourceNames.includes(attributes.name)) return false
  const { resource, subresource } = attributes
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  return resources.some(
    (name) =>
      name === '*' ||
      name === whole ||
      // `*/scale` is one part of everything, `pods/*` every part of pods.
      (subresource !== '' && (name === `*/${subresource}` || name === `${resource}/*`)),
  )
}

const coversPath = (url: string, path: string): boolean =>
  url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')))

/** Bodies that hold credentials. */
const isConfidential = ({ group, resource, subresource }: Attributes): boolean =>
  (group === '' && (resource === 'secrets' || (resource === 'serviceaccounts' && subresource === 'token'))) ||
  (group === 'authentication.k8s.io' && resource === 'tokenreviews')

function isNamed(rule: PolicyRule, { group, resource, subresource }: Attributes): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  return (rule.resources ?? []).some((each) => (each.group ?? '') === group && (each.resources ?? []).includes(whole))
}

function ruleProblems(at: string, rule: Partial<PolicyRule>): string[] {
  const problems: string[] = []
  if (!levels.includes(rule.level as Level))
    problems.push(`${at}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${levels.join(', ')}`)
  if (some(rule.nonResourceURLs) && (some(rule.resources) || some(rule.namespaces)))
    problems.push(`${at}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`)
  for (const url of rule.nonResourceURLs ?? []) {
    if (url !== '*' && !url.startsWith('/'))
      problems.push(`${at}.nonResourceURLs: Invalid value: ${JSON.stringify(url)}: must start with "/"`)
    if (url !== '*' && url.slice(0, -1).includes('*'))
      problems.push(`${at}.nonResourceURLs: Invalid value: ${JSON.stringify(url)}: "*" may only stand at the end`)
  }
  for (const [i, { resources = [], resourceNames = [] }] of (rule.resources ?? []).entries())
    if (resources.length === 0 && resourceNames.length > 0)
      problems.push(`${at}.resources[${i}].resourceNames: Invalid value: names without resources fit nothing`)
  return [...problems, ...stageProblems(`${at}.omitStages`, rule.omitStages)]
}

const stageProblems = (at: string, given: readonly Stage[] = []): string[] =>
  given
    .filter((stage) => !stages.includes(stage))
    .map((stage) => `${at}: Unsupported value: ${JSON.stringify(stage)}: supported values: ${stages.join(', ')}`)

const some = <T>(list: readonly T[] | undefined): list is readonly T[] => list !== undefined && list.length > 0
const invalidPolicy = (problems: readonly string[]): WherryError =>
  new WherryError('Invalid', `the audit policy is invalid: ${problems.join('; ')}`)
const levels: readonly Level[] = ['None', 'Metadata', 'Request', 'RequestResponse']
const stages: readonly Stage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']
