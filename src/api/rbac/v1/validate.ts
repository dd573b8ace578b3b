import { checkPathSegment } from '#api/meta/v1/names.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { AggregationRule, PolicyRule, RoleBinding, Subject } from '#api/rbac/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

/** What is wrong with rules: no verbs, or neither resources nor URLs. `isNamespaced`: URLs are of no namespace. */
export function validateRules(rules: readonly PolicyRule[] | undefined, isNamespaced: boolean): Cause[] {
  return (rules ?? []).flatMap(({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs: urls = [] }, i) => {
    const at = `rules[${i}]`
    const causes: Cause[] = (verbs ?? []).length === 0 ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : []
    if (urls.length > 0) {
      if (isNamespaced) causes.push(invalid(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'))
      if (apiGroups.length + resources.length + resourceNames.length > 0)
        causes.push(invalid(`${at}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
      return causes
    }
    if (apiGroups.length === 0) causes.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
    if (resources.length === 0) causes.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
    return causes
  })
}

/** What is wrong with the selectors by which a ClusterRole takes rules of others. */
export function validateAggregation(rule: AggregationRule | undefined): Cause[] {
  if (rule === undefined) return []
  const selectors = rule.clusterRoleSelectors ?? []
  const path = 'aggregationRule.clusterRoleSelectors'
  if (selectors.length === 0) return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  return selectors.flatMap((selector, i) => {
    const causes = validateLabelSelector(selector, `${path}[${i}]`)
    return causes.length === 0 ? [] : [...causes, invalid(`${path}[${i}]`, null, 'invalid label selector.')]
  })
}

type Binding = Pick<RoleBinding, 'roleRef' | 'subjects'>

/** What is wrong with a binding. `isNamespaced`: it may name a Role, too. */
export function validateBinding({ roleRef, subjects = [] }: Binding, isNamespaced: boolean): Cause[] {
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const { apiGroup, kind, name } = roleRef
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', apiGroup, [rbacGroup])]),
    ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
    ...(name === '' ? [required('roleRef.name')] : invalidEach('roleRef.name', name, checkPathSegment(name))),
    ...subjects.flatMap((subject, i) => validateSubject(subject, isNamespaced, `subjects[${i}]`)),
  ]
}

/** Whom a binding serves may change, what it grants may not: a new binding says so. */
export const validateBindingUpdate = (next: Binding, previous: Binding, isNamespaced: boolean): Cause[] => [
  ...validateBinding(next, isNamespaced),
  ...(same(next.roleRef, previous.roleRef)
    ? []
    : [invalid('roleRef', { APIGroup: next.roleRef.apiGroup, Kind: next.roleRef.kind, Name: next.roleRef.name }, 'cannot change roleRef')]),
]

function validateSubject({ kind, apiGroup = '', name, namespace }: Subject, isNamespaced: boolean, path: string): Cause[] {
  const causes: Cause[] = name === '' ? [required(`${path}.name`)] : []
  if (kind === 'ServiceAccount') {
    if (name !== '') causes.push(...invalidEach(`${path}.name`, name, checkDns1123Subdomain(name)))
    if (apiGroup !== '') causes.push(notSupported(`${path}.apiGroup`, apiGroup, ['']))
    if (!isNamespaced && !namespace) causes.push(required(`${path}.namespace`))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== rbacGroup) causes.push(notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup]))
  } else causes.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
  return causes
}
