import { column, nameColumn, since } from '#api/columns.ts'
import type { Event as EventType } from '#api/core/v1/types.ts'
import type { Column } from '#api/kind.ts'

/** What `kubectl get events` prints. The name comes last, since nobody looks for an event by its name. */
export const eventColumns: readonly Column[] = [
  column<EventType>('Last Seen', lastSeen),
  column<EventType>('Type', ({ type }) => type ?? ''),
  column<EventType>('Reason', ({ reason }) => reason ?? ''),
  column<EventType>('Object', ({ involvedObject: { kind = '', name } }) => (name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase())),
  column<EventType>('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '', { wide: true }),
  column<EventType>('Source', sourceOf, { wide: true }),
  column<EventType>('Message', ({ message }) => (message ?? '').trim()),
  column<EventType>('First Seen', firstSeen, { wide: true }),
  // A single event of the newer API counts nothing.
  column<EventType>('Count', ({ series, count }) => (series !== undefined ? (series.count ?? 0) : count || 1), { wide: true }),
  nameColumn({ wide: true }),
]

function firstSeen({ firstTimestamp, eventTime }: EventType, now: number): string {
  return since(firstTimestamp ?? eventTime, now)
}

function lastSeen(event: EventType, now: number): string {
  if (event.series !== undefined) return since(event.series.lastObservedTime, now)
  return event.lastTimestamp ? since(event.lastTimestamp, now) : firstSeen(event, now)
}

function sourceOf({ source, reportingComponent, reportingInstance }: EventType): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance
  return instance ? `${component}, ${instance}` : component
}
