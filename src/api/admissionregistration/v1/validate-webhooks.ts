import { validateMatchConditions } from '#api/admissionregistration/v1/match-conditions.ts'
import { conditionExpressions } from '#api/admissionregistration/v1/policy-expressions.ts'
import type { MutatingWebhook, ValidatingWebhook } from '#api/admissionregistration/v1/types.ts'
import { failurePolicies, matchPolicies, reinvocationPolicies, validateRule } from '#api/admissionregistration/v1/validate-rules.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { same } from '#api/strategy.ts'
import { validateWebhookClient } from '#api/validate-webhook-client.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { checkDns1035Label, checkFullyQualifiedName, duplicate, invalid, invalidEach, oneOf, required } from '#schema/validate.ts'

type Webhook = ValidatingWebhook & Partial<Pick<MutatingWebhook, 'reinvocationPolicy'>>

/** What is looked at; an update does not look at what older servers took and nobody changed. */
interface Strictness {
  readonly matchConditions: boolean
  readonly sideEffects: boolean
  readonly versions: boolean
  readonly names: boolean
}
const strict: Strictness = { matchConditions: true, sideEffects: true, versions: true, names: true }

/** What is wrong with the webhooks of a configuration. */
export const validateWebhooks = ({ webhooks = [] }: { readonly webhooks?: readonly Webhook[] | undefined }): Cause[] =>
  validate(webhooks, strict)

/** The same on an update. */
export function validateWebhooksUpdate(
  { webhooks = [] }: { readonly webhooks?: readonly Webhook[] | undefined },
  { webhooks: previous = [] }: { readonly webhooks?: readonly Webhook[] | undefined },
): Cause[] {
  const names = previous.map(({ name }) => name)
  return validate(webhooks, {
    matchConditions:
      webhooks.length !== previous.length || webhooks.some((hook, i) => !same(hook.matchConditions, previous[i]!.matchConditions)),
    sideEffects: previous.every(({ sideEffects }) => sideEffects !== undefined && noSideEffects.includes(sideEffects)),
    versions: previous.every(({ admissionReviewVersions: versions }) => versions.length === 0 || versions.some(isAccepted)),
    names: new Set(names).size === names.length,
  })
}

function validate(webhooks: readonly Webhook[], strictness: Strictness): Cause[] {
  const isRepeated = repeats(webhooks.map(({ name }) => name))
  return webhooks.flatMap((hook, i) => [
    ...validateWebhook(hook, strictness, `webhooks[${i}]`),
    ...validateVersions(hook.admissionReviewVersions, strictness.versions, `webhooks[${i}].admissionReviewVersions`),
    ...(strictness.names && hook.name !== '' && isRepeated[i] ? [duplicate(`webhooks[${i}].name`, hook.name)] : []),
  ])
}

function validateWebhook(hook: Webhook, strictness: Strictness, path: string): Cause[] {
  const { name, rules = [], sideEffects, timeoutSeconds, reinvocationPolicy } = hook
  const effects = strictness.sideEffects ? noSideEffects : allSideEffects
  return [
    ...(name === '' ? [required(`${path}.name`)] : invalidEach(`${path}.name`, name, checkFullyQualifiedName(name))),
    ...rules.flatMap((rule, i) => validateRule(rule, `${path}.rules[${i}]`)),
    ...oneOf(`${path}.failurePolicy`, hook.failurePolicy, failurePolicies),
    ...oneOf(`${path}.matchPolicy`, hook.matchPolicy, matchPolicies),
    ...(sideEffects === undefined
      ? [required(`${path}.sideEffects`, `must specify one of ${effects.join(', ')}`)]
      : oneOf(`${path}.sideEffects`, sideEffects, effects)),
    ...(timeoutSeconds < 1 || timeoutSeconds > 30
      ? [invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...validateLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(hook.objectSelector, `${path}.objectSelector`),
    ...(reinvocationPolicy === undefined ? [] : oneOf(`${path}.reinvocationPolicy`, reinvocationPolicy, reinvocationPolicies)),
    ...validateWebhookClient(hook.clientConfig, `${path}.clientConfig`),
    ...(strictness.matchConditions
      ? [
          ...validateMatchConditions(hook.matchConditions, `${path}.matchConditions`),
          ...conditionExpressions(hook.matchConditions, false, `${path}.matchConditions`),
        ]
      : []),
  ]
}

function validateVersions(versions: readonly string[], isStrict: boolean, path: string): Cause[] {
  if (versions.length === 0) return [required(path, `must specify one of ${acceptedVersions.join(', ')}`)]
  const isRepeated = repeats(versions)
  const causes = versions.flatMap((version, i) =>
    isRepeated[i]
      ? [invalid(`${path}[${i}]`, version, 'duplicate version')]
      : invalidEach(`${path}[${i}]`, version, checkDns1035Label(version)),
  )
  return isStrict && !versions.some(isAccepted)
    ? [...causes, invalid(path, versions, `must include at least one of ${acceptedVersions.join(', ')}`)]
    : causes
}

const acceptedVersions = ['v1', 'v1beta1']
const isAccepted = (version: string): boolean => acceptedVersions.includes(version)
const noSideEffects = ['None', 'NoneOnDryRun']
const allSideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown']
