import { Event } from '#api/core/v1/event.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { keyOf, prefixOf } from '#apiserver/registry/keys.ts'
import type { Clock } from '#lib/clock.ts'
import type { Writer } from '../invariants/invariant.ts'
import type { Change, World } from '../world.ts'
import { type Happening, happeningsOf } from './happenings.ts'
import type { SimulationReport, WorkloadReport } from './report.ts'
import { courseOf, type Point } from './standings.ts'
import { createTimeline } from './timeline.ts'
import { createWarnings, limitsIn, unscheduled } from './warnings.ts'
import { whyNotReady } from './why-not-ready.ts'
import { createWorkloadIndex, type Ending, endingOf, type Workload, type WorkloadIndex, workloadTitle } from './workloads.ts'

/** Sees every commit, and makes of them what people want to know. */
export interface Observer {
  readonly workloads: WorkloadIndex
  see(changes: readonly Change[], who: Writer): void
  /** A line of the timeline that no commit leads to. */
  tell(subject: string, what: Happening['what'], text: string): void
  applied(kinds: readonly string[]): void
  power(node: string, isOn: boolean): void
  /** A limit that was met with. */
  limit(text: string): void
  finish(applied: readonly KubeObject[]): Pick<SimulationReport, 'timeline' | 'workloads' | 'limits'>
  /** Nothing that follows is looked at. */
  close(): void
}

