import type * as types from '#api/admissionregistration/v1/types.ts'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import type { KubeObject } from '#api/kind.ts'
import { adoptJson } from '#lib/cel/values.ts'
import type { Clock } from '#lib/clock.ts'
import { type ErrorCode, WherryError } from '#lib/errors.ts'
import { admissionCompiler } from '#schema/cel/admission.ts'
import { matchConditionsBudget, runtimeBudget } from '#schema/cel/cost.ts'
import type { Admission, AdmissionPlugin, Authorizer, Objects } from '../../contract.ts'
import { refusal } from '../refusal.ts'
import { subjectOf } from '../subject.ts'
import { authorizerVariables, type Seen, see } from './activation.ts'
import { withServerAuthorizer } from './authorize.ts'
import type { NoteCheck } from './check-metrics.ts'
import {
  compileVariables,
  createEvaluation,
  type Evaluated,
  type Expression,
  evaluateConditions,
  type NamedExpression,
  OutOfBudget,
} from './evaluation.ts'
import { match } from './matching.ts'
import { ConfigurationError, knownKind, paramsOf } from './params.ts'
import { createPolicies, type Hook, isPolicyResource } from './policies.ts'

type Spec = types.ValidatingAdmissionPolicy['spec']

/** The expressions of a policy. */
interface Compiled {
  readonly variables: readonly NamedExpression[]
  readonly conditions: readonly Expression[]
  readonly validations: readonly {
    readonly validation: types.Validation
    readonly condition: Expression
    readonly message: Expression | undefined
  }[]
  readonly annotations: readonly NamedExpression[]
}

/** Why a write is denied; `reason` is the Status's. */
interface Denial {
  readonly policy: string
  readonly binding: string | undefined
  readonly message: string
  readonly reason: string
}

/** What one evaluation came to: a message for each validation that denies, and audit annotations or what went wrong with them. */
interface Result {
  readonly denials: readonly { readonly index: number; readonly message: string; readonly reason: string }[]
  readonly annotations: readonly { readonly key: string; readonly value?: string; readonly error?: string }[]
}

/** Where policies are found, who is asked for their `authorizer`, and who counts. */
export interface ValidatingPoliciesOptions {
  readonly objects: Objects
  readonly authorize: Authorizer
  /** Absent: nobody counts. */
  readonly checks?: { readonly note: NoteCheck; readonly clock: Clock }
}

/**
 * Holds writes to the ValidatingAdmissionPolicies that are bound (KEP-3488). A denial is that of the first policy that denies; bindings that
 * only warn or audit say so and let the write pass.
 */
export function validatingPolicies({ objects, authorize, checks }: ValidatingPoliciesOptions): AdmissionPlugin {
  const policies = createPolicies<Spec, Compiled>(
    objects,
    { policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding },
    compilePolicy,
  )
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(given) {
      const hooks = policies()
      if (hooks.length === 0 || isPolicyResource(given)) return
      // A request for a whole collection names no object.
      const { attributes } = given
      const admission = attributes.verb === 'deletecollection' ? { ...given, attributes: { ...attributes, name: '' } } : given
      const denials: Denial[] = []
      for (const hook of hooks) denials.push(...(await ask(hook, admission, authorize, checks)))
      const [first] = denials
      if (first !== undefined) throw denied(admission, first)
    },
  }
}

function compilePolicy(spec: Spec): Compiled {
  const compiler = admissionCompiler(true)
  const scope = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true }
  const plain = { ...scope, hasAuthorizer: false }
  const variables = compileVariables(compiler, spec.variables ?? [], scope)
  const expression = (source: string): Expression => ({ source, compiled: compiler.compile(source, 'condition', scope) })
  return {
    variables,
    conditions: (spec.matchConditions ?? []).map((condition) => expression(condition.expression)),
    validations: (spec.validations ?? []).map((validation) => {
      const { messageExpression = '' } = validation
      const message =
        messageExpression === ''
          ? undefined
          : { source: messageExpression, compiled: compiler.compile(messageExpression, 'message', plain) }
      return { validation, condition: expression(validation.expression), message }
    }),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      name: key,
      source: valueExpression,
      compiled: compiler.compile(valueExpression, 'audit annotation', plain),
    })),
  }
}

