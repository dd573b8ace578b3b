import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1/types.ts'

/**
 * What has to be there whatever anybody deletes or changes (API docs, "Mandatory Configuration Objects"): a way in for administrators that
 * nothing can block, and a place for what nothing else matches. Used as they stand where their objects are missing.
 */
export const mandatoryLevels: readonly [exempt: PriorityLevelConfiguration, catchAll: PriorityLevelConfiguration] = [
  level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  level('catch-all', {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
  }),
]

export const mandatorySchemas: readonly [exempt: FlowSchema, catchAll: FlowSchema] = [
  schema('exempt', {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [everything(['system:masters'])],
  }),
  schema('catch-all', {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [everything(['system:unauthenticated', 'system:authenticated'])],
  }),
]

function level(name: string, spec: PriorityLevelConfiguration['spec']): PriorityLevelConfiguration {
  return { metadata: { name }, spec } as PriorityLevelConfiguration
}

function schema(name: string, spec: FlowSchema['spec']): FlowSchema {
  return { metadata: { name }, spec } as FlowSchema
}

function everything(groups: readonly string[]): NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number] {
  return {
    subjects: groups.map((name) => ({ kind: 'Group', group: { name } })),
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }
}