export function createObserver(world: World, clock: Clock): Observer {
  const start = clock.now()
  const lost = new Set<string>()
  const isLost = (node: string): boolean => lost.has(node)
  /** By uid of a pod that lost power: the containers that it had. What is said of these is not true any more. */
  const gone = new Map<string, string>()
  const workloads = createWorkloadIndex(world, {
    get some() {
      return gone.size > 0
    },
    isDown: (pod) => gone.has(pod.metadata.uid) && gone.get(pod.metadata.uid) === containersOf(pod),
  })
  const timeline = createTimeline()
  const points = new Map<Workload, Point[]>()
  const warnings = createWarnings(world, workloads)
  const limits = new Map<string, number>()
  const endedAt = new Map<Workload, number>()
  /** Of each CronJob, by uid of the Job: Jobs are deleted long before the end. */
  const runs = new Map<Workload, Map<string, Ending & { readonly name: string }>>()
  let closed = false
  const sinceStart = (): number => clock.now() - start

  const limit = (text: string): void => void limits.set(text, (limits.get(text) ?? 0) + 1)

  /** Notes how a workload stands now, and tells where fewer or more are ready. */
  function look(workload: Workload): void {
    const atMs = sinceStart()
    const own = points.get(workload) ?? []
    points.set(workload, own)
    const { wish, ready } = workloads.standingOf(workload)
    const last = own.at(-1)
    if (last !== undefined && last.ready === ready && last.wish === wish) return
    own.push({ atMs, ready, ...(wish !== undefined && { wish }) })
    if (wish === undefined || (last?.ready ?? 0) === ready) return
    timeline.tell(atMs, [{ subject: workloadTitle(workload), what: 'ready', detail: `${ready} of ${wish} ready` }])
  }

  function noteRuns(changes: readonly Change[]): void {
    for (const { after } of changes) {
      if (after?.kind !== 'Job') continue
      const root = workloads.of(after)
      if (root?.kind !== 'CronJob') continue
      const own = runs.get(root) ?? new Map<string, Ending & { readonly name: string }>()
      runs.set(root, own.set(after.metadata.uid, { ...endingOf(after), name: after.metadata.name }))
    }
  }

  function noteEnd(workload: Workload): void {
    const object = world.byKey(workload.key)
    if (object === undefined || endedAt.has(workload) || (object.kind !== 'Job' && object.kind !== 'Pod')) return
    const { state } = endingOf(object)
    if (state === 'completed' || state === 'failed') endedAt.set(workload, sinceStart())
  }

  return {
    workloads,
    see(changes, who) {
      if (closed) return
      const touched = workloads.see(changes)
      timeline.tell(sinceStart(), happeningsOf(changes, who, workloads.of))
      for (const { key, before, after } of changes) {
        if (after === undefined || !key.startsWith(prefixOf(Event))) continue
        const warning = warnings.see(after as Event, before as Event | undefined)
        if (warning === undefined) continue
        if (warning.isNew) timeline.tell(sinceStart(), [warning.happening])
        for (const text of limitsIn(warning.message)) limit(text)
      }
      noteRuns(changes)
      for (const workload of touched) {
        look(workload)
        noteEnd(workload)
      }
    },
    tell(subject, what, text) {
      timeline.tell(sinceStart(), [{ subject, what, detail: text }])
    },
    applied(names) {
      timeline.tell(
        sinceStart(),
        names.map((kind) => ({ subject: 'applied', what: 'applied', detail: kind.toLowerCase() })),
      )
    },
    power(node, isOn) {
      if (isOn) lost.delete(node)
      else {
        lost.add(node)
        for (const pod of world.list<Pod>(Pod)) if (pod.spec.nodeName === node) gone.set(pod.metadata.uid, containersOf(pod))
      }
      for (const workload of workloads.all()) look(workload)
    },
    limit,
    finish(applied) {
      const endMs = sinceStart()
      const names = new Set(applied.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
      const reports = workloads
        .all()
        .flatMap((workload) => reportOf(workload, endMs, names.has(`${workload.namespace}/${workload.name}`)) ?? [])
      for (const text of unscheduled(reports)) limit(text)
      return {
        timeline: timeline.lines(),
        workloads: [...reports, ...unboundClaims(applied)],
        limits: [...limits].map(([text, count]) => ({ text, count })),
      }
    },
    close: () => void (closed = true),
  }

  function reportOf(workload: Workload, endMs: number, isApplied: boolean): WorkloadReport | undefined {
    const { kind, namespace, name } = workload
    const own = points.get(workload) ?? []
    const object = world.byKey(workload.key)
    // What somebody deleted, such as a Job whose time to live is over, is nothing that anybody wishes for.
    if (object === undefined && !(kind === 'Pod' && isApplied)) return undefined
    const { wish, ready } = workloads.standingOf(workload)
    const head = { kind, namespace, name, ready }
    const why = () => whyNotReady({ object, wish: wish ?? 1, pods: workloads.podsOf(workload), warnings: warnings.of(workload), isLost })
    if (object?.kind === 'CronJob') return cronJobReport(head, workload)
    if (object !== undefined && wish === undefined) {
      const ending = endingOf(object)
      const endedAtMs = endedAt.get(workload)
      const ok = ending.state === 'completed' || ending.state === 'suspended'
      const because = ending.because !== undefined ? [ending.because] : ok ? [] : why()
      return { ...head, ok, ending: { ...ending, ...(endedAtMs !== undefined && { endedAtMs }) }, because, below: none }
    }
    const ok = object !== undefined && ready >= (wish ?? 0)
    return { ...head, wish: wish ?? 1, ok, because: ok ? [] : why(), ...courseOf(own, endMs) }
  }

  function cronJobReport(head: Pick<WorkloadReport, 'kind' | 'namespace' | 'name' | 'ready'>, workload: Workload): WorkloadReport {
    const all = [...(runs.get(workload)?.values() ?? [])]
    const failed = all.filter(({ state }) => state === 'failed')
    const completed = all.filter(({ state }) => state === 'completed').length
    const because = failed.slice(0, 3).map(({ name, because: why }) => `job ${name} failed: ${why}`)
    const counts = { completed, failed: failed.length, running: all.length - completed - failed.length }
    return { ...head, ok: failed.length === 0, runs: counts, because, below: none }
  }

  /** Claims that were applied and have no volume; those that a set makes are told of by its pods. */
  function unboundClaims(applied: readonly KubeObject[]): readonly WorkloadReport[] {
    return applied.flatMap(({ kind, metadata: { namespace = '', name } }) => {
      if (kind !== PersistentVolumeClaim.kind) return []
      const claim = world.byKey(keyOf(PersistentVolumeClaim, namespace, name)) as PersistentVolumeClaim | undefined
      const phase = claim?.status.phase ?? 'unknown'
      if (phase === 'Bound') return []
      return [{ kind, namespace, name, ready: 0, ok: false, because: [`phase ${phase}: no volume is bound to it`], below: none }]
    })
  }
}

const none = { count: 0, totalMs: 0, longestMs: 0 }

const containersOf = ({ status }: Pod): string => (status.containerStatuses ?? []).map(({ containerID }) => containerID).join()
