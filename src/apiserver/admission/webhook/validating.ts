import { ValidatingWebhookConfiguration } from '#api/admissionregistration/v1/validating-webhook-configuration.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { internalError } from '../../http/status.ts'
import { subjectOf } from '../subject.ts'
import { callHook } from './call.ts'
import { CallFailure } from './call-failure.ts'
import { createHooks, type Hook } from './hooks.ts'
import { questionFor } from './match.ts'
import { observed } from './mutating.ts'
import type { WebhookOptions } from './options.ts'
import { isExempt, rejection } from './rejection.ts'
import type { Question } from './review.ts'

/** Shows each write, as it is to be stored, to the webhooks that may refuse it: to all at once. The first refusal in their order counts. */
export function validatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  const hooks = createHooks(options.objects, ValidatingWebhookConfiguration)
  return {
    name: 'ValidatingAdmissionWebhook',
    async validate(admission) {
      const all = hooks()
      if (all.length === 0 || isExempt(admission)) return
      const subject = subjectOf(admission)
      const asked: { readonly hook: Hook; readonly question: Question }[] = []
      for (const hook of all) {
        const question = await questionFor(hook, admission, subject, options)
        if (question !== undefined) asked.push({ hook, question })
      }
      if (asked.length === 0) return
      const startedMs = options.now()
      const outcomes = await Promise.allSettled(asked.map(({ hook, question }, index) => ask(hook, index, question, admission, options)))
      admission.waited(options.now() - startedMs)
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    },
  }
}

async function ask(hook: Hook, index: number, question: Question, admission: Admission, options: WebhookOptions): Promise<void> {
  const { name, failurePolicy } = hook.webhook
  const observe = observed(options.observer, hook, admission, options.now, 'validating')
  try {
    const answer = await callHook(options, hook, question, false)
    for (const [key, value] of Object.entries(answer.annotations)) admission.annotate(`${name}/${key}`, value)
    for (const warning of answer.warnings) admission.warn(warning)
    if (!answer.allowed) throw rejection(name, answer.status)
    observe(undefined)
  } catch (error) {
    observe(error)
    if (!(error instanceof CallFailure)) throw error
    if (failurePolicy !== 'Ignore') throw internalError(error.message)
    admission.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, name)
    options.log('a webhook failed and is passed over', { webhook: name, error: error.message })
  }
}
