import { MutatingAdmissionPolicy } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import type * as types from '#api/admissionregistration/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { adoptJson } from '#lib/cel/values.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { admissionCompiler } from '#schema/cel/admission.ts'
import { matchConditionsBudget, runtimeBudget } from '#schema/cel/cost.ts'
import type { Admission, AdmissionPlugin, Authorizer, Objects } from '../../contract.ts'
import { refusal } from '../refusal.ts'
import { type ReinvocationRound, reinvocationRound } from '../reinvocation-round.ts'
import { convert, type Subject, subjectOf } from '../subject.ts'
import { authorizerVariables, type Seen, see } from './activation.ts'
import { withServerAuthorizer } from './authorize.ts'
import type { NoteMutation } from './check-metrics.ts'
import {
  compileVariables,
  createEvaluation,
  type Evaluated,
  type Expression,
  evaluateConditions,
  type NamedExpression,
  OutOfBudget,
} from './evaluation.ts'
import { type Matched, match } from './matching.ts'
import { applyConfiguration, applyPatch, MutationError, objectOf } from './mutation.ts'
import { ConfigurationError, knownKind, paramsOf } from './params.ts'
import { createPolicies, type Hook, isPolicyResource } from './policies.ts'

type Spec = types.MutatingAdmissionPolicy['spec']

interface Compiled {
  readonly variables: readonly NamedExpression[]
  readonly conditions: readonly Expression[]
  readonly mutations: readonly { readonly isJsonPatch: boolean; readonly expression: Expression }[]
}

/** One policy for one binding and one parameter. */
interface Invocation {
  readonly hook: Hook<Spec, Compiled>
  readonly binding: string
  readonly matched: Matched
  readonly param: KubeObject | undefined
  /** Tells it from all others, in both rounds. */
  readonly id: string
}

/** Why a write is denied. */
interface Problem {
  readonly hook: Hook<Spec, Compiled>
  readonly binding: string | undefined
  readonly message: string
  readonly isInvalid: boolean
}

/** Where policies are found, who is asked for their `authorizer`, and who counts. */
export interface MutatingPoliciesOptions {
  readonly objects: Objects
  readonly authorize: Authorizer
  /** Absent: nobody counts. */
  readonly checks?: { readonly note: NoteMutation; readonly clock: Clock }
}

/**
 * Changes writes as the MutatingAdmissionPolicies want that are bound (KEP-3962): one after the other in the order of their names, each seeing
 * what those before it made. Those with the policy `IfNeeded` see it once more where something later changed it.
 */
export function mutatingPolicies({ objects, authorize, checks }: MutatingPoliciesOptions): AdmissionPlugin {
  const policies = createPolicies<Spec, Compiled>(
    objects,
    { policy: MutatingAdmissionPolicy, binding: MutatingAdmissionPolicyBinding },
    compilePolicy,
  )
  return {
    name: 'MutatingAdmissionPolicy',
    async admit(admission) {
      const hooks = policies()
      if (hooks.length === 0 || admission.object === undefined || isPolicyResource(admission)) return admission.object
      const { invocations, problems } = relevant(hooks, admission)
      if (invocations.length === 0 && problems.length === 0) return admission.object
      const round = reinvocationRound(admission, 'MutatingAdmissionPolicy')
      let current: KubeObject = admission.object
      for (const invocation of invocations) {
        const outcome = await invoke(invocation, { ...admission, object: current }, authorize, round, checks)
        problems.push(...outcome.problems)
        if (outcome.object === undefined) continue
        current = outcome.object
        round.requireAgain()
        admission.reinvocation.ask()
      }
      round.output = current
      const denied = problems.filter(({ hook }) => hook.spec.failurePolicy !== 'Ignore')
      if (denied.length > 0) throw denial(admission, denied)
      return current
    },
  }
}

function compilePolicy(spec: Spec): Compiled {
  const compiler = admissionCompiler(true)
  const scope = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true }
  const patch = { ...scope, hasPatchTypes: true }
  const variables = compileVariables(compiler, spec.variables ?? [], scope)
  return {
    variables,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => ({
      source: expression,
      compiled: compiler.compile(expression, 'condition', scope),
    })),
    mutations: (spec.mutations ?? []).map(({ patchType, jsonPatch, applyConfiguration: apply }) => {
      const isJsonPatch = patchType === 'JSONPatch'
      const source = (isJsonPatch ? jsonPatch?.expression : apply?.expression) ?? ''
      const use = isJsonPatch ? 'json patch' : 'apply configuration'
      return { isJsonPatch, expression: { source, compiled: compiler.compile(source, use, patch) } }
    }),
  }
}

