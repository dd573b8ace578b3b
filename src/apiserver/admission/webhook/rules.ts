import type { RuleWithOperations } from '#api/admissionregistration/v1/types.ts'
import type { ResourceVersion, Subject } from '../subject.ts'

/** What of a write a rule goes by. */
export interface Asked {
  readonly operation: string
  /** In the version that the rule is compared with. */
  readonly resource: ResourceVersion
  readonly subject: Pick<Subject, 'subresource' | 'namespace' | 'isNamespace'>
}

/** Whether a webhook's or policy's rule is about such a write. */
export const matchesRule = (rule: RuleWithOperations, { operation, resource, subject }: Asked): boolean =>
  isInScope(rule.scope, subject) &&
  isListed(rule.operations, operation) &&
  isListed(rule.apiGroups, resource.group) &&
  isListed(rule.apiVersions, resource.version) &&
  (rule.resources ?? []).some((pattern) => {
    const [name, part = ''] = pattern.split(/\/(.*)/s, 2)
    return (name === '*' || name === resource.resource) && (part === '*' || part === subject.subresource)
  })

const isListed = (items: readonly string[] | undefined, wanted: string): boolean =>
  (items ?? []).some((item) => item === '*' || item === wanted)

function isInScope(scope: string | undefined, { namespace, isNamespace }: Asked['subject']): boolean {
  const isNamespaced = namespace !== '' && !isNamespace
  if (scope === 'Namespaced') return isNamespaced
  return scope === 'Cluster' ? !isNamespaced : scope === undefined || scope === '*'
}
