import type { Admission } from '../../contract.ts'
import { forbiddenError } from '../../http/status.ts'
import type { MatchConditions } from '../match-conditions.ts'
import { isInNamespace, isSelected } from '../selectors.ts'
import { convert, type Subject } from '../subject.ts'
import type { Hook } from './hooks.ts'
import type { Question } from './review.ts'
import { matchesRule } from './rules.ts'

/** What is decided once for all webhooks that a write is shown to. */
export interface MatchOptions {
  readonly conditions: MatchConditions
}

/** What the webhook is to be asked; undefined where the write is none of its business. Throws what refuses the write at once. */
export async function questionFor(
  hook: Hook,
  admission: Admission,
  subject: Subject,
  { conditions }: MatchOptions,
): Promise<Question | undefined> {
  const { webhook } = hook
  const { kind, attributes } = admission
  const rules = webhook.rules ?? []
  const own = { admission, subject, kind: subject.kind, resource: subject.resource, type: subject.type }
  let question: Question | undefined
  if (!isSelected(hook.labels, subject)) return undefined
  if (rules.some((rule) => matchesRule(rule, { operation: admission.operation, subject, resource: subject.resource })))
    question = { ...own, object: subject.object, previous: subject.previous }
  else if (webhook.matchPolicy !== 'Exact') question = await equivalentQuestion(hook, admission, subject)
  if (question === undefined) return undefined
  const inNamespace = isInNamespace(hook.namespaces, admission, subject)
  if (inNamespace instanceof Error) throw inNamespace
  if (!inNamespace) return undefined
  const { matchConditions: wanted = [] } = webhook
  if (wanted.length === 0) return question
  const result = await conditions(wanted, question)
  if (typeof result === 'boolean') return result ? question : undefined
  if (webhook.failurePolicy === 'Ignore') return undefined
  throw forbiddenError({ ...kind, plural: attributes.resource, group: attributes.group }, attributes.name, result.error)
}

/** By a rule that names the same objects in another version or group. Earlier rules come first. */
async function equivalentQuestion(hook: Hook, admission: Admission, subject: Subject): Promise<Question | undefined> {
  const { kind, operation, objects } = admission
  const others = objects.equivalents(kind).filter((other) => other.group !== kind.group || other.version !== kind.version)
  if (others.length === 0) return undefined
  for (const rule of hook.webhook.rules ?? []) {
    for (const other of others) {
      const resource = { group: other.group, version: other.version, resource: other.plural }
      if (!matchesRule(rule, { operation, resource, subject })) continue
      // A part that is shown as a type of its own is that in every version.
      const isOwn = subject.type === kind
      return {
        admission,
        subject,
        resource,
        kind: isOwn ? other : subject.kind,
        type: isOwn ? other : subject.type,
        object: isOwn ? await convert(subject.object, kind, other) : subject.object,
        previous: isOwn ? await convert(subject.previous, kind, other) : subject.previous,
      }
    }
  }
  return undefined
}
