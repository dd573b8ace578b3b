import { Namespace } from '#api/core/v1/namespace.ts'
import type { KubeObject } from '#api/kind.ts'
import { matches, type Selector } from '#api/meta/v1/selector.ts'
import type { Admission } from '../contract.ts'
import { notFoundError } from '../http/status.ts'
import type { Subject } from './subject.ts'

/** Whether the labels of the object, as it is or as it will be, are those that a webhook, policy or binding is about. */
export const isSelected = (labels: Selector, { object, previous }: Subject): boolean =>
  isEverything(labels) || [object, previous].some((one) => one !== undefined && matches(labels, one.metadata?.labels))

/**
 * Whether the labels of the object's namespace are: those that it has, and of one that is being written, those that it will have. Other
 * objects outside of namespaces are never left out. A namespace that is not there is an error, which the caller may have a reason not to raise.
 */
export function isInNamespace(namespaces: Selector, { operation, objects }: Admission, subject: Subject): boolean | Error {
  if (isEverything(namespaces) || (subject.namespace === '' && !subject.isNamespace)) return true
  const isWritten = subject.isNamespace && subject.subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')
  const namespace = isWritten ? subject.object : (objects.get(Namespace, subject.namespace) as KubeObject | undefined)
  return namespace === undefined ? notFoundError(Namespace, subject.namespace) : matches(namespaces, namespace.metadata.labels)
}

const isEverything = ({ requirements, nothing }: Selector): boolean => requirements.length === 0 && nothing !== true