async function ask(
  hook: Hook<Spec, Compiled>,
  admission: Admission,
  authorize: Authorizer,
  checks: ValidatingPoliciesOptions['checks'],
): Promise<readonly Denial[]> {
  const isIgnored = hook.spec.failurePolicy === 'Ignore'
  const misconfigured = (error: unknown, binding?: string): Denial[] => {
    if (!(error instanceof ConfigurationError)) throw error
    const message = `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`
    return isIgnored ? [] : [{ policy: hook.name, binding, message, reason: '' }]
  }
  const subject = subjectOf(admission)
  const matched = match(hook.matcher, admission, subject)
  if (matched === undefined) return []
  try {
    if (hook.spec.paramKind !== undefined) knownKind(admission.objects, hook.spec.paramKind)
  } catch (error) {
    return misconfigured(error)
  }
  const denials: Denial[] = []
  const annotations = new Map<string, string[]>()
  let seen: Seen | undefined
  for (const binding of hook.bindings) {
    if (binding.matcher !== undefined && match(binding.matcher, admission, subject) === undefined) continue
    let params: readonly (KubeObject | undefined)[]
    try {
      params = paramsOf(admission.objects, hook.spec.paramKind, binding.spec.paramRef, admission.attributes.namespace)
    } catch (error) {
      denials.push(...misconfigured(error, binding.name))
      continue
    }
    if (params.length > 0) seen ??= await see(admission, subject, matched)
    for (const param of params) {
      const shown = seen as Seen
      const startedMs = checks?.clock.monotonicMs() ?? 0
      const result = await withServerAuthorizer(authorize, admission, (asking) =>
        evaluate(hook, { ...shown.variables, params: adoptJson(param ?? null) }, authorizerVariables(asking, admission)),
      )
      if (checks !== undefined) noteResult(checks.note, hook, binding, result, (checks.clock.monotonicMs() - startedMs) / 1000)
      for (const { index, message, reason } of result.denials)
        denials.push(...act(binding, index, { policy: hook.name, binding: binding.name, message, reason }, admission))
      for (const { key, value, error } of result.annotations) {
        if (error !== undefined) denials.push({ policy: hook.name, binding: binding.name, message: error, reason: '' })
        if (value !== undefined) collect(annotations, key, value)
      }
    }
  }
  for (const [key, values] of annotations) admission.annotate(`${hook.name}/${key}`, values.join(', '))
  return denials
}

/** Each validation counts once where it lets the write pass, and once for each thing that is done where it does not. */
function noteResult(
  note: NoteCheck,
  hook: Hook<Spec, Compiled>,
  binding: Hook<Spec, Compiled>['bindings'][number],
  { denials }: Result,
  seconds: number,
): void {
  const named = { policy: hook.name, binding: binding.name }
  const count = Math.max(1, hook.compiled.validations.length)
  for (let i = denials.length; i < hook.compiled.validations.length; i += 1) note({ ...named, action: 'allow' }, seconds / count)
  for (const { message } of denials)
    for (const action of binding.spec.validationActions ?? [])
      note({ ...named, action: action.toLowerCase() as 'deny' | 'warn' | 'audit', message }, seconds / count)
}

/** Denies, warns or notes, as the binding wants it. */
function act(binding: Hook<Spec, Compiled>['bindings'][number], expressionIndex: number, denial: Denial, admission: Admission): Denial[] {
  const { validationActions = [], policyName: policy = '' } = binding.spec
  const { message } = denial
  if (validationActions.includes('Warn'))
    admission.warn(`Validation failed for ValidatingAdmissionPolicy '${denial.policy}' with binding '${binding.name}': ${message}`)
  if (validationActions.includes('Audit'))
    admission.annotate(
      'validation.policy.admission.k8s.io/validation_failure',
      JSON.stringify([{ message, policy, binding: binding.name, expressionIndex, validationActions }]),
    )
  return validationActions.includes('Deny') ? [denial] : []
}