/** Which policies are about the write, and with which parameters; decided on the object as it came. */
function relevant(hooks: readonly Hook<Spec, Compiled>[], admission: Admission): { invocations: Invocation[]; problems: Problem[] } {
  const invocations: Invocation[] = []
  const problems: Problem[] = []
  const subject = subjectOf(admission)
  for (const hook of hooks) {
    const matched = match(hook.matcher, admission, subject)
    if (matched === undefined) continue
    try {
      if (hook.spec.paramKind !== undefined) knownKind(admission.objects, hook.spec.paramKind)
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      problems.push({ hook, binding: undefined, message: `failed to configure policy: ${error.message}`, isInvalid: false })
      continue
    }
    for (const binding of hook.bindings) {
      if (binding.matcher !== undefined && match(binding.matcher, admission, subject) === undefined) continue
      try {
        for (const param of paramsOf(admission.objects, hook.spec.paramKind, binding.spec.paramRef, admission.attributes.namespace)) {
          const of = param === undefined ? '' : `${param.metadata.namespace ?? ''}/${param.metadata.name}`
          invocations.push({ hook, binding: binding.name, matched, param, id: `${hook.name} ${binding.name} ${of}` })
        }
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error
        problems.push({ hook, binding: binding.name, message: `failed to configure binding: ${error.message}`, isInvalid: false })
      }
    }
  }
  return { invocations, problems }
}

async function invoke(
  { hook, binding, matched, param, id }: Invocation,
  admission: Admission,
  authorize: Authorizer,
  round: ReinvocationRound,
  checks: MutatingPoliciesOptions['checks'],
): Promise<{ readonly object: KubeObject | undefined; readonly problems: readonly Problem[] }> {
  const subject = subjectOf(admission)
  const { compiled, spec } = hook
  const problem = (message: string): Problem => ({ hook, binding, message, isInvalid: true })
  let seen = await see(admission, subject, matched)
  const params = { params: adoptJson(param ?? null) }
  if (compiled.conditions.length > 0) {
    const decided = await withServerAuthorizer(authorize, admission, (ask) =>
      conditionsOf(compiled, { ...seen.variables, ...params, ...authorizerVariables(ask, admission) }),
    )
    if (decided === false) return { object: undefined, problems: [] }
    // With the policy `Ignore` a broken condition is one that does not hold.
    if (decided !== true) return { object: undefined, problems: [problem(decided.error)] }
  }
  if (admission.reinvocation.isAgain && !round.again.has(id)) return { object: undefined, problems: [] }
  const problems: Problem[] = []
  let changed: KubeObject | undefined
  for (const { isJsonPatch, expression } of compiled.mutations) {
    if (seen.object === null || seen.type === undefined) break
    const before = seen
    const startedMs = checks?.clock.monotonicMs() ?? 0
    const note = (message?: string): void =>
      checks?.note({ policy: hook.name, binding, message }, (checks.clock.monotonicMs() - startedMs) / 1000)
    try {
      const value = await withServerAuthorizer(authorize, admission, (ask) =>
        mutationValue(compiled, expression, { ...before.variables, ...params, ...authorizerVariables(ask, admission) }),
      )
      const json = isJsonPatch ? applyPatch(before, value) : applyConfiguration(before, value)
      const object = objectOf(before, json, isJsonPatch)
      note()
      if (object === undefined) continue
      changed = object
      seen = await see(admission, { ...subject, object: await asRequested(object, admission, subject, matched) }, matched)
    } catch (error) {
      if (!(error instanceof MutationError)) throw error
      note(error.message)
      problems.push(problem(error.message))
    }
  }
  if (spec.reinvocationPolicy === 'IfNeeded') round.invoked.add(id)
  if (changed === undefined) return { object: undefined, problems }
  const requested = await asRequested(changed, admission, subject, matched)
  return { object: subject.put(requested), problems }
}

/** From the version that the policy sees back to that of the request. */
async function asRequested(object: KubeObject, { kind }: Admission, subject: Subject, { as }: Matched): Promise<KubeObject> {
  if (as === undefined || subject.type !== kind) return object
  return (await convert(object, as, kind)) as KubeObject
}

function conditionsOf({ conditions, variables }: Compiled, all: Seen['variables']): ReturnType<typeof evaluateConditions> {
  try {
    return evaluateConditions(createEvaluation({ ...all, namespaceObject: null }, variables, matchConditionsBudget), conditions)
  } catch (error) {
    if (error instanceof OutOfBudget) return { error: error.message }
    throw error
  }
}

function mutationValue(
  { variables }: Compiled,
  expression: Expression,
  all: Seen['variables'],
): Extract<Evaluated, { value: unknown }>['value'] {
  if (!expression.compiled.ok) throw new MutationError(expression.compiled.detail)
  try {
    const outcome = createEvaluation(all, variables, runtimeBudget).run(expression)
    if ('error' in outcome) throw new MutationError(outcome.error)
    return outcome.value
  } catch (error) {
    if (error instanceof OutOfBudget) throw new MutationError(error.message)
    throw error
  }
}

/** The message is the first problem's, the causes are all of them. The code stays 403, as the reference has it. */
function denial(admission: Admission, problems: readonly Problem[]): WherryError {
  const texts = problems.map(({ hook, binding, message }) =>
    binding === undefined
      ? `policy "${hook.name}" denied request: ${message}`
      : `policy '${hook.name}' with binding '${binding}' denied request: ${message}`,
  )
  const { details } = refusal(admission, 'admission request denied by policy')
  return new WherryError(problems[0]?.isInvalid === true ? 'Invalid' : 'Forbidden', texts[0] as string, {
    ...details,
    status: 403,
    causes: texts.map((message) => ({ reason: '', message })),
  })
}
