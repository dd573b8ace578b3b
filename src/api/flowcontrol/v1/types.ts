/** The types of flowcontrol/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, list, message, nullable, string, time } from '#schema/schema.ts'

export const PriorityLevelConfigurationReference = message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationReference', {
  name: field(1, string(), { required: true }),
})
export type PriorityLevelConfigurationReference = Of<typeof PriorityLevelConfigurationReference>

export const FlowDistinguisherMethod = message('k8s.io.api.flowcontrol.v1.FlowDistinguisherMethod', {
  type: field(1, string(), { required: true }),
})
export type FlowDistinguisherMethod = Of<typeof FlowDistinguisherMethod>

export const UserSubject = message('k8s.io.api.flowcontrol.v1.UserSubject', {
  name: field(1, string(), { required: true }),
})
export type UserSubject = Of<typeof UserSubject>

export const GroupSubject = message('k8s.io.api.flowcontrol.v1.GroupSubject', {
  name: field(1, string(), { required: true }),
})
export type GroupSubject = Of<typeof GroupSubject>

export const ServiceAccountSubject = message('k8s.io.api.flowcontrol.v1.ServiceAccountSubject', {
  namespace: field(1, string(), { required: true }),
  name: field(2, string(), { required: true }),
})
export type ServiceAccountSubject = Of<typeof ServiceAccountSubject>

export const Subject = message('k8s.io.api.flowcontrol.v1.Subject', {
  kind: field(1, string(), { required: true }),
  user: field(2, UserSubject, { pointer: true }),
  group: field(3, GroupSubject, { pointer: true }),
  serviceAccount: field(4, ServiceAccountSubject, { pointer: true }),
})
export type Subject = Of<typeof Subject>

export const ResourcePolicyRule = message('k8s.io.api.flowcontrol.v1.ResourcePolicyRule', {
  verbs: field(1, list(string(), { apply: { type: 'set' } }), { required: true }),
  apiGroups: field(2, list(string(), { apply: { type: 'set' } }), { required: true }),
  resources: field(3, list(string(), { apply: { type: 'set' } }), { required: true }),
  clusterScope: field(4, bool()),
  namespaces: field(5, list(string(), { apply: { type: 'set' } }), { always: true }),
})
export type ResourcePolicyRule = Of<typeof ResourcePolicyRule>

export const NonResourcePolicyRule = message('k8s.io.api.flowcontrol.v1.NonResourcePolicyRule', {
  verbs: field(1, list(string(), { apply: { type: 'set' } }), { required: true }),
  nonResourceURLs: field(6, list(string(), { apply: { type: 'set' } }), { required: true }),
})
export type NonResourcePolicyRule = Of<typeof NonResourcePolicyRule>

export const PolicyRulesWithSubjects = message('k8s.io.api.flowcontrol.v1.PolicyRulesWithSubjects', {
  subjects: field(1, list(Subject), { required: true }),
  resourceRules: field(2, list(ResourcePolicyRule)),
  nonResourceRules: field(3, list(NonResourcePolicyRule)),
})
export type PolicyRulesWithSubjects = Of<typeof PolicyRulesWithSubjects>

export const FlowSchemaSpec = message('k8s.io.api.flowcontrol.v1.FlowSchemaSpec', {
  priorityLevelConfiguration: field(1, PriorityLevelConfigurationReference, { required: true }),
  matchingPrecedence: field(2, int32(), { always: true, default: 1000 }),
  distinguisherMethod: field(3, FlowDistinguisherMethod, { pointer: true }),
  rules: field(4, list(PolicyRulesWithSubjects)),
})
export type FlowSchemaSpec = Of<typeof FlowSchemaSpec>

export const FlowSchemaCondition = message('k8s.io.api.flowcontrol.v1.FlowSchemaCondition', {
  type: field(1, string()),
  status: field(2, string()),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type FlowSchemaCondition = Of<typeof FlowSchemaCondition>

export const FlowSchemaStatus = message('k8s.io.api.flowcontrol.v1.FlowSchemaStatus', {
  conditions: field(1, list(FlowSchemaCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type FlowSchemaStatus = Of<typeof FlowSchemaStatus>

export const FlowSchema = message('k8s.io.api.flowcontrol.v1.FlowSchema', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, FlowSchemaSpec, { always: true }),
  status: field(3, FlowSchemaStatus, { always: true }),
})
export type FlowSchema = Of<typeof FlowSchema>

export const QueuingConfiguration = message('k8s.io.api.flowcontrol.v1.QueuingConfiguration', {
  queues: field(1, int32(), { always: true, default: 64 }),
  handSize: field(2, int32(), { always: true, default: 8 }),
  queueLengthLimit: field(3, int32(), { always: true, default: 50 }),
})
export type QueuingConfiguration = Of<typeof QueuingConfiguration>

export const LimitResponse = message('k8s.io.api.flowcontrol.v1.LimitResponse', {
  type: field(1, string(), { required: true }),
  queuing: field(2, QueuingConfiguration, { pointer: true }),
})
export type LimitResponse = Of<typeof LimitResponse>

export const LimitedPriorityLevelConfiguration = message('k8s.io.api.flowcontrol.v1.LimitedPriorityLevelConfiguration', {
  nominalConcurrencyShares: field(1, int32(), { always: true, default: 30, pointer: true }),
  limitResponse: field(2, LimitResponse, { always: true }),
  lendablePercent: field(3, int32(), { default: 0, pointer: true }),
  borrowingLimitPercent: field(4, int32(), { pointer: true }),
})
export type LimitedPriorityLevelConfiguration = Of<typeof LimitedPriorityLevelConfiguration>

export const ExemptPriorityLevelConfiguration = message('k8s.io.api.flowcontrol.v1.ExemptPriorityLevelConfiguration', {
  nominalConcurrencyShares: field(1, int32(), { default: 0, pointer: true }),
  lendablePercent: field(2, int32(), { default: 0, pointer: true }),
})
export type ExemptPriorityLevelConfiguration = Of<typeof ExemptPriorityLevelConfiguration>

export const PriorityLevelConfigurationSpec = message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec', {
  type: field(1, string(), { required: true }),
  limited: field(2, LimitedPriorityLevelConfiguration, { pointer: true }),
  exempt: field(3, ExemptPriorityLevelConfiguration, { pointer: true }),
})
export type PriorityLevelConfigurationSpec = Of<typeof PriorityLevelConfigurationSpec>

export const PriorityLevelConfigurationCondition = message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationCondition', {
  type: field(1, string()),
  status: field(2, string()),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type PriorityLevelConfigurationCondition = Of<typeof PriorityLevelConfigurationCondition>

export const PriorityLevelConfigurationStatus = message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationStatus', {
  conditions: field(
    1,
    list(PriorityLevelConfigurationCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
  ),
})
export type PriorityLevelConfigurationStatus = Of<typeof PriorityLevelConfigurationStatus>

export const PriorityLevelConfiguration = message('k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, PriorityLevelConfigurationSpec, { always: true }),
  status: field(3, PriorityLevelConfigurationStatus, { always: true }),
})
export type PriorityLevelConfiguration = Of<typeof PriorityLevelConfiguration>
