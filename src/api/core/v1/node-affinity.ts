import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, PreferredSchedulingTerm } from '#api/core/v1/types.ts'
import { isInteger } from '#api/meta/v1/selector.ts'

/** The parts of a node that affinity looks at. */
export interface NodeLike {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> | undefined }
}

/** Whether the pod's `nodeSelector` and required node affinity both allow the node. */
export function matchesRequiredAffinity(
  spec: { readonly nodeSelector?: PodSpec['nodeSelector']; readonly affinity?: PodSpec['affinity'] },
  node: NodeLike,
): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.metadata.labels?.[key] !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesNodeSelector(required, node)
}

/** Terms are alternatives; a term without conditions matches no node. */
export const matchesNodeSelector = (selector: NodeSelector, node: NodeLike): boolean =>
  selector.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, node))

/** All conditions of the term hold. A term that cannot be understood matches no node. */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: NodeLike): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  return (
    expressions.every((requirement) => labelMatches(requirement, node.metadata.labels ?? {})) &&
    fields.every((requirement) => fieldMatches(requirement, node))
  )
}

/** Sum of the weights of the preferences that the node meets. An empty preference counts for no node. */
export const preferredAffinityScore = (terms: readonly PreferredSchedulingTerm[] | undefined, node: NodeLike): number =>
  (terms ?? []).reduce((sum, term) => sum + (matchesNodeSelectorTerm(term.preference, node) ? term.weight : 0), 0)

function labelMatches({ key, operator, values = [] }: NodeSelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return values.length > 0 && (value === undefined || !values.includes(value))
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const bound = values[0]
      if (value === undefined || bound === undefined || values.length !== 1 || !isInteger(value) || !isInteger(bound)) return false
      return operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
    }
    default:
      return false
  }
}

function fieldMatches({ key, operator, values = [] }: NodeSelectorRequirement, node: NodeLike): boolean {
  if (values.length !== 1) return false
  const value = key === 'metadata.name' ? node.metadata.name : ''
  if (operator === 'In') return value === values[0]
  return operator === 'NotIn' && value !== values[0]
}
