import type { Ingress } from '#api/networking/v1/ingress.ts'
import { defaultClassAnnotation, type IngressClass } from '#api/networking/v1/ingress-class.ts'
import { classAnnotation } from '#api/networking/v1/validate-ingress.ts'

/** The name by which IngressClasses say that they are the router's. */
export const controllerName = 'wherry.dev/router'

/**
 * Those that the router serves, the oldest first. A class is named by `spec.ingressClassName`, or by the annotation that came before it; one that names
 * none is of the class marked as default, if that is ours: at its creation there may have been none to be given to it. Several classes may be ours.
 */
export function ownIngresses(ingresses: readonly Ingress[], classes: readonly IngressClass[]): readonly Ingress[] {
  return ingresses.filter(isOwn(classes)).sort(olderFirst)
}

/** Whether the router serves an Ingress, with these classes. */
export function isOwn(classes: readonly IngressClass[]): (ingress: Ingress) => boolean {
  const own = new Map(classes.filter(({ spec }) => spec.controller === controllerName).map((one) => [one.metadata.name, one]))
  const isDefault = [...own.values()].some(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
  return ({ spec, metadata }) => {
    const named = spec.ingressClassName ?? metadata.annotations?.[classAnnotation]
    return named === undefined || named === '' ? isDefault : own.has(named)
  }
}

/** Which of two objects that want the same has it: the older one, then the one whose `namespace/name` comes first. */
export function olderFirst(left: Ingress, right: Ingress): number {
  // Times of one form are in the order of their texts; thousands are compared at each look.
  const [before, after] = [left.metadata.creationTimestamp ?? '', right.metadata.creationTimestamp ?? '']
  return before < after ? -1 : before > after ? 1 : nameOf(left) < nameOf(right) ? -1 : nameOf(left) > nameOf(right) ? 1 : 0
}

export const nameOf = ({ metadata }: Ingress): string => `${metadata.namespace}/${metadata.name}`
export const createdMs = ({ metadata }: Ingress): number => Date.parse(metadata.creationTimestamp ?? '') || 0
