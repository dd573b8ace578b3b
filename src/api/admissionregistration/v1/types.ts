/** The types of admissionregistration/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bytes, field, int32, int64, list, message, oneOf, string } from '#schema/schema.ts'

export const ScopeType = oneOf('Cluster', 'Namespaced', '*')
export type ScopeType = Of<typeof ScopeType>

const RuleFields = {
  apiGroups: field(1, list(string())),
  apiVersions: field(2, list(string())),
  resources: field(3, list(string())),
  scope: field(4, ScopeType, { default: '*', pointer: true }),
}
export const Rule = message('k8s.io.api.admissionregistration.v1.Rule', RuleFields)
export type Rule = Of<typeof Rule>

export const FailurePolicyType = oneOf('Ignore', 'Fail')
export type FailurePolicyType = Of<typeof FailurePolicyType>

export const MatchPolicyType = oneOf('Exact', 'Equivalent')
export type MatchPolicyType = Of<typeof MatchPolicyType>

export const SideEffectClass = oneOf('Unknown', 'None', 'Some', 'NoneOnDryRun')
export type SideEffectClass = Of<typeof SideEffectClass>

export const ParamKind = message(
  'k8s.io.api.admissionregistration.v1.ParamKind',
  {
    apiVersion: field(1, string()),
    kind: field(2, string()),
  },
  { atomic: true },
)
export type ParamKind = Of<typeof ParamKind>

export const OperationType = oneOf('*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT')
export type OperationType = Of<typeof OperationType>

const RuleWithOperationsFields = {
  operations: field(1, list(OperationType)),
  ...RuleFields,
}
export const RuleWithOperations = message('k8s.io.api.admissionregistration.v1.RuleWithOperations', RuleWithOperationsFields, {
  embeds: [{ number: 2, type: Rule }],
})
export type RuleWithOperations = Of<typeof RuleWithOperations>

export const NamedRuleWithOperations = message(
  'k8s.io.api.admissionregistration.v1.NamedRuleWithOperations',
  {
    resourceNames: field(1, list(string())),
    ...RuleWithOperationsFields,
  },
  { atomic: true, embeds: [{ number: 2, type: RuleWithOperations }] },
)
export type NamedRuleWithOperations = Of<typeof NamedRuleWithOperations>

export const MatchResources = message(
  'k8s.io.api.admissionregistration.v1.MatchResources',
  {
    namespaceSelector: field(1, meta.LabelSelector, { default: {}, pointer: true }),
    objectSelector: field(2, meta.LabelSelector, { default: {}, pointer: true }),
    resourceRules: field(3, list(NamedRuleWithOperations)),
    excludeResourceRules: field(4, list(NamedRuleWithOperations)),
    matchPolicy: field(7, MatchPolicyType, { default: 'Equivalent', pointer: true }),
  },
  { atomic: true },
)
export type MatchResources = Of<typeof MatchResources>

export const Validation = message('k8s.io.api.admissionregistration.v1.Validation', {
  expression: field(1, string(), { required: true }),
  message: field(2, string()),
  reason: field(3, string(), { pointer: true }),
  messageExpression: field(4, string()),
})
export type Validation = Of<typeof Validation>

export const AuditAnnotation = message('k8s.io.api.admissionregistration.v1.AuditAnnotation', {
  key: field(1, string(), { required: true }),
  valueExpression: field(2, string(), { required: true }),
})
export type AuditAnnotation = Of<typeof AuditAnnotation>

export const MatchCondition = message('k8s.io.api.admissionregistration.v1.MatchCondition', {
  name: field(1, string(), { required: true }),
  expression: field(2, string(), { required: true }),
})
export type MatchCondition = Of<typeof MatchCondition>

export const Variable = message(
  'k8s.io.api.admissionregistration.v1.Variable',
  {
    name: field(1, string(), { required: true }),
    expression: field(2, string(), { required: true }),
  },
  { atomic: true },
)
export type Variable = Of<typeof Variable>

export const ValidatingAdmissionPolicySpec = message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec', {
  paramKind: field(1, ParamKind, { pointer: true }),
  matchConstraints: field(2, MatchResources, { pointer: true }),
  validations: field(3, list(Validation)),
  failurePolicy: field(4, FailurePolicyType, { default: 'Fail', pointer: true }),
  auditAnnotations: field(5, list(AuditAnnotation)),
  matchConditions: field(6, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
  variables: field(7, list(Variable, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
})
export type ValidatingAdmissionPolicySpec = Of<typeof ValidatingAdmissionPolicySpec>

export const ExpressionWarning = message('k8s.io.api.admissionregistration.v1.ExpressionWarning', {
  fieldRef: field(2, string(), { required: true }),
  warning: field(3, string(), { required: true }),
})
export type ExpressionWarning = Of<typeof ExpressionWarning>

export const TypeChecking = message('k8s.io.api.admissionregistration.v1.TypeChecking', {
  expressionWarnings: field(1, list(ExpressionWarning)),
})
export type TypeChecking = Of<typeof TypeChecking>

export const ValidatingAdmissionPolicyStatus = message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus', {
  observedGeneration: field(1, int64()),
  typeChecking: field(2, TypeChecking, { pointer: true }),
  conditions: field(3, list(meta.Condition, { apply: { type: 'map', keys: ['type'] } })),
})
export type ValidatingAdmissionPolicyStatus = Of<typeof ValidatingAdmissionPolicyStatus>

export const ValidatingAdmissionPolicy = message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ValidatingAdmissionPolicySpec, { always: true }),
  status: field(3, ValidatingAdmissionPolicyStatus, { always: true }),
})
export type ValidatingAdmissionPolicy = Of<typeof ValidatingAdmissionPolicy>

export const ParamRef = message(
  'k8s.io.api.admissionregistration.v1.ParamRef',
  {
    name: field(1, string()),
    namespace: field(2, string()),
    selector: field(3, meta.LabelSelector, { pointer: true }),
    parameterNotFoundAction: field(4, string(), { pointer: true }),
  },
  { atomic: true },
)
export type ParamRef = Of<typeof ParamRef>

export const ValidationAction = oneOf('Deny', 'Warn', 'Audit')
export type ValidationAction = Of<typeof ValidationAction>

export const ValidatingAdmissionPolicyBindingSpec = message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec', {
  policyName: field(1, string()),
  paramRef: field(2, ParamRef, { pointer: true }),
  matchResources: field(3, MatchResources, { pointer: true }),
  validationActions: field(4, list(ValidationAction, { apply: { type: 'set' } })),
})
export type ValidatingAdmissionPolicyBindingSpec = Of<typeof ValidatingAdmissionPolicyBindingSpec>

export const ValidatingAdmissionPolicyBinding = message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ValidatingAdmissionPolicyBindingSpec, { always: true }),
})
export type ValidatingAdmissionPolicyBinding = Of<typeof ValidatingAdmissionPolicyBinding>

export const ServiceReference = message('k8s.io.api.admissionregistration.v1.ServiceReference', {
  namespace: field(1, string(), { required: true }),
  name: field(2, string(), { required: true }),
  path: field(3, string(), { pointer: true }),
  port: field(4, int32(), { default: 443, pointer: true }),
})
export type ServiceReference = Of<typeof ServiceReference>

export const WebhookClientConfig = message('k8s.io.api.admissionregistration.v1.WebhookClientConfig', {
  url: field(3, string(), { pointer: true }),
  service: field(1, ServiceReference, { pointer: true }),
  caBundle: field(2, bytes()),
})
export type WebhookClientConfig = Of<typeof WebhookClientConfig>

export const ValidatingWebhook = message('k8s.io.api.admissionregistration.v1.ValidatingWebhook', {
  name: field(1, string(), { required: true }),
  clientConfig: field(2, WebhookClientConfig, { required: true }),
  rules: field(3, list(RuleWithOperations)),
  failurePolicy: field(4, FailurePolicyType, { default: 'Fail', pointer: true }),
  matchPolicy: field(9, MatchPolicyType, { default: 'Equivalent', pointer: true }),
  namespaceSelector: field(5, meta.LabelSelector, { default: {}, pointer: true }),
  objectSelector: field(10, meta.LabelSelector, { default: {}, pointer: true }),
  sideEffects: field(6, SideEffectClass, { required: true, pointer: true }),
  timeoutSeconds: field(7, int32(), { default: 10, pointer: true }),
  admissionReviewVersions: field(8, list(string()), { required: true }),
  matchConditions: field(11, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
})
export type ValidatingWebhook = Of<typeof ValidatingWebhook>

export const ValidatingWebhookConfiguration = message('k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  webhooks: field(2, list(ValidatingWebhook, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
})
export type ValidatingWebhookConfiguration = Of<typeof ValidatingWebhookConfiguration>

export const ReinvocationPolicyType = oneOf('Never', 'IfNeeded')
export type ReinvocationPolicyType = Of<typeof ReinvocationPolicyType>

export const MutatingWebhook = message('k8s.io.api.admissionregistration.v1.MutatingWebhook', {
  name: field(1, string(), { required: true }),
  clientConfig: field(2, WebhookClientConfig, { required: true }),
  rules: field(3, list(RuleWithOperations)),
  failurePolicy: field(4, FailurePolicyType, { default: 'Fail', pointer: true }),
  matchPolicy: field(9, MatchPolicyType, { default: 'Equivalent', pointer: true }),
  namespaceSelector: field(5, meta.LabelSelector, { default: {}, pointer: true }),
  objectSelector: field(11, meta.LabelSelector, { default: {}, pointer: true }),
  sideEffects: field(6, SideEffectClass, { required: true, pointer: true }),
  timeoutSeconds: field(7, int32(), { default: 10, pointer: true }),
  admissionReviewVersions: field(8, list(string()), { required: true }),
  reinvocationPolicy: field(10, ReinvocationPolicyType, { default: 'Never', pointer: true }),
  matchConditions: field(12, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
})
export type MutatingWebhook = Of<typeof MutatingWebhook>

export const MutatingWebhookConfiguration = message('k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  webhooks: field(2, list(MutatingWebhook, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
})
export type MutatingWebhookConfiguration = Of<typeof MutatingWebhookConfiguration>

export const PatchType = oneOf('ApplyConfiguration', 'JSONPatch')
export type PatchType = Of<typeof PatchType>

export const ApplyConfiguration = message('k8s.io.api.admissionregistration.v1.ApplyConfiguration', {
  expression: field(1, string()),
})
export type ApplyConfiguration = Of<typeof ApplyConfiguration>

export const JSONPatch = message('k8s.io.api.admissionregistration.v1.JSONPatch', {
  expression: field(1, string()),
})
export type JSONPatch = Of<typeof JSONPatch>

export const Mutation = message('k8s.io.api.admissionregistration.v1.Mutation', {
  patchType: field(2, PatchType, { required: true }),
  applyConfiguration: field(3, ApplyConfiguration, { pointer: true }),
  jsonPatch: field(4, JSONPatch, { pointer: true }),
})
export type Mutation = Of<typeof Mutation>

export const MutatingAdmissionPolicySpec = message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicySpec', {
  paramKind: field(1, ParamKind, { pointer: true }),
  matchConstraints: field(2, MatchResources, { pointer: true }),
  variables: field(3, list(Variable)),
  mutations: field(4, list(Mutation)),
  failurePolicy: field(5, FailurePolicyType, { default: 'Fail', pointer: true }),
  matchConditions: field(6, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } })),
  reinvocationPolicy: field(7, ReinvocationPolicyType),
})
export type MutatingAdmissionPolicySpec = Of<typeof MutatingAdmissionPolicySpec>

export const MutatingAdmissionPolicy = message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, MutatingAdmissionPolicySpec, { always: true }),
})
export type MutatingAdmissionPolicy = Of<typeof MutatingAdmissionPolicy>

export const MutatingAdmissionPolicyBindingSpec = message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec', {
  policyName: field(1, string()),
  paramRef: field(2, ParamRef, { pointer: true }),
  matchResources: field(3, MatchResources, { pointer: true }),
})
export type MutatingAdmissionPolicyBindingSpec = Of<typeof MutatingAdmissionPolicyBindingSpec>

export const MutatingAdmissionPolicyBinding = message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, MutatingAdmissionPolicyBindingSpec, { always: true }),
})
export type MutatingAdmissionPolicyBinding = Of<typeof MutatingAdmissionPolicyBinding>
