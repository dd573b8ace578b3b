/** The types of admissionregistration/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bytes, field, int32, int64, list, message, oneOf, string } from '#schema/schema.ts'

export const ScopeType = oneOf('Cluster', 'Namespaced', '*')
export type ScopeType = Of<typeof ScopeType>

const RuleFields = {
  apiGroups: field(1, list(string()), { about: 'API groups that match; the empty text is the core group, * alone all groups.' }),
  apiVersions: field(2, list(string()), { about: 'API versions that match, such as v1; * alone means all.' }),
  resources: field(3, list(string()), {
    about: 'Resources that match, in plural; pods/log is a subresource, pods/* all of them, */* everything.',
  }),
  scope: field(4, ScopeType, {
    default: '*',
    pointer: true,
    about: 'Cluster for objects without a namespace, Namespaced for those with one, * (the default) for both.',
  }),
}
export const Rule = message('k8s.io.api.admissionregistration.v1.Rule', RuleFields, {
  about: 'Resources by group, version, name and scope.',
})
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
    apiVersion: field(1, string(), { about: 'Group and version of the kind, such as v1 or acme.io/v1.' }),
    kind: field(2, string(), { about: 'Name of the kind, such as ConfigMap.' }),
  },
  { atomic: true, about: "Kind of the objects that hold a policy's parameters." },
)
export type ParamKind = Of<typeof ParamKind>

export const OperationType = oneOf('*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT')
export type OperationType = Of<typeof OperationType>

const RuleWithOperationsFields = {
  operations: field(1, list(OperationType), { about: 'CREATE, UPDATE, DELETE or CONNECT; * alone means all of them.' }),
  ...RuleFields,
}
export const RuleWithOperations = message('k8s.io.api.admissionregistration.v1.RuleWithOperations', RuleWithOperationsFields, {
  embeds: [{ number: 2, type: Rule }],
  about: 'Requests by what they do and on which resources; everything in the rule has to match.',
})
export type RuleWithOperations = Of<typeof RuleWithOperations>

export const NamedRuleWithOperations = message(
  'k8s.io.api.admissionregistration.v1.NamedRuleWithOperations',
  {
    resourceNames: field(1, list(string()), { about: 'Names of the only objects that match; empty means any name.' }),
    ...RuleWithOperationsFields,
  },
  {
    atomic: true,
    embeds: [{ number: 2, type: RuleWithOperations }],
    about: 'Requests by what they do, on which resources and, if wanted, on which names.',
  },
)
export type NamedRuleWithOperations = Of<typeof NamedRuleWithOperations>

export const MatchResources = message(
  'k8s.io.api.admissionregistration.v1.MatchResources',
  {
    namespaceSelector: field(1, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: "Labels of the object's namespace, or of a Namespace itself; other objects always match. Empty by default, which is all.",
    }),
    objectSelector: field(2, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: 'Labels that the object has to carry, before or after the change; users can avoid it by their labels.',
    }),
    resourceRules: field(3, list(NamedRuleWithOperations), { about: 'Requests that are meant, matched by any one of the rules.' }),
    excludeResourceRules: field(4, list(NamedRuleWithOperations), {
      about: 'Requests that are left out, even though resourceRules match them.',
    }),
    matchPolicy: field(7, MatchPolicyType, {
      default: 'Equivalent',
      pointer: true,
      about: 'Equivalent (the default) also matches the same object in another group or version; Exact only what rules name.',
    }),
  },
  { atomic: true, about: 'Requests that a policy is for: matched by a rule, not excluded, and accepted by both selectors.' },
)
export type MatchResources = Of<typeof MatchResources>

export const Validation = message(
  'k8s.io.api.admissionregistration.v1.Validation',
  {
    expression: field(1, string(), {
      required: true,
      about: 'CEL expression over object, oldObject, request, params, namespaceObject, variables and authorizer; true lets pass.',
    }),
    message: field(2, string(), { about: 'Why the request is refused, in one line; needed if the expression has line breaks.' }),
    reason: field(3, string(), {
      pointer: true,
      about: 'Reason and so HTTP code of the refusal: Unauthorized, Forbidden, Invalid (the default) or RequestEntityTooLarge.',
    }),
    messageExpression: field(4, string(), {
      about: 'CEL expression that makes the message; message is used if it fails or gives no usable line.',
    }),
  },
  { about: 'Check of a policy: an expression that has to be true for the request to pass.' },
)
export type Validation = Of<typeof Validation>

