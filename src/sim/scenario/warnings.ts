import type { Event } from '#api/core/v1/event.ts'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { keyOf } from '#apiserver/registry/keys.ts'
import type { World } from '../world.ts'
import type { Happening } from './happenings.ts'
import type { WorkloadReport } from './report.ts'
import { type Workload, type WorkloadIndex, workloadTitle } from './workloads.ts'

/** An event of type Warning, in the words of the timeline. */
export interface Warning {
  readonly happening: Happening
  readonly message: string
  /** Whether nothing like it was told before: with the same reason, and the same words but for names. */
  readonly isNew: boolean
}

/** Remembers what warnings said, so that each is told once, and the last word on a workload can be asked for. */
export function createWarnings(world: World, workloads: WorkloadIndex) {
  const told = new Set<string>()
  /** By workload and reason, what was said last of it and of what lies between it and its pods. */
  const last = new Map<Workload, Map<string, string>>()
  return {
    see({ type, reason = '', message: said = '', involvedObject, count }: Event, before: Event | undefined): Warning | undefined {
      if (type !== 'Warning' || (before !== undefined && before.count === count && before.message === said)) return undefined
      const message = said.replace('(combined from similar events): ', '')
      const { namespace = '', name = '', kind = '', apiVersion = '' } = involvedObject
      const known = kindNamed({ apiVersion, kind })
      const object = known && world.byKey(keyOf(known, namespace, name))
      const workload = object && workloads.of(object)
      if (workload !== undefined && kind !== 'Pod') {
        const reasons = last.get(workload) ?? new Map<string, string>()
        last.set(workload, reasons.set(reason, message))
      }
      const subject = workload === undefined ? `${kind.toLowerCase()} ${namespace ? `${namespace}/` : ''}${name}` : workloadTitle(workload)
      const likeness = `${subject} ${reason} ${message.replaceAll(/"[^"]*"|\d+/g, '')}`
      const isNew = !covered.has(reason) && !told.has(likeness)
      if (isNew) told.add(likeness)
      return { happening: { subject, what: 'warning', object: name, detail: `${reason}: ${message}` }, message, isNew }
    },
    of: (workload: Workload): readonly string[] => [...(last.get(workload) ?? [])].map(([reason, message]) => `${reason}: ${message}`),
  }
}

/** Events whose subject tells the same by its conditions. */
const covered: ReadonlySet<string> = new Set([
  'FailedScheduling',
  'BackOff',
  'Failed',
  'NodeNotReady',
  'FailedToUpdateEndpointSlices',
  'Rebooted',
  'NetworkNotReady',
])

/** Quotas and ranges that a message says were met with. */
export function limitsIn(message: string): readonly string[] {
  const quota = /exceeded quota: ([^,]+), requested: .* limited: (.+)$/.exec(message)
  if (quota !== null) return [`quota ${quota[1]}: ${quota[2]}`]
  if (/(?:maximum|minimum) \S+ usage per/.test(message)) return [message.replace(/^Error creating: /, '')]
  if (/violates PodSecurity/.test(message)) return [message.replace(/^Error creating: /, '')]
  return []
}

/** What the scheduler lacked in the end. */
export const unscheduled = (reports: readonly WorkloadReport[]): readonly string[] =>
  reports.flatMap(({ because }) =>
    because.flatMap((text) => /(\d+ Insufficient [\w/-]+|\d+ Too many pods)/g.exec(text)?.[0]?.replace(/^\d+ /, 'nodes: ') ?? []),
  )

const kindNamed = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): AnyKind | undefined =>
  (kinds as readonly AnyKind[]).find((one) => one.kind === kind && apiVersionOf(one) === apiVersion)
