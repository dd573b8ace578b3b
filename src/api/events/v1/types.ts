/** The types of events/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, message, microTime, nullable, string, time } from '#schema/schema.ts'

export const EventSeries = message('k8s.io.api.events.v1.EventSeries', {
  count: field(1, int32(), { required: true }),
  lastObservedTime: field(2, nullable(microTime()), { always: true }),
})
export type EventSeries = Of<typeof EventSeries>

export const Event = message('k8s.io.api.events.v1.Event', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  eventTime: field(2, nullable(microTime()), { always: true }),
  series: field(3, EventSeries, { pointer: true }),
  reportingController: field(4, string()),
  reportingInstance: field(5, string()),
  action: field(6, string()),
  reason: field(7, string()),
  regarding: field(8, core.ObjectReference, { always: true }),
  related: field(9, core.ObjectReference, { pointer: true }),
  note: field(10, string()),
  type: field(11, string()),
  deprecatedSource: field(12, core.EventSource, { always: true }),
  deprecatedFirstTimestamp: field(13, nullable(time()), { always: true }),
  deprecatedLastTimestamp: field(14, nullable(time()), { always: true }),
  deprecatedCount: field(15, int32()),
})
export type Event = Of<typeof Event>