function evaluate({ spec, compiled }: Hook<Spec, Compiled>, plain: Seen['variables'], authorizer: Seen['variables']): Result {
  const isIgnored = spec.failurePolicy === 'Ignore'
  const failed = (message: string): Result => ({ denials: isIgnored ? [] : [{ index: 0, message, reason: '' }], annotations: [] })
  try {
    const all = { ...plain, ...authorizer }
    if (compiled.conditions.length > 0) {
      // Conditions know nothing of the namespace.
      const conditions = createEvaluation({ ...all, namespaceObject: null }, compiled.variables, matchConditionsBudget)
      const decided = evaluateConditions(conditions, compiled.conditions)
      if (decided === false) return { denials: [], annotations: [] }
      if (decided !== true) return failed(decided.error)
    }
    const evaluation = createEvaluation(all, compiled.variables, runtimeBudget)
    const outcomes = compiled.validations.map(({ condition }) => evaluation.run(condition))
    const messages = messagesOf(compiled, plain, evaluation.remaining())
    return { denials: denialsOf(compiled, outcomes, messages, isIgnored), annotations: annotationsOf(compiled, plain, isIgnored) }
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message)
    throw error
  }
}

/** What the message expressions say; an error where they have together cost too much. */
function messagesOf(
  { validations, variables }: Compiled,
  plain: Seen['variables'],
  budget: number,
): readonly (Evaluated | undefined)[] | string {
  const evaluation = createEvaluation(plain, variables, budget)
  try {
    return validations.map(({ message }) => (message === undefined ? undefined : evaluation.run(message)))
  } catch (error) {
    if (error instanceof OutOfBudget) return error.message
    throw error
  }
}

function denialsOf(
  { validations }: Compiled,
  outcomes: readonly Evaluated[],
  messages: readonly (Evaluated | undefined)[] | string,
  isIgnored: boolean,
): Result['denials'] {
  return outcomes.flatMap((outcome, index) => {
    const { validation } = validations[index] as Compiled['validations'][number]
    if ('error' in outcome) return isIgnored ? [] : [{ index, message: outcome.error, reason: '' }]
    if (typeof messages === 'string') return isIgnored ? [] : [{ index, message: `failed messageExpression: ${messages}`, reason: '' }]
    if (outcome.value === true) return []
    return [{ index, message: messageOf(validation, messages[index]), reason: validation.reason ?? 'Invalid' }]
  })
}

/** Longest message that an expression may make; a longer one, or one of several lines, is not used. */
const messageMaxBytes = 5 * 1024

function messageOf({ message = '', expression }: types.Validation, made: Evaluated | undefined): string {
  const text = made !== undefined && 'value' in made && typeof made.value === 'string' ? made.value.trim() : ''
  if (text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= messageMaxBytes) return text
  return message === '' ? `failed expression: ${expression.trim()}` : message.trim()
}

/** Longest value of an audit annotation. */
const annotationMaxLength = 10 * 1024

function annotationsOf({ annotations, variables }: Compiled, plain: Seen['variables'], isIgnored: boolean): Result['annotations'] {
  const evaluation = createEvaluation(plain, variables, runtimeBudget)
  return annotations.flatMap((annotation): Result['annotations'] => {
    const key = annotation.name
    const outcome = evaluation.run(annotation)
    if ('error' in outcome) return isIgnored ? [] : [{ key, error: outcome.error }]
    if (outcome.value === null) return []
    const value = typeof outcome.value === 'string' ? outcome.value.trim() : ''
    return value === '' ? [] : [{ key, value: value.slice(0, annotationMaxLength) }]
  })
}

function collect(annotations: Map<string, string[]>, key: string, value: string): void {
  const values = annotations.get(key)
  if (values === undefined) annotations.set(key, [value])
  else if (!values.includes(value)) values.push(value)
}

const codes: Readonly<Record<string, { readonly code: ErrorCode; readonly status: number }>> = {
  Forbidden: { code: 'Forbidden', status: 403 },
  Unauthorized: { code: 'Unauthorized', status: 401 },
  RequestEntityTooLarge: { code: 'RequestEntityTooLarge', status: 413 },
}

function denied(admission: Admission, { policy, binding, message, reason }: Denial): Error {
  const by = binding === undefined ? '' : ` with binding '${binding}'`
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`
  const { code, status } = codes[reason] ?? { code: 'Invalid' as const, status: 422 }
  const { details, message: whole } = refusal(admission, text)
  return new WherryError(code, whole, { ...details, status, causes: [{ reason: '', message: text }] })
}
