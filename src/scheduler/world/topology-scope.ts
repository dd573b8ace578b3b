import type { PodAffinityTerm } from '#api/core/v1/types.ts'
import { type Labels, matches, nothing, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { isError } from '#lib/errors.ts'

/** Pods of some namespaces with some labels. */
export interface Scope {
  /** Equal for scopes that select alike because they are written alike. */
  readonly key: string
  readonly namespaces: ReadonlySet<string>
  /** Namespaces by their labels, beside those named. */
  readonly namespaceSelector: Selector
  readonly selector: Selector
}

/** What a scope sees of a pod. */
export interface Labelled {
  readonly namespace: string
  readonly labels?: Labels
}

/** Labels of a namespace, or undefined where no such namespace is known. */
export type NamespaceLabels = (namespace: string) => Labels

/** Pods of one namespace. */
export const scopeIn = (namespace: string, selector: Selector): Scope => scopeOf(new Set([namespace]), nothing, selector)

/** An affinity term, written in a pod of this namespace: without names and namespace selector it means its own namespace. */
export function scopeOfTerm({ labelSelector, namespaces = [], namespaceSelector }: PodAffinityTerm, namespace: string): Scope {
  const isOwn = namespaces.length === 0 && namespaceSelector === undefined
  return scopeOf(new Set(isOwn ? [namespace] : namespaces), readSelector(namespaceSelector), readSelector(labelSelector))
}

function scopeOf(namespaces: ReadonlySet<string>, namespaceSelector: Selector, selector: Selector): Scope {
  return { key: JSON.stringify([[...namespaces].sort(), namespaceSelector, selector]), namespaces, namespaceSelector, selector }
}

/** Selects nothing where it cannot be understood: admission lets no such selector in, and a pod that has one all the same must hold up no other. */
export function readSelector(selector: LabelSelector | undefined): Selector {
  try {
    return selectorOf(selector)
  } catch (error) {
    if (isError(error, 'Invalid')) return nothing
    throw error
  }
}

/** Whether the selector matches whatever there is. */
export const isEverything = ({ requirements, nothing }: Selector): boolean => requirements.length === 0 && !nothing

/**
 * Whether a term of a pod that is to be placed selects pods of this namespace. A namespace that is not known is selected by no label, as the
 * reference looks its namespaces up by the selector.
 */
export function reaches({ namespaces, namespaceSelector }: Scope, namespace: string, labelsOf: NamespaceLabels): boolean {
  if (namespaces.has(namespace) || isEverything(namespaceSelector)) return true
  if (namespaceSelector.nothing) return false
  const labels = labelsOf(namespace)
  return labels !== undefined && matches(namespaceSelector, labels)
}

/** Whether a term of a pod that is there selects this one. A namespace that is not known counts as one without labels. */
export function selectsArriving(scope: Scope, { namespace, labels }: Labelled, labelsOf: NamespaceLabels): boolean {
  if (!matches(scope.selector, labels)) return false
  return (
    scope.namespaces.has(namespace) || (!scope.namespaceSelector.nothing && matches(scope.namespaceSelector, labelsOf(namespace) ?? {}))
  )
}

/** Whether all terms of a pod that is to be placed select this one; no terms select none. */
export function allSelect(scopes: readonly Scope[], { namespace, labels }: Labelled, labelsOf: NamespaceLabels): boolean {
  for (const scope of scopes) if (!matches(scope.selector, labels) || !reaches(scope, namespace, labelsOf)) return false
  return scopes.length > 0
}

/** Whether what it selects may be another once namespaces change. */
export const looksAtNamespaces = ({ namespaceSelector }: Scope): boolean =>
  !namespaceSelector.nothing && namespaceSelector.requirements.length > 0