export const AuditAnnotation = message(
  'k8s.io.api.admissionregistration.v1.AuditAnnotation',
  {
    key: field(1, string(), {
      required: true,
      about: "Name of the annotation, unique in the policy; the policy's name and a / are put before it.",
    }),
    valueExpression: field(2, string(), {
      required: true,
      about: 'CEL expression for the value, a text; null adds no annotation, and more than 10 KiB are cut off.',
    }),
  },
  { about: 'Annotation that a policy adds to the audit event of a request.' },
)
export type AuditAnnotation = Of<typeof AuditAnnotation>

export const MatchCondition = message(
  'k8s.io.api.admissionregistration.v1.MatchCondition',
  {
    name: field(1, string(), { required: true, about: 'Name of the condition, for messages and metrics; unique in its list.' }),
    expression: field(2, string(), {
      required: true,
      about: 'CEL expression over object, oldObject, request and authorizer; false leaves the request alone.',
    }),
  },
  { about: 'Further condition that decides whether a webhook or policy looks at a request.' },
)
export type MatchCondition = Of<typeof MatchCondition>

export const Variable = message(
  'k8s.io.api.admissionregistration.v1.Variable',
  {
    name: field(1, string(), { required: true, about: 'Name of the variable, a CEL identifier that is unique in the policy.' }),
    expression: field(2, string(), { required: true, about: 'CEL expression for the value; it may use the variables before it.' }),
  },
  { atomic: true, about: 'Named expression that later ones use as variables.<name>; it is evaluated only if needed.' },
)
export type Variable = Of<typeof Variable>

export const ValidatingAdmissionPolicySpec = message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  {
    paramKind: field(1, ParamKind, {
      pointer: true,
      about: 'Kind of the parameters that bindings hand in; without it the expressions have no params.',
    }),
    matchConstraints: field(2, MatchResources, {
      pointer: true,
      about: 'Requests that the policy is for; at least one resource rule is needed.',
    }),
    validations: field(3, list(Validation), { about: 'Checks, all of which have to be true; needed unless there are audit annotations.' }),
    failurePolicy: field(4, FailurePolicyType, {
      default: 'Fail',
      pointer: true,
      about: 'When the policy cannot be evaluated, Fail (the default) refuses the request and Ignore lets it pass.',
    }),
    auditAnnotations: field(5, list(AuditAnnotation), {
      about: 'Annotations for the audit event, at most 20; needed unless there are validations.',
    }),
    matchConditions: field(6, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Conditions that all have to be true for the policy to look at a request, at most 64.',
    }),
    variables: field(7, list(Variable, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Expressions with names that the others can use, evaluated in their order.',
    }),
  },
  { about: 'What a policy checks, on which requests; a binding puts it in force.' },
)
export type ValidatingAdmissionPolicySpec = Of<typeof ValidatingAdmissionPolicySpec>

export const ExpressionWarning = message(
  'k8s.io.api.admissionregistration.v1.ExpressionWarning',
  {
    fieldRef: field(2, string(), { required: true, about: 'Path of the expression, such as spec.validations[0].expression.' }),
    warning: field(3, string(), { required: true, about: 'What does not fit, as the type check found it.' }),
  },
  { about: 'Finding about an expression that does not fit the types it is used on.' },
)
export type ExpressionWarning = Of<typeof ExpressionWarning>

export const TypeChecking = message(
  'k8s.io.api.admissionregistration.v1.TypeChecking',
  {
    expressionWarnings: field(1, list(ExpressionWarning), { about: 'One entry for each expression that does not fit.' }),
  },
  { about: "Findings of checking a policy's expressions against the types of the matched resources." },
)
export type TypeChecking = Of<typeof TypeChecking>

