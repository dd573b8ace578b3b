import { MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutating-webhook-configuration.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { deepEqual } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { parseJsonBody } from '../../http/body.ts'
import { internalError } from '../../http/status.ts'
import { jsonPatchProblem } from '../json-patch-problem.ts'
import { reinvocationRound } from '../reinvocation-round.ts'
import { convert, type Subject, subjectOf } from '../subject.ts'
import { callHook } from './call.ts'
import { CallFailure } from './call-failure.ts'
import { createHooks, type Hook } from './hooks.ts'
import { questionFor } from './match.ts'
import type { WebhookObserver, WebhookOptions } from './options.ts'
import { isExempt, rejection } from './rejection.ts'
import type { Answer, Question } from './review.ts'

/**
 * Shows each write to the webhooks that want to change it, one after the other, each seeing what those before it made. Those with the policy
 * `IfNeeded` see it once more where a later one, or a plug-in, changed what they saw.
 */
export function mutatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  const hooks = createHooks(options.objects, MutatingWebhookConfiguration)
  return {
    name: 'MutatingAdmissionWebhook',
    async admit(admission) {
      const all = hooks()
      if (all.length === 0 || isExempt(admission)) return admission.object
      const round = reinvocationRound(admission, 'MutatingAdmissionWebhook')
      let current = admission.object
      for (const [index, hook] of all.entries()) {
        const now = { ...admission, object: current }
        const subject = subjectOf(now)
        const question = await questionFor(hook, now, subject, options)
        // Who was not asked in the first round is not asked in the second.
        if (question === undefined || (admission.reinvocation.isAgain && !round.again.has(hook.id))) continue
        const startedMs = options.now()
        const change = await ask(hook, index, question, options).finally(() => admission.waited(options.now() - startedMs))
        if (change !== undefined) {
          current = subject.put(await asSeen(change, question, subject, admission.kind))
          round.requireAgain()
          admission.reinvocation.ask()
        }
        if (hook.webhook.reinvocationPolicy === 'IfNeeded') round.invoked.add(hook.id)
      }
      round.output = current
      return current
    },
  }
}

/** The changed object, in the version that the webhook sees; undefined where it changed nothing. */
async function ask(hook: Hook, index: number, question: Question, options: WebhookOptions): Promise<KubeObject | undefined> {
  const { admission } = question
  const place = `round_${admission.reinvocation.isAgain ? 1 : 0}_index_${index}`
  const observe = observed(options.observer, hook, admission, options.now)
  let changed: KubeObject | undefined
  try {
    const answer = await callHook(options, hook, question, true)
    for (const [key, value] of Object.entries(answer.annotations)) admission.annotate(`${hook.webhook.name}/${key}`, value)
    for (const warning of answer.warnings) admission.warn(warning)
    if (!answer.allowed) throw rejection(hook.webhook.name, answer.status)
    changed = patched(hook, question, answer, (patch) =>
      admission.annotate(
        `patch.webhook.admission.k8s.io/${place}`,
        JSON.stringify({ configuration: hook.configuration, webhook: hook.webhook.name, patch, patchType: 'JSONPatch' }),
      ),
    )
    observe(undefined)
  } catch (error) {
    observe(error)
    if (!(error instanceof CallFailure)) throw error
    if (hook.webhook.failurePolicy !== 'Ignore') throw internalError(error.message)
    admission.annotate(`failed-open.mutation.webhook.admission.k8s.io/${place}`, hook.webhook.name)
    options.log('a webhook failed and is passed over', { webhook: hook.webhook.name, error: error.message })
  } finally {
    admission.annotate(
      `mutation.webhook.admission.k8s.io/${place}`,
      JSON.stringify({ configuration: hook.configuration, webhook: hook.webhook.name, mutated: changed !== undefined }),
    )
  }
  return changed
}

function patched(hook: Hook, { object, type, kind }: Question, answer: Answer, tell: (patch: unknown) => void): KubeObject | undefined {
  const { name } = hook.webhook
  if (answer.patch === undefined) return undefined
  const undecodable = (why: string) => new WherryError('BadRequest', why)
  let patch: unknown
  try {
    patch = parseJsonBody(answer.patch, undecodable).value
  } catch (error) {
    if (!(error instanceof WherryError)) throw error
    throw new CallFailure(name, `received undecodable patch in webhook response: ${error.message}`)
  }
  if (patch !== null && !Array.isArray(patch))
    throw new CallFailure(
      name,
      `received undecodable patch in webhook response: json: cannot unmarshal ${goKind(patch)} into Go value of type jsonpatch.Patch`,
    )
  if (patch === null || patch.length === 0) return undefined
  if (object === undefined || type === undefined)
    throw internalError(`admission webhook ${quote(name)} attempted to modify the object, which is not supported for this operation`)
  if (answer.patchType !== 'JSONPatch') throw new CallFailure(name, `unsupported patch type ${quote(answer.patchType ?? '')}`)
  const document: unknown = parseExact(encodeJson(type, { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }))
  let result: unknown
  try {
    result = applyJsonPatch(document, patch)
  } catch (error) {
    if (!(error instanceof WherryError)) throw error
    throw internalError(error.code === 'RequestEntityTooLarge' ? error.message : jsonPatchProblem(document, patch))
  }
  const decoded = decode(type, result, { strict: false })
  if (decoded.errors.length > 0) throw internalError(decoded.errors[0]!)
  tell(patch)
  const next = withDefaults(type, decoded.value) as KubeObject
  return deepEqual(next, object) ? undefined : deepFreeze({ ...next, apiVersion: apiVersionOf(kind), kind: kind.kind })
}

const goKind = (value: unknown): string => (typeof value === 'object' ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value)

/** From the version that the webhook sees back to that of the request. */
async function asSeen(object: KubeObject, question: Question, subject: Subject, kind: AnyKind): Promise<KubeObject> {
  if (question.type === subject.type) return object
  return (await convert(object, question.type as AnyKind, kind))!
}

/** Tells the metrics of one call, once it has ended. */
export function observed(
  observer: WebhookObserver | undefined,
  { webhook: { name, failurePolicy } }: Hook,
  { operation }: Admission,
  now: () => number,
  type: 'admit' | 'validating' = 'admit',
): (error: unknown) => void {
  if (observer === undefined) return () => {}
  const startedMs = now()
  return (error) => observer({ name, type, operation, error, ignored: failurePolicy === 'Ignore', elapsedMs: now() - startedMs })
}
