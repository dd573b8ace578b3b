import type { Event } from '#api/core/v1/event.ts'
import type { KubeObject } from '#api/kind.ts'
import type { View } from '../view.ts'

/** The latest event about an object with one of these reasons; `part` narrows it to a container (`{web}` in its field path). */
export function lastEvent(
  { events }: Pick<View, 'events'>,
  object: Pick<KubeObject, 'metadata'>,
  reasons: readonly string[],
  part?: string,
): Event | undefined {
  const { uid, name, namespace } = object.metadata
  return events.findLast(
    ({ involvedObject, reason }) =>
      // A successor of the same name is another object.
      (involvedObject.uid
        ? involvedObject.uid === uid
        : involvedObject.name === name && (involvedObject.namespace ?? '') === (namespace ?? '')) &&
      reasons.includes(reason ?? '') &&
      (part === undefined || !involvedObject.fieldPath || involvedObject.fieldPath.endsWith(part)),
  )
}

/** When an event was last seen, in milliseconds; 0 for one that does not say. */
export function seenAt({ series, lastTimestamp, eventTime, metadata }: Event): number {
  const at = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp
  return at ? Date.parse(at) : 0
}
