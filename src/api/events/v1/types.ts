/** The types of events/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, message, microTime, nullable, string, time } from '#schema/schema.ts'

export const EventSeries = message(
  'k8s.io.api.events.v1.EventSeries',
  {
    count: field(1, int32(), { required: true, about: 'How often it was seen in this series so far, at least 2.' }),
    lastObservedTime: field(2, nullable(microTime()), { listed: true, always: true, about: 'When it was last seen.' }),
  },
  { about: 'How often an event has come again.' },
)
export type EventSeries = Of<typeof EventSeries>

export const Event = message(
  'k8s.io.api.events.v1.Event',
  {
    ...objectFields,
    eventTime: field(2, nullable(microTime()), { listed: true, always: true, about: 'When it was first seen.' }),
    series: field(3, EventSeries, { pointer: true, about: 'Repetitions; absent for an event that was seen once.' }),
    reportingController: field(4, string(), { about: 'Controller that reports it, such as kubernetes.io/kubelet.' }),
    reportingInstance: field(5, string(), {
      about: 'Which instance of the controller, such as kubelet-node1; at most 128 characters.',
    }),
    action: field(6, string(), { about: 'What the controller did, as a CamelCase word of at most 128 characters.' }),
    reason: field(7, string(), { about: 'Why it did so, as a CamelCase word of at most 128 characters.' }),
    regarding: field(8, core.ObjectReference, {
      always: true,
      about: 'Object that the event is about, mostly that which the controller looks after.',
    }),
    related: field(9, core.ObjectReference, { pointer: true, about: 'Second object that takes part in it.' }),
    note: field(10, string(), { about: 'What happened, in words; at most 1 KiB.' }),
    type: field(11, string(), { about: 'Normal or Warning.' }),
    deprecatedSource: field(12, core.EventSource, {
      always: true,
      about: 'Reporting component, for readers of core/v1; new events leave it out.',
    }),
    deprecatedFirstTimestamp: field(13, nullable(time()), {
      always: true,
      about: 'First time of it, for readers of core/v1; new events leave it out.',
    }),
    deprecatedLastTimestamp: field(14, nullable(time()), {
      always: true,
      about: 'Last time of it, for readers of core/v1; new events leave it out.',
    }),
    deprecatedCount: field(15, int32(), { about: 'How often it was seen, for readers of core/v1; new events leave it out.' }),
  },
  { about: 'Report of something that happened to an object; kept for a limited time, no basis for decisions. Only its series can change.' },
)
export type Event = Of<typeof Event>
