/** The types of flowcontrol/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, list, message, nullable, string, time } from '#schema/schema.ts'

export const PriorityLevelConfigurationReference = message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  {
    name: field(1, string(), { required: true, about: 'Name of the PriorityLevelConfiguration.' }),
  },
  { about: 'Names a priority level.' },
)
export type PriorityLevelConfigurationReference = Of<typeof PriorityLevelConfigurationReference>

export const FlowDistinguisherMethod = message(
  'k8s.io.api.flowcontrol.v1.FlowDistinguisherMethod',
  {
    type: field(1, string(), { required: true, about: 'ByUser for a flow of each user, ByNamespace for one of each namespace.' }),
  },
  { about: 'How requests of a schema are told apart into flows.' },
)
export type FlowDistinguisherMethod = Of<typeof FlowDistinguisherMethod>

export const UserSubject = message(
  'k8s.io.api.flowcontrol.v1.UserSubject',
  {
    name: field(1, string(), { required: true, about: 'Name of the user; * means everybody.' }),
  },
  { about: 'Users by name.' },
)
export type UserSubject = Of<typeof UserSubject>

export const GroupSubject = message(
  'k8s.io.api.flowcontrol.v1.GroupSubject',
  {
    name: field(1, string(), { required: true, about: 'Name of the group; * means every group.' }),
  },
  { about: 'Users by group.' },
)
export type GroupSubject = Of<typeof GroupSubject>

export const ServiceAccountSubject = message(
  'k8s.io.api.flowcontrol.v1.ServiceAccountSubject',
  {
    namespace: field(1, string(), { required: true, about: 'Namespace of the account.' }),
    name: field(2, string(), { required: true, about: 'Name of the account; * means all of the namespace.' }),
  },
  { about: 'Service accounts by name.' },
)
export type ServiceAccountSubject = Of<typeof ServiceAccountSubject>

export const Subject = message(
  'k8s.io.api.flowcontrol.v1.Subject',
  {
    kind: field(1, string(), { required: true, about: 'User, Group or ServiceAccount.' }),
    user: field(2, UserSubject, { pointer: true, about: 'Which user, for kind User.' }),
    group: field(3, GroupSubject, { pointer: true, about: 'Which group, for kind Group.' }),
    serviceAccount: field(4, ServiceAccountSubject, { pointer: true, about: 'Which service account, for kind ServiceAccount.' }),
  },
  {
    union: { discriminator: 'kind', fields: ['group', 'serviceAccount', 'user'] },
    about: 'Who makes a request; besides the kind, the field of that kind is given.',
  },
)
export type Subject = Of<typeof Subject>

export const ResourcePolicyRule = message(
  'k8s.io.api.flowcontrol.v1.ResourcePolicyRule',
  {
    verbs: field(1, list(string(), { apply: { type: 'set' } }), { required: true, about: 'Verbs that match; * alone means all of them.' }),
    apiGroups: field(2, list(string(), { apply: { type: 'set' } }), {
      required: true,
      about: 'API groups that match, the empty text being the core group; * alone means all of them.',
    }),
    resources: field(3, list(string(), { apply: { type: 'set' } }), {
      required: true,
      about: 'Resources that match, in plural, with subresources as nodes/status; * alone means all of them.',
    }),
    clusterScope: field(4, bool(), { about: 'Whether requests without a namespace match too; false by default.' }),
    namespaces: field(5, list(string(), { apply: { type: 'set' } }), {
      always: true,
      about: 'Namespaces that match, * alone all of them; may be empty only with clusterScope.',
    }),
  },
  { about: 'Requests for resources; verb, group, resource and place all have to match.' },
)
export type ResourcePolicyRule = Of<typeof ResourcePolicyRule>

export const NonResourcePolicyRule = message(
  'k8s.io.api.flowcontrol.v1.NonResourcePolicyRule',
  {
    verbs: field(1, list(string(), { apply: { type: 'set' } }), {
      required: true,
      about: 'HTTP methods that match, in lower case; * alone means all of them.',
    }),
    nonResourceURLs: field(6, list(string(), { apply: { type: 'set' } }), {
      required: true,
      about: 'Paths that match, perhaps with * as their last step; * alone means all of them.',
    }),
  },
  { about: "Requests for paths outside the API's resources." },
)
export type NonResourcePolicyRule = Of<typeof NonResourcePolicyRule>

export const PolicyRulesWithSubjects = message(
  'k8s.io.api.flowcontrol.v1.PolicyRulesWithSubjects',
  {
    subjects: field(1, list(Subject), { required: true, about: 'Who makes the request, any one of them; at least one.' }),
    resourceRules: field(2, list(ResourcePolicyRule), { about: 'Requests for resources; at least one rule of either sort is needed.' }),
    nonResourceRules: field(3, list(NonResourcePolicyRule), {
      about: 'Requests for other paths; at least one rule of either sort is needed.',
    }),
  },
  { about: 'Requests by who makes them and what for: any subject together with any of the rules.' },
)
export type PolicyRulesWithSubjects = Of<typeof PolicyRulesWithSubjects>

export const FlowSchemaSpec = message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaSpec',
  {
    priorityLevelConfiguration: field(1, PriorityLevelConfigurationReference, {
      required: true,
      about: 'Priority level of the requests; the schema is ignored while there is no such level.',
    }),
    matchingPrecedence: field(2, int32(), {
      always: true,
      default: 1000,
      about: 'Among schemas that match, the lowest number wins; 1 to 10000, 1000 by default.',
    }),
    distinguisherMethod: field(3, FlowDistinguisherMethod, {
      pointer: true,
      about: 'How the requests are told apart into flows; without it they are all one flow.',
    }),
    rules: field(4, list(PolicyRulesWithSubjects), {
      about: 'Requests that match, any one of the rules; with none the schema matches nothing.',
    }),
  },
  { about: 'Which requests belong to a schema, and which priority level they get.' },
)
export type FlowSchemaSpec = Of<typeof FlowSchemaSpec>

export const FlowSchemaCondition = message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaCondition',
  {
    type: field(1, string(), { about: 'Dangling, which tells whether the priority level is missing; there is one entry for each type.' }),
    status: field(2, string(), { about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a schema's state." },
)
export type FlowSchemaCondition = Of<typeof FlowSchemaCondition>

export const FlowSchemaStatus = message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaStatus',
  {
    conditions: field(1, list(FlowSchemaCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
  },
  { about: 'State of a schema.' },
)
export type FlowSchemaStatus = Of<typeof FlowSchemaStatus>

export const FlowSchema = message(
  'k8s.io.api.flowcontrol.v1.FlowSchema',
  {
    ...objectFields,
    spec: field(2, FlowSchemaSpec, { always: true, about: 'Requests and their priority level.' }),
    status: field(3, FlowSchemaStatus, { always: true, about: 'Whether the priority level exists; written by the API server.' }),
  },
  { about: 'Sorts requests to the API server into flows and gives them a priority level.' },
)
export type FlowSchema = Of<typeof FlowSchema>

export const QueuingConfiguration = message(
  'k8s.io.api.flowcontrol.v1.QueuingConfiguration',
  {
    queues: field(1, int32(), {
      always: true,
      default: 64,
      about: 'How many queues there are; 64 by default. More of them keep flows better apart, 1 does not at all.',
    }),
    handSize: field(2, int32(), {
      always: true,
      default: 8,
      about: 'How many queues a flow is dealt, of which it uses the shortest; 8 by default, and not more than queues.',
    }),
    queueLengthLimit: field(3, int32(), {
      always: true,
      default: 50,
      about: 'How many requests may wait in a queue; further ones are refused. 50 by default.',
    }),
  },
  { about: 'Queues in which requests of a level wait for their turn.' },
)
export type QueuingConfiguration = Of<typeof QueuingConfiguration>

export const LimitResponse = message(
  'k8s.io.api.flowcontrol.v1.LimitResponse',
  {
    type: field(1, string(), { required: true, about: 'Queue lets them wait, Reject answers 429 at once.' }),
    queuing: field(2, QueuingConfiguration, { pointer: true, about: 'How they wait, for type Queue only.' }),
  },
  { union: { discriminator: 'type', fields: ['queuing'] }, about: 'What happens to requests for which there is no seat.' },
)
export type LimitResponse = Of<typeof LimitResponse>

export const LimitedPriorityLevelConfiguration = message(
  'k8s.io.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  {
    nominalConcurrencyShares: field(1, int32(), {
      always: true,
      default: 30,
      pointer: true,
      about: "Share of the server's seats, relative to the sum over all levels; 30 by default, and 0 gives none.",
    }),
    limitResponse: field(2, LimitResponse, { always: true, about: 'What happens to requests for which there is no seat.' }),
    lendablePercent: field(3, int32(), {
      default: 0,
      pointer: true,
      about: 'Percentage of its seats that other levels may borrow, 0 to 100; 0 by default.',
    }),
    borrowingLimitPercent: field(4, int32(), {
      pointer: true,
      about: 'How many seats it may borrow, as a percentage of its own; no limit by default.',
    }),
  },
  { about: 'How much of the server a level gets, and what happens when it is used up.' },
)
export type LimitedPriorityLevelConfiguration = Of<typeof LimitedPriorityLevelConfiguration>

export const ExemptPriorityLevelConfiguration = message(
  'k8s.io.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  {
    nominalConcurrencyShares: field(1, int32(), {
      default: 0,
      pointer: true,
      about: "Share of the server's seats that other levels have to do without; 0 by default.",
    }),
    lendablePercent: field(2, int32(), {
      default: 0,
      pointer: true,
      about: 'Percentage of those seats that other levels may borrow, 0 to 100; 0 by default.',
    }),
  },
  { about: 'How much of the server is reckoned for a level whose requests are never held back.' },
)
export type ExemptPriorityLevelConfiguration = Of<typeof ExemptPriorityLevelConfiguration>

export const PriorityLevelConfigurationSpec = message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  {
    type: field(1, string(), {
      required: true,
      about: 'Limited takes turns within its share; Exempt never waits, and only the level named exempt may be so.',
    }),
    limited: field(2, LimitedPriorityLevelConfiguration, {
      pointer: true,
      about: 'Share and queues, needed for type Limited and not allowed for Exempt.',
    }),
    exempt: field(3, ExemptPriorityLevelConfiguration, { pointer: true, about: 'Share, for type Exempt only.' }),
  },
  { union: { discriminator: 'type', fields: ['exempt', 'limited'] }, about: 'How requests of a level are treated.' },
)
export type PriorityLevelConfigurationSpec = Of<typeof PriorityLevelConfigurationSpec>

export const PriorityLevelConfigurationCondition = message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  {
    type: field(1, string(), { about: 'Name of the condition; there is one entry for each.' }),
    status: field(2, string(), { about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a level's state." },
)
export type PriorityLevelConfigurationCondition = Of<typeof PriorityLevelConfigurationCondition>

export const PriorityLevelConfigurationStatus = message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  {
    conditions: field(
      1,
      list(PriorityLevelConfigurationCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
      { about: 'Observed aspects of the state, one entry for each type.' },
    ),
  },
  { about: 'State of a level.' },
)
export type PriorityLevelConfigurationStatus = Of<typeof PriorityLevelConfigurationStatus>

export const PriorityLevelConfiguration = message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration',
  {
    ...objectFields,
    spec: field(2, PriorityLevelConfigurationSpec, { always: true, about: 'Share and way of waiting.' }),
    status: field(3, PriorityLevelConfigurationStatus, { always: true, about: 'State of the level; written by the API server.' }),
  },
  { about: "Share of the API server's concurrency for requests of one importance; FlowSchemas say which those are." },
)
export type PriorityLevelConfiguration = Of<typeof PriorityLevelConfiguration>
