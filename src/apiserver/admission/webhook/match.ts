import { Namespace } from '#api/core/v1/namespace.ts'
import type { KubeObject } from '#api/kind.ts'
import { matches } from '#api/meta/v1/selector.ts'
import type { Admission } from '../../contract.ts'
import { forbiddenError, notFoundError } from '../../http/status.ts'
import type { MatchConditions } from '../match-conditions.ts'
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
  const asked = { operation: admission.operation, subresource: subject.subresource, namespace: subject.namespace }
  const own = { admission, subject, kind: subject.kind, resource: subject.resource, type: subject.type }
  let question: Question | undefined
  if (!isSelected(hook, subject)) return undefined
  if (rules.some((rule) => matchesRule(rule, { ...asked, resource: subject.resource })))
    question = { ...own, object: subject.object, previous: subject.previous }
  else if (webhook.matchPolicy !== 'Exact') question = await equivalentQuestion(hook, admission, subject)
  if (question === undefined) return undefined
  if (!isInNamespace(hook, admission, subject)) return undefined
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
      if (!matchesRule(rule, { operation, resource, subresource: subject.subresource, namespace: subject.namespace })) continue
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

const isSelected = ({ labels }: Hook, { object, previous }: Subject): boolean =>
  labels.requirements.length === 0 && labels.nothing !== true
    ? true
    : [object, previous].some((one) => one !== undefined && matches(labels, one.metadata?.labels))

/** The labels of the namespace as it is; of one that is being written, as it will be. Other objects outside of namespaces are never left out. */
function isInNamespace({ namespaces }: Hook, { operation, objects }: Admission, subject: Subject): boolean {
  const isNamespace = subject.resource.group === '' && subject.resource.resource === 'namespaces'
  if (namespaces.requirements.length === 0 && namespaces.nothing !== true) return true
  if (subject.namespace === '' && !isNamespace) return true
  const isWritten = isNamespace && subject.subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')
  const namespace = isWritten ? subject.object : (objects.get(Namespace, subject.namespace) as KubeObject | undefined)
  if (namespace === undefined) throw notFoundError(Namespace, subject.namespace)
  return matches(namespaces, namespace.metadata.labels)
}
