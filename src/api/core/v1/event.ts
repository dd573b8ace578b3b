import { eventColumns } from '#api/core/v1/event-columns.ts'
import * as types from '#api/core/v1/types.ts'
import { validateEvent } from '#api/core/v1/validation/event.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import type { Of } from '#schema/schema.ts'

export const Event = kind(
  types.Event,
  {
    group: '',
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    singular: 'event',
    shortNames: ['ev'],
    scope: 'Namespaced',
    columns: eventColumns,
  },
  {
    createOnUpdate: true,
    ttlSeconds: 3600,
    validateName: checkPathSegment,
    validate: (event) => validateEvent(event),
    checksMetadata: 'none',
    defaultPropagation: 'Unsupported',
    plainFinalizers: true,
    validateUpdate: (event) => validateEvent(event),
    selectableFields: {
      'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
      'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
      'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
      'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
      'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
      'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
      'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
      reason: ({ reason }) => reason ?? '',
      reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
      source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
      type: ({ type }) => type ?? '',
    },
  },
)
export type Event = Of<typeof Event>
