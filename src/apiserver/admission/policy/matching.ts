import type { MatchResources, NamedRuleWithOperations } from '#api/admissionregistration/v1/types.ts'
import type { AnyKind } from '#api/kind.ts'
import { type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { Admission } from '../../contract.ts'
import { isInNamespace, isSelected } from '../selectors.ts'
import type { ResourceVersion, Subject } from '../subject.ts'
import { matchesRule } from '../webhook/rules.ts'

/** What of a write a policy or binding is about, its selectors read. */
export interface Matcher {
  readonly resources: MatchResources
  readonly namespaces: Selector
  readonly objects: Selector
}

const everything: MatchResources = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} }

/** As which resource a write is matched, and in which version the policy sees it. */
export interface Matched {
  readonly resource: ResourceVersion
  /** The kind in whose version expressions see the object; `undefined`: the request's own. */
  readonly as: AnyKind | undefined
}

/** Reads the selectors. Throws `Invalid` for a selector that is none. */
export const matcherOf = (resources: MatchResources | undefined): Matcher => ({
  resources: resources ?? everything,
  namespaces: selectorOf(resources?.namespaceSelector ?? {}),
  objects: selectorOf(resources?.objectSelector ?? {}),
})

/** Whether a write is a matter of the policy, and how. Throws `NotFound` for a namespace that is not there. */
export function match({ resources, namespaces, objects }: Matcher, admission: Admission, subject: Subject): Matched | undefined {
  const inNamespace = isInNamespace(namespaces, admission, subject)
  if (inNamespace === false || !isSelected(objects, subject)) return undefined
  if (matchRules(resources.excludeResourceRules, resources, admission, subject) !== undefined) return undefined
  const { resourceRules = [] } = resources
  const own = { resource: subject.resource, as: undefined }
  const matched = resourceRules.length === 0 ? own : matchRules(resourceRules, resources, admission, subject)
  if (matched !== undefined && inNamespace !== true) throw inNamespace
  return matched
}

function matchRules(
  rules: readonly NamedRuleWithOperations[] | undefined,
  { matchPolicy }: MatchResources,
  admission: Admission,
  subject: Subject,
): Matched | undefined {
  if (rules === undefined || rules.length === 0) return undefined
  const { operation, kind, objects } = admission
  const isNamed = ({ resourceNames = [] }: NamedRuleWithOperations): boolean =>
    resourceNames.length === 0 || resourceNames.includes(admission.attributes.name || subject.name)
  for (const rule of rules)
    if (isNamed(rule) && matchesRule(rule, { operation, resource: subject.resource, subject }))
      return { resource: subject.resource, as: undefined }
  if (matchPolicy === 'Exact') return undefined
  const others = objects.equivalents(kind).filter((other) => other.group !== kind.group || other.version !== kind.version)
  for (const rule of rules)
    for (const other of others) {
      const resource = { group: other.group, version: other.version, resource: other.plural }
      if (isNamed(rule) && matchesRule(rule, { operation, resource, subject })) return { resource, as: other }
    }
  return undefined
}
