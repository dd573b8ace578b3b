import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/types.ts'

/** The words in which the server's own flow schemas and levels are written. */

type Rule = NonNullable<FlowSchemaSpec['rules']>[number]
type Subject = Rule['subjects'][number]
type ResourceRule = NonNullable<Rule['resourceRules']>[number]

/** All members of a group. */
export const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
/** One user. */
export const user = (name: string): Subject => ({ kind: 'User', user: { name } })
/** Every service account of a namespace. */
export const accountsOf = (namespace: string): Subject => ({ kind: 'ServiceAccount', serviceAccount: { namespace, name: '*' } })
/** Whoever asks, known or not. */
export const everybody: Subject[] = [group('system:unauthenticated'), group('system:authenticated')]

/** In every namespace; `clusterScope`: also outside of them. */
export const onResources = (verbs: string[], apiGroup: string, resources: string[], clusterScope?: true): ResourceRule => ({
  verbs,
  apiGroups: [apiGroup],
  resources,
  ...(clusterScope && { clusterScope }),
  namespaces: ['*'],
})

/** Everything that these may ask. */
export const allOf = (...subjects: Subject[]): Rule => ({
  subjects,
  resourceRules: [onResources(['*'], '*', ['*'], true)],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
})

/** `by`: by what requests are told apart, so that none crowds out the others. Absent: they are not. */
export const flowSchema = (
  level: string,
  matchingPrecedence: number,
  by: 'ByUser' | 'ByNamespace' | undefined,
  rule: Rule,
): FlowSchemaSpec => ({
  priorityLevelConfiguration: { name: level },
  matchingPrecedence,
  ...(by !== undefined && { distinguisherMethod: { type: by } }),
  rules: [rule],
})

/** A level whose requests wait in queues of 50, `handSize` of them for each flow, and that lends a share of its seats to others. */
export const queueing = (
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): PriorityLevelConfigurationSpec => ({
  type: 'Limited',
  limited: {
    nominalConcurrencyShares,
    limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    lendablePercent,
  },
})
