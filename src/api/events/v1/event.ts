import { Event as CoreEvent } from '#api/core/v1/event.ts'
import { eventColumns } from '#api/core/v1/event-columns.ts'
import type * as core from '#api/core/v1/types.ts'
import { validateNewEvent, validateNewEventUpdate } from '#api/core/v1/validation/event.ts'
import * as types from '#api/events/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const Event = kind(
  types.Event,
  {
    group: 'events.k8s.io',
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    singular: 'event',
    shortNames: ['ev'],
    scope: 'Namespaced',
    columns: eventColumns.map(({ cell, ...rest }) => ({ ...rest, cell: (event: types.Event, now) => cell(toCore(event) as never, now) })),
    storedAs: { kind: () => CoreEvent, toStored: toCore, fromStored: fromCore },
  },
  {
    createOnUpdate: true,
    ttlSeconds: 3600,
    validate: (event) => validateNewEvent(toCore(event)),
    validateUpdate: (next, previous) => validateNewEventUpdate(toCore(next), toCore(previous)),
    selectableFields: {
      'regarding.kind': ({ regarding }) => regarding.kind ?? '',
      'regarding.namespace': ({ regarding }) => regarding.namespace ?? '',
      'regarding.name': ({ regarding }) => regarding.name ?? '',
      'regarding.uid': ({ regarding }) => regarding.uid ?? '',
      'regarding.apiVersion': ({ regarding }) => regarding.apiVersion ?? '',
      'regarding.resourceVersion': ({ regarding }) => regarding.resourceVersion ?? '',
      'regarding.fieldPath': ({ regarding }) => regarding.fieldPath ?? '',
      reason: ({ reason }) => reason ?? '',
      reportingController: ({ reportingController }) => reportingController ?? '',
      type: ({ type }) => type ?? '',
    },
  },
)
export type Event = Of<typeof Event>

/** The same event in the words of the core group. */
export function toCore(event: types.Event): core.Event {
  const {
    regarding,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    ...rest
  } = event
  const { reportingInstance, ...same } = rest
  return {
    ...same,
    apiVersion: 'v1',
    involvedObject: regarding,
    ...(note !== undefined && { message: note }),
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    ...(deprecatedCount !== undefined && { count: deprecatedCount }),
    reportingComponent: reportingController ?? '',
    reportingInstance: reportingInstance ?? '',
  }
}

/** The event of events.k8s.io/v1 that a stored one is: the old fields become `deprecated…`. */
export function fromCore(event: core.Event): types.Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, reportingInstance, series, ...rest } =
    event
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    regarding: involvedObject,
    ...(message !== undefined && { note: message }),
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    ...(count !== undefined && { deprecatedCount: count }),
    ...(reportingComponent !== '' && { reportingController: reportingComponent }),
    ...(reportingInstance !== '' && { reportingInstance }),
    ...(series && { series: { count: series.count ?? 0, lastObservedTime: series.lastObservedTime } }),
  }
}
