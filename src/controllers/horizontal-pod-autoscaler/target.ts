import type { Scale } from '#api/autoscaling/v1/scale.ts'
import type { CrossVersionObjectReference } from '#api/autoscaling/v2/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { matches, parseSelector, type Selector } from '#api/meta/v1/selector.ts'
import { isError } from '#lib/errors.ts'
import type { Cache } from '#loop/controller.ts'
import { scaleViewOf } from '../common/scale-view.ts'

/** What is scaled. */
export interface Target {
  readonly kind: AnyKind
  readonly scale: Scale
}

export interface Problem {
  readonly problem: string
}

/** A kind by group and name. */
export type KindOf = (group: string, kind: string) => AnyKind | undefined

/** The present scale of what a reference names, whatever its kind: as the API server would show it, from the cache. */
export function targetOf(reference: CrossVersionObjectReference, namespace: string, kindOf: KindOf, cache: Cache): Target | Problem {
  const group = groupOf(reference.apiVersion ?? '')
  if (group === undefined) return { problem: `unexpected GroupVersion string: ${reference.apiVersion}` }
  const kind = kindOf(group, reference.kind)
  if (kind === undefined) return { problem: noKind(group, reference.kind) }
  const view = scaleViewOf(kind)
  if (view === undefined || kind.scope !== 'Namespaced') return { problem: 'the server could not find the requested resource' }
  const object = cache.get(kind, reference.name, namespace) as KubeObject | undefined
  if (object === undefined) return { problem: `${resourceOf(kind)} "${reference.name}" not found` }
  const problem = view.unreadable?.(object as never)
  return problem === undefined ? { kind, scale: view.show(object as never) as Scale } : { problem }
}

/** Undefined for a text that is none. */
export function groupOf(apiVersion: string): string | undefined {
  const parts = apiVersion.split('/')
  if (parts.length > 2) return undefined
  return parts.length === 2 ? parts[0] : ''
}

/** `services`, `ingresses.networking.k8s.io`. */
export const resourceOf = ({ group, plural }: AnyKind): string => (group === '' ? plural : `${plural}.${group}`)

export const noKind = (group: string, kind: string): string => `no matches for kind "${kind}" in group "${group}"`

/** What a scale's selector chooses; a problem where it has none, or one that cannot be read. */
export function selectorOfScale({ status }: Scale): Selector | Problem {
  const text = status.selector ?? ''
  const known = selectors.get(text)
  if (known !== undefined) return known
  const read = readSelector(text)
  if (selectors.size >= selectorsMax) selectors.clear()
  selectors.set(text, read)
  return read
}

/** Each autoscaler looks at the targets of its neighbours too: the same few texts would be read thousands of times a minute. */
const selectors = new Map<string, Selector | Problem>()
const selectorsMax = 4096

function readSelector(text: string): Selector | Problem {
  if (text === '') return { problem: 'selector is required' }
  try {
    return parseSelector(text)
  } catch (error) {
    if (!isError(error)) throw error
    return { problem: error.message }
  }
}

/** Whether a scale's selector chooses the object; one that cannot be read chooses none. */
export function selects(scale: Scale): (object: KubeObject) => boolean {
  const selector = selectorOfScale(scale)
  return 'problem' in selector ? () => false : ({ metadata }) => matches(selector, metadata.labels)
}