export const ValidatingAdmissionPolicyStatus = message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  {
    observedGeneration: field(1, int64(), { about: 'metadata.generation that this status was computed for.' }),
    typeChecking: field(2, TypeChecking, { pointer: true, about: 'Result of the type check; absent while it is under way.' }),
    conditions: field(3, list(meta.Condition, { apply: { type: 'map', keys: ['type'] } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
  },
  { about: 'What was found out about a policy.' },
)
export type ValidatingAdmissionPolicyStatus = Of<typeof ValidatingAdmissionPolicyStatus>

export const ValidatingAdmissionPolicy = message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  {
    ...objectFields,
    spec: field(2, ValidatingAdmissionPolicySpec, { always: true, about: 'What is checked, and on which requests.' }),
    status: field(3, ValidatingAdmissionPolicyStatus, { always: true, about: 'Result of the type check; written by its controller.' }),
  },
  { about: 'Rule in CEL that decides in the API server which requests pass; bindings say where it holds.' },
)
export type ValidatingAdmissionPolicy = Of<typeof ValidatingAdmissionPolicy>

export const ParamRef = message(
  'k8s.io.api.admissionregistration.v1.ParamRef',
  {
    name: field(1, string(), { about: 'Name of the one object; give either this or selector.' }),
    namespace: field(2, string(), {
      about: 'Namespace of the parameters; without it, that of the object under review. Not allowed for kinds without a namespace.',
    }),
    selector: field(3, meta.LabelSelector, {
      pointer: true,
      about: 'Labels of the objects, each of which is tried; give either this or name.',
    }),
    parameterNotFoundAction: field(4, string(), {
      pointer: true,
      about: "Where no parameters are found, Allow lets the request pass and Deny goes by the policy's failurePolicy.",
    }),
  },
  { atomic: true, about: "Objects whose contents are a policy's parameters, chosen by either name or selector." },
)
export type ParamRef = Of<typeof ParamRef>

export const ValidationAction = oneOf('Deny', 'Warn', 'Audit')
export type ValidationAction = Of<typeof ValidationAction>

export const ValidatingAdmissionPolicyBindingSpec = message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  {
    policyName: field(1, string(), {
      listed: true,
      about: 'Name of the ValidatingAdmissionPolicy; a binding to none that exists has no effect.',
    }),
    paramRef: field(2, ParamRef, { pointer: true, about: 'Parameters for the policy, for one that has a paramKind.' }),
    matchResources: field(3, MatchResources, {
      pointer: true,
      about: 'Narrows down the requests that the policy is for; without it all of them are.',
    }),
    validationActions: field(4, list(ValidationAction, { apply: { type: 'set' } }), {
      listed: true,
      about: 'Deny refuses, Warn tells the client, Audit notes it; Deny and Warn do not go together.',
    }),
  },
  { about: 'Which policy holds where, with which parameters and consequences.' },
)
export type ValidatingAdmissionPolicyBindingSpec = Of<typeof ValidatingAdmissionPolicyBindingSpec>

export const ValidatingAdmissionPolicyBinding = message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  {
    ...objectFields,
    spec: field(2, ValidatingAdmissionPolicyBindingSpec, {
      listed: true,
      always: true,
      about: 'Policy, parameters, requests and consequences.',
    }),
  },
  { about: 'Puts a ValidatingAdmissionPolicy in force, for chosen requests and with chosen parameters.' },
)
export type ValidatingAdmissionPolicyBinding = Of<typeof ValidatingAdmissionPolicyBinding>

export const ServiceReference = message(
  'k8s.io.api.admissionregistration.v1.ServiceReference',
  {
    namespace: field(1, string(), { required: true, about: 'Namespace of the service.' }),
    name: field(2, string(), { required: true, about: 'Name of the service.' }),
    path: field(3, string(), { pointer: true, about: 'Path of the request, such as /validate.' }),
    port: field(4, int32(), { default: 443, pointer: true, about: 'Port of the service, from 1 to 65535; 443 by default.' }),
  },
  { about: 'Service that a webhook is reached at.' },
)
export type ServiceReference = Of<typeof ServiceReference>

export const WebhookClientConfig = message(
  'k8s.io.api.admissionregistration.v1.WebhookClientConfig',
  {
    url: field(3, string(), {
      pointer: true,
      about: 'Address that begins with https://, without user, query or fragment; give either this or service.',
    }),
    service: field(1, ServiceReference, {
      pointer: true,
      about: 'Service in this cluster; the certificate has to be for <name>.<namespace>.svc. Give either this or url.',
    }),
    caBundle: field(2, bytes(), {
      about: "PEM certificates that the webhook's is checked with, base64 in JSON; by default those of the API server's system.",
    }),
  },
  { about: 'How a webhook is reached: either by URL or through a service, always over TLS.' },
)
export type WebhookClientConfig = Of<typeof WebhookClientConfig>

