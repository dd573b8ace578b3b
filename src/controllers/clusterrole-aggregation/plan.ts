import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { PolicyRule } from '#api/rbac/v1/types.ts'
import { same } from '#api/strategy.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'

export interface AggregationView {
  readonly role: ClusterRole
  readonly all: readonly ClusterRole[]
}

/** The rules of an aggregating role: those of all roles that its selectors choose, each rule once. */
export function planAggregation({ role, all }: AggregationView): Plan {
  if (role.aggregationRule === undefined) return settled
  const byName = all.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const rules: PolicyRule[] = []
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !matchesLabelSelector(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) if (!rules.some((present) => same(present, rule))) rules.push(rule)
    }
  }
  return same(rules, role.rules) ? settled : { commands: [patchSeen(ClusterRole, role, { rules })], wakeAt: Infinity }
}
