import type { MutatingWebhook, ValidatingWebhook } from '#api/admissionregistration/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { Objects } from '../../contract.ts'

/** One webhook of a configuration, ready to be asked. */
export interface Hook {
  readonly webhook: ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>
  readonly configuration: string
  /** Tells it from all others, also from one of the same name beside it. */
  readonly id: string
  readonly namespaces: Selector
  readonly labels: Selector
}

/** All webhooks of a kind of configuration, in the order of their configurations' names. Made anew after a change only. */
export function createHooks(objects: Objects, kind: AnyKind): () => readonly Hook[] {
  let known: readonly Hook[] | undefined
  let isObserved = false
  return () => {
    if (!isObserved) {
      isObserved = true
      objects.observe(kind, () => (known = undefined))
    }
    known ??= objects
      .list(kind)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .flatMap(hooksOf)
    return known
  }
}

function hooksOf(configuration: KubeObject): readonly Hook[] {
  const { webhooks = [] } = configuration as KubeObject & { readonly webhooks?: readonly Hook['webhook'][] }
  const seen = new Map<string, number>()
  const { name } = configuration.metadata
  return webhooks.map((webhook) => {
    const count = seen.get(webhook.name) ?? 0
    seen.set(webhook.name, count + 1)
    return {
      webhook,
      configuration: name,
      id: `${name}/${webhook.name}/${count}`,
      namespaces: selectorOf(webhook.namespaceSelector ?? {}),
      labels: selectorOf(webhook.objectSelector ?? {}),
    }
  })
}