export const ValidatingWebhook = message(
  'k8s.io.api.admissionregistration.v1.ValidatingWebhook',
  {
    name: field(1, string(), { required: true, about: 'Full name of the webhook, such as quota.acme.io; unique in its configuration.' }),
    clientConfig: field(2, WebhookClientConfig, { required: true, about: 'How the webhook is reached.' }),
    rules: field(3, list(RuleWithOperations), { about: 'Requests that it is asked about, matched by any one of the rules.' }),
    failurePolicy: field(4, FailurePolicyType, {
      default: 'Fail',
      pointer: true,
      about: 'When the webhook fails or gives no answer in time, Fail (the default) refuses and Ignore lets pass.',
    }),
    matchPolicy: field(9, MatchPolicyType, {
      default: 'Equivalent',
      pointer: true,
      about: 'Equivalent (the default) also matches the same object in another group or version, converted; Exact only what rules name.',
    }),
    namespaceSelector: field(5, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: "Labels of the object's namespace, or of a Namespace itself; other objects always match. Empty by default, which is all.",
    }),
    objectSelector: field(10, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: 'Labels that the object has to carry, before or after the change; users can avoid it by their labels.',
    }),
    sideEffects: field(6, SideEffectClass, {
      required: true,
      pointer: true,
      about: 'None, or NoneOnDryRun if a dry run leaves nothing behind; other webhooks are not accepted.',
    }),
    timeoutSeconds: field(7, int32(), {
      default: 10,
      pointer: true,
      about: 'Seconds after which a call counts as failed, from 1 to 30; 10 by default.',
    }),
    admissionReviewVersions: field(8, list(string()), {
      required: true,
      about: 'Versions of AdmissionReview that it understands, the preferred first; v1 or v1beta1 has to be among them.',
    }),
    matchConditions: field(
      11,
      list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'Conditions that all have to be true for it to be asked, at most 64.' },
    ),
  },
  { about: 'Service that is asked, after all changes are made, whether a request may pass.' },
)
export type ValidatingWebhook = Of<typeof ValidatingWebhook>

export const ValidatingWebhookConfiguration = message(
  'k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  {
    ...objectFields,
    webhooks: field(2, list(ValidatingWebhook, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'The webhooks, told apart by name; they are asked in parallel.',
    }),
  },
  { about: 'Names webhooks that may refuse requests to the API server, but not change them.' },
)
export type ValidatingWebhookConfiguration = Of<typeof ValidatingWebhookConfiguration>

export const ReinvocationPolicyType = oneOf('Never', 'IfNeeded')
export type ReinvocationPolicyType = Of<typeof ReinvocationPolicyType>

export const MutatingWebhook = message(
  'k8s.io.api.admissionregistration.v1.MutatingWebhook',
  {
    name: field(1, string(), { required: true, about: 'Full name of the webhook, such as sidecar.acme.io; unique in its configuration.' }),
    clientConfig: field(2, WebhookClientConfig, { required: true, about: 'How the webhook is reached.' }),
    rules: field(3, list(RuleWithOperations), { about: 'Requests that it is asked about, matched by any one of the rules.' }),
    failurePolicy: field(4, FailurePolicyType, {
      default: 'Fail',
      pointer: true,
      about: 'When the webhook fails or gives no answer in time, Fail (the default) refuses and Ignore lets pass.',
    }),
    matchPolicy: field(9, MatchPolicyType, {
      default: 'Equivalent',
      pointer: true,
      about: 'Equivalent (the default) also matches the same object in another group or version, converted; Exact only what rules name.',
    }),
    namespaceSelector: field(5, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: "Labels of the object's namespace, or of a Namespace itself; other objects always match. Empty by default, which is all.",
    }),
    objectSelector: field(11, meta.LabelSelector, {
      default: {},
      pointer: true,
      about: 'Labels that the object has to carry, before or after the change; users can avoid it by their labels.',
    }),
    sideEffects: field(6, SideEffectClass, {
      required: true,
      pointer: true,
      about: 'None, or NoneOnDryRun if a dry run leaves nothing behind; other webhooks are not accepted.',
    }),
    timeoutSeconds: field(7, int32(), {
      default: 10,
      pointer: true,
      about: 'Seconds after which a call counts as failed, from 1 to 30; 10 by default.',
    }),
    admissionReviewVersions: field(8, list(string()), {
      required: true,
      about: 'Versions of AdmissionReview that it understands, the preferred first; v1 or v1beta1 has to be among them.',
    }),
    reinvocationPolicy: field(10, ReinvocationPolicyType, {
      default: 'Never',
      pointer: true,
      about: 'IfNeeded asks once more if later ones changed the object; Never (the default) asks once.',
    }),
    matchConditions: field(
      12,
      list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'Conditions that all have to be true for it to be asked, at most 64.' },
    ),
  },
  { about: 'Service that is asked whether a request may pass, and that may change the object.' },
)
export type MutatingWebhook = Of<typeof MutatingWebhook>

export const MutatingWebhookConfiguration = message(
  'k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration',
  {
    ...objectFields,
    webhooks: field(2, list(MutatingWebhook, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'The webhooks, told apart by name; they are asked one after another.',
    }),
  },
  { about: 'Names webhooks that may change the objects of requests to the API server, or refuse them.' },
)
export type MutatingWebhookConfiguration = Of<typeof MutatingWebhookConfiguration>

