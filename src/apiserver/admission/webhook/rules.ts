import type { RuleWithOperations } from '#api/admissionregistration/v1/types.ts'
import type { ResourceVersion } from '../subject.ts'

/** What of a write a rule goes by. */
export interface Asked {
  readonly operation: string
  readonly resource: ResourceVersion
  readonly subresource: string
  readonly namespace: string
}

/** Whether a webhook's or policy's rule is about such a write. */
export const matchesRule = (rule: RuleWithOperations, { operation, resource, subresource, namespace }: Asked): boolean =>
  isInScope(rule.scope, resource, namespace) &&
  isListed(rule.operations, operation) &&
  isListed(rule.apiGroups, resource.group) &&
  isListed(rule.apiVersions, resource.version) &&
  (rule.resources ?? []).some((pattern) => {
    const [name, part = ''] = pattern.split(/\/(.*)/s, 2)
    return (name === '*' || name === resource.resource) && (part === '*' || part === subresource)
  })

const isListed = (items: readonly string[] | undefined, wanted: string): boolean =>
  (items ?? []).some((item) => item === '*' || item === wanted)

/** A Namespace is no object of a namespace, though its requests name one. */
function isInScope(scope: string | undefined, { group, resource }: ResourceVersion, namespace: string): boolean {
  const isNamespaced = namespace !== '' && !(group === '' && resource === 'namespaces')
  if (scope === 'Namespaced') return isNamespaced
  return scope === 'Cluster' ? !isNamespaced : scope === undefined || scope === '*'
}
