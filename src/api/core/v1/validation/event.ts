import type { Event, ObjectReference } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain, checkQualifiedName, invalid, invalidEach, required } from '#schema/validate.ts'

const NAME_LENGTH_MAX = 128
const REASON_LENGTH_MAX = 128
const NOTE_LENGTH_MAX = 1024

/** What holds for an event of either group; `controllerField` is what the group calls the component that reports. */
export function validateEvent(event: Event, controllerField: 'reportingComponent' | 'reportingController' = 'reportingComponent'): Cause[] {
  const { metadata, involvedObject, eventTime, reportingComponent, reportingInstance, action = '', reason = '', message = '' } = event
  const namespace = metadata.namespace ?? ''
  const of = involvedObject.namespace ?? ''
  const stray = invalid('involvedObject.namespace', of, 'does not match event.namespace')
  const own = invalidEach('namespace', namespace, checkDns1123Subdomain(namespace))
  if (!eventTime) {
    const isAtHome = of === '' ? namespace === '' || namespace === 'default' : namespace === of
    return isAtHome ? own : [stray, ...own]
  }
  const causes: Cause[] = []
  if (of === '' && namespace !== 'default' && namespace !== 'kube-system') causes.push(stray)
  const component = reportingComponent ?? ''
  if (component === '') causes.push(required(controllerField))
  causes.push(...invalidEach(controllerField, component, checkQualifiedName(component)))
  if (!reportingInstance) causes.push(required('reportingInstance'))
  causes.push(...limit('reportingInstance', reportingInstance ?? '', NAME_LENGTH_MAX))
  if (action === '') causes.push(required('action'))
  causes.push(...limit('action', action, NAME_LENGTH_MAX))
  if (reason === '') causes.push(required('reason'))
  causes.push(...limit('reason', reason, REASON_LENGTH_MAX), ...limit('message', message, NOTE_LENGTH_MAX))
  return [...causes, ...own]
}

/** The newer group has no counters of its own, and demands what it is about. */
export function validateNewEvent(event: Event): Cause[] {
  const causes = [...validateEvent(event, 'reportingController'), ...validateSeries(event)]
  if (!event.eventTime) causes.push(required('eventTime'))
  if (event.type !== 'Normal' && event.type !== 'Warning') causes.push(invalid('type', '', `has invalid value: ${event.type ?? ''}`))
  for (const name of ['firstTimestamp', 'lastTimestamp', 'count'] as const)
    if (event[name]) causes.push(invalid(name, '', 'needs to be unset'))
  if (event.source?.component || event.source?.host) causes.push(invalid('source', '', 'needs to be unset'))
  return causes
}

/** Of a stored event only its series goes on. */
export function validateNewEventUpdate(next: Event, previous: Event): Cause[] {
  const causes = validateEvent(next, 'reportingController')
  if (!same(next.series, previous.series)) causes.push(...validateSeries(next))
  const fixed = (name: string, now: unknown, before: unknown, shown: unknown = now) => {
    if (!same(now || undefined, before || undefined)) causes.push(invalid(name, shown, 'field is immutable'))
  }
  fixed('involvedObject', next.involvedObject, previous.involvedObject, goReference(next.involvedObject))
  fixed('reason', next.reason ?? '', previous.reason)
  fixed('message', next.message ?? '', previous.message)
  fixed('source', next.source, previous.source, { Component: next.source?.component ?? '', Host: next.source?.host ?? '' })
  fixed('firstTimestamp', next.firstTimestamp ?? null, previous.firstTimestamp)
  fixed('lastTimestamp', next.lastTimestamp ?? null, previous.lastTimestamp)
  fixed('count', next.count ?? 0, previous.count)
  // The reference looks at it twice.
  fixed('reason', next.reason ?? '', previous.reason)
  fixed('type', next.type ?? '', previous.type)
  fixed('eventTime', next.eventTime ?? null, previous.eventTime)
  fixed('action', next.action ?? '', previous.action)
  fixed('related', next.related, previous.related, next.related ? goReference(next.related) : null)
  fixed('reportingController', next.reportingComponent ?? '', previous.reportingComponent)
  fixed('reportingInstance', next.reportingInstance ?? '', previous.reportingInstance)
  return causes
}

const limit = (name: string, text: string, max: number): Cause[] =>
  Buffer.byteLength(text) > max ? [invalid(name, '', `can have at most ${max} characters`)] : []

const validateSeries = ({ series }: Event): Cause[] =>
  series === undefined
    ? []
    : [
        ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
        ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
      ]

/** As the reference shows its own structure, with Go's names. */
const goReference = (reference: ObjectReference) => ({
  Kind: reference.kind ?? '',
  Namespace: reference.namespace ?? '',
  Name: reference.name ?? '',
  UID: reference.uid ?? '',
  APIVersion: reference.apiVersion ?? '',
  ResourceVersion: reference.resourceVersion ?? '',
  FieldPath: reference.fieldPath ?? '',
})