export const PatchType = oneOf('ApplyConfiguration', 'JSONPatch')
export type PatchType = Of<typeof PatchType>

export const ApplyConfiguration = message(
  'k8s.io.api.admissionregistration.v1.ApplyConfiguration',
  {
    expression: field(1, string(), {
      about: 'CEL expression for the fields to set, such as Object{spec: Object.spec{replicas: 3}}; atomic lists cannot be changed.',
    }),
  },
  { about: 'Change in the manner of server-side apply.' },
)
export type ApplyConfiguration = Of<typeof ApplyConfiguration>

export const JSONPatch = message(
  'k8s.io.api.admissionregistration.v1.JSONPatch',
  {
    expression: field(1, string(), {
      about: 'CEL expression for a list of operations, such as JSONPatch{op: "add", path: "/spec/x", value: 1}.',
    }),
  },
  { about: 'Change by a JSON patch (RFC 6902).' },
)
export type JSONPatch = Of<typeof JSONPatch>

export const Mutation = message(
  'k8s.io.api.admissionregistration.v1.Mutation',
  {
    patchType: field(2, PatchType, { required: true, about: 'ApplyConfiguration or JSONPatch.' }),
    applyConfiguration: field(3, ApplyConfiguration, { pointer: true, about: 'Fields that are set, for patchType ApplyConfiguration.' }),
    jsonPatch: field(4, JSONPatch, { pointer: true, about: 'Patch operations, for patchType JSONPatch.' }),
  },
  { about: 'One change that a policy makes; besides the type, the field of that type is given.' },
)
export type Mutation = Of<typeof Mutation>

export const MutatingAdmissionPolicySpec = message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicySpec',
  {
    paramKind: field(1, ParamKind, {
      pointer: true,
      about: 'Kind of the parameters that bindings hand in; without it the expressions have no params.',
    }),
    matchConstraints: field(2, MatchResources, {
      pointer: true,
      about: 'Requests that the policy is for; at least one resource rule is needed, and none of them for DELETE.',
    }),
    variables: field(3, list(Variable), { about: 'Expressions with names that the others can use, evaluated in their order.' }),
    mutations: field(4, list(Mutation), { about: 'Changes, made one after another; at least one.' }),
    failurePolicy: field(5, FailurePolicyType, {
      default: 'Fail',
      pointer: true,
      about: 'When the policy cannot be evaluated, Fail (the default) refuses the request and Ignore lets it pass.',
    }),
    matchConditions: field(6, list(MatchCondition, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Conditions that all have to be true for the policy to look at a request, at most 64.',
    }),
    reinvocationPolicy: field(7, ReinvocationPolicyType, {
      about: 'IfNeeded runs the policy once more if later ones changed the object; Never runs it once.',
    }),
  },
  { about: 'What a policy changes, on which requests; a binding puts it in force.' },
)
export type MutatingAdmissionPolicySpec = Of<typeof MutatingAdmissionPolicySpec>

export const MutatingAdmissionPolicy = message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy',
  {
    ...objectFields,
    spec: field(2, MutatingAdmissionPolicySpec, { always: true, about: 'What is changed, and on which requests.' }),
  },
  { about: 'Rule in CEL that changes objects in the API server before they are stored; bindings say where it holds.' },
)
export type MutatingAdmissionPolicy = Of<typeof MutatingAdmissionPolicy>

export const MutatingAdmissionPolicyBindingSpec = message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  {
    policyName: field(1, string(), { about: 'Name of the MutatingAdmissionPolicy; a binding to none that exists has no effect.' }),
    paramRef: field(2, ParamRef, { pointer: true, about: 'Parameters for the policy, for one that has a paramKind.' }),
    matchResources: field(3, MatchResources, {
      pointer: true,
      about: 'Narrows down the requests that the policy is for; without it all of them are.',
    }),
  },
  { about: 'Which policy holds where, and with which parameters.' },
)
export type MutatingAdmissionPolicyBindingSpec = Of<typeof MutatingAdmissionPolicyBindingSpec>

export const MutatingAdmissionPolicyBinding = message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  {
    ...objectFields,
    spec: field(2, MutatingAdmissionPolicyBindingSpec, { always: true, about: 'Policy, parameters and requests.' }),
  },
  { about: 'Puts a MutatingAdmissionPolicy in force, for chosen requests and with chosen parameters.' },
)
export type MutatingAdmissionPolicyBinding = Of<typeof MutatingAdmissionPolicyBinding>
