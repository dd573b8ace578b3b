import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { type AggregationView, planAggregation } from './plan.ts'

/** Fills roles that are made of others. */
export const clusterRoleAggregationController: Controller<AggregationView> = {
  name: 'clusterrole-aggregation-controller',
  sources: [
    {
      kind: ClusterRole,
      // Any role may be chosen by any aggregating one, now or before the change.
      keys: (_role: ClusterRole, cache: Cache) =>
        cache.list(ClusterRole).flatMap((role) => (role.aggregationRule === undefined ? [] : [role.metadata.name])),
    },
  ],
  view: (name, cache) => {
    const role = cache.get(ClusterRole, name)
    return role?.aggregationRule === undefined ? undefined : { role, all: cache.list(ClusterRole) }
  },
  plan: planAggregation,
}
