import type { NodeSelectorTerm } from '#api/core/v1/types.ts'
import { checkLabelValue } from '#schema/validate.ts'

/** Labels of nodes that have other names by now, and what is said of each. */
export const deprecatedNodeLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

/** A term that asks for such a label or, where only preferred, for a value that no label can have. */
export function nodeSelectorTermWarnings(term: NodeSelectorTerm, checksValues: boolean, path: string): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ key, values }, i) => {
    const at = `${path}.matchExpressions[${i}]`
    const warnings = Object.hasOwn(deprecatedNodeLabels, key) ? [`${at}.key: ${key} is ${deprecatedNodeLabels[key]}`] : []
    if (checksValues)
      for (const [j, value] of (values ?? []).entries())
        for (const problem of checkLabelValue(value)) warnings.push(`${at}.values[${j}]: ${value} is invalid, ${problem}`)
    return warnings
  })
}
