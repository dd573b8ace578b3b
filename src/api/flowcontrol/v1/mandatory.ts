import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/types.ts'

/** What the server cannot be without, and lets nobody change (KEP 1040): a way for every request, and one that nothing holds up. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: {
      name: 'exempt',
    },
    matchingPrecedence: 1,
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:masters',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  'catch-all': {
    priorityLevelConfiguration: {
      name: 'catch-all',
    },
    matchingPrecedence: 10000,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:unauthenticated',
            },
          },
          {
            kind: 'Group',
            group: {
              name: 'system:authenticated',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
}

/** The levels that those go to. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: {
    type: 'Exempt',
    exempt: {
      nominalConcurrencyShares: 0,
      lendablePercent: 0,
    },
  },
  'catch-all': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 5,
      limitResponse: {
        type: 'Reject',
      },
      lendablePercent: 0,
    },
  },
}
