import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#api/admissionregistration/v1/types.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { duplicate, invalid, invalidEach, oneOf, required } from '#schema/validate.ts'

/** What is wrong with a choice of requests by operation, group, version, resource and scope. */
export function validateRule({ operations = [], ...rule }: RuleWithOperations, path: string): Cause[] {
  const { apiGroups = [], apiVersions = [], resources = [], scope } = rule
  return [
    ...validateWildcard(operations, `${path}.operations`, 'operations'),
    ...operations.flatMap((operation, i) => oneOf(`${path}.operations[${i}]`, operation, supportedOperations)),
    // An empty group is the core group.
    ...validateWildcard(apiGroups, `${path}.apiGroups`, 'API groups'),
    ...validateWildcard(apiVersions, `${path}.apiVersions`, 'API versions'),
    ...apiVersions.flatMap((version, i) => (version === '' ? [required(`${path}.apiVersions[${i}]`)] : [])),
    ...validateResources(resources, `${path}.resources`),
    ...(scope === undefined ? [] : oneOf(`${path}.scope`, scope, ['*', 'Cluster', 'Namespaced'])),
  ]
}

/** The same, for named objects only where names are given. */
function validateNamedRule({ resourceNames = [], ...rule }: NamedRuleWithOperations, path: string): Cause[] {
  const isRepeated = repeats(resourceNames)
  return [
    ...resourceNames.flatMap((name, i) => [
      ...invalidEach(`${path}.resourceNames[${i}]`, name, checkPathSegment(name)),
      ...(isRepeated[i] ? [duplicate(`${path}.resourceNames[${i}]`, name)] : []),
    ]),
    ...validateRule(rule, path),
  ]
}

/** What a policy or a binding applies to. */
export function validateMatchResources(match: MatchResources | undefined, path: string): Cause[] {
  if (match === undefined) return []
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match
  return [
    ...oneOf(`${path}.matchPolicy`, matchPolicy, matchPolicies),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(objectSelector, `${path}.objectSelector`),
    ...resourceRules.flatMap((rule, i) => validateNamedRule(rule, `${path}.resourceRules[${i}]`)),
    ...excludeResourceRules.flatMap((rule, i) => validateNamedRule(rule, `${path}.excludeResourceRules[${i}]`)),
  ]
}

/** A mutating policy sees no deletions. */
export const validateMutatingOperations = (match: MatchResources | undefined, path: string): Cause[] =>
  (match?.resourceRules ?? []).flatMap(({ operations = [] }) =>
    operations.flatMap((operation) => oneOf(`${path}.resourceRules.operations`, operation, mutatingOperations)),
  )

/** Values of `failurePolicy`, sorted: causes list them so. */
export const failurePolicies = ['Fail', 'Ignore']
/** Values of `matchPolicy`, sorted. */
export const matchPolicies = ['Equivalent', 'Exact']
/** Values of `reinvocationPolicy`, sorted. */
export const reinvocationPolicies = ['IfNeeded', 'Never']
const supportedOperations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE']

/** At least one, and nothing beside `*`. */
function validateWildcard(values: readonly string[], path: string, others: string): Cause[] {
  if (values.length === 0) return [required(path)]
  return values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${others}`)] : []
}

function validateResources(resources: readonly string[], path: string): Cause[] {
  const causes: Cause[] = resources.length === 0 ? [required(path)] : []
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  let lastIsBare = false
  for (const [i, resource] of resources.entries()) {
    if (resource === '') {
      causes.push(required(`${path}[${i}]`))
      continue
    }
    const slash = resource.indexOf('/')
    if (slash < 0) {
      // As the reference: only the last of those without a slash counts.
      lastIsBare = resource !== '*'
      continue
    }
    const [name, part] = [resource.slice(0, slash), resource.slice(slash + 1)]
    if (wholeResources.has(name)) causes.push(invalid(`${path}[${i}]`, resource, `if '${name}/*' is present, must not specify ${resource}`))
    if (wholeSubresources.has(part))
      causes.push(invalid(`${path}[${i}]`, resource, `if '*/${part}' is present, must not specify ${resource}`))
    if (part === '*') wholeResources.add(name)
    if (name === '*') wholeSubresources.add(part)
  }
  if (resources.length > 1 && resources.includes('*/*'))
    causes.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && lastIsBare)
    causes.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
  return causes
}
