import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Job } from '#api/batch/v1/job.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { inOrder } from '#loop/in-order.ts'
import { targetOf } from '../common/commands.ts'
import { type LateCache, lateCache } from '../testing/late-cache.ts'
import { namespace } from '../testing/objects.ts'
import type { World } from '../testing/world.ts'
import { jobController } from './controller.ts'
import { decisionOf, endOf, isTracked } from './facts.ts'
import { parseIndexes, sizeOf } from './index-set.ts'
import { jobKey, refusal, theJob, worldOf } from './testing.ts'

/** What happens to pods, to the job and to time, and how much of it the caches show. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ run: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ succeed: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ fail: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ delete: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ vanish: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ collect: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ waitSeconds: fc.integer({ min: 1, max: 600 }) }) },
  { weight: 2, arbitrary: fc.record({ suspend: fc.constantFrom(true, false, false) }) },
  { weight: 2, arbitrary: fc.record({ parallelism: fc.constantFrom(0, 1, 2, 3, 4, 4) }) },
  { weight: 6, arbitrary: fc.record({ showPods: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ showJobs: fc.integer({ min: 1, max: 6 }) }) },
)
type Happening = { readonly suspend?: boolean } & Partial<
  Record<'run' | 'succeed' | 'fail' | 'delete' | 'vanish' | 'collect' | 'waitSeconds' | 'parallelism' | 'showPods' | 'showJobs', number>
>

/** A look at the job whose commands are interrupted by what happens, and perhaps never finished: the process ends, and another one begins. */
const pass = fc.record({
  isLate: fc.boolean(),
  stopAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(6) }),
  meanwhile: fc.array(fc.tuple(fc.nat(3), happening), { maxLength: 3 }),
})

const steps = fc.array(fc.oneof({ weight: 1, arbitrary: happening }, { weight: 1, arbitrary: pass }), {
  minLength: 20,
  maxLength: 100,
  size: 'max',
})

const jobs = fc.oneof(
  fc.record({
    parallelism: fc.integer({ min: 1, max: 4 }),
    completions: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    backoffLimit: fc.nat(12),
    podReplacementPolicy: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  }),
  fc.record({
    completionMode: fc.constant('Indexed'),
    parallelism: fc.integer({ min: 1, max: 4 }),
    completions: fc.integer({ min: 1, max: 9 }),
    backoffLimit: fc.nat(12),
  }),
  fc.record({
    completionMode: fc.constant('Indexed'),
    parallelism: fc.integer({ min: 1, max: 4 }),
    completions: fc.integer({ min: 1, max: 9 }),
    backoffLimit: fc.constant(2 ** 31 - 1),
    backoffLimitPerIndex: fc.nat(2),
    maxFailedIndexes: fc.option(fc.nat(2), { nil: undefined }),
    podReplacementPolicy: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  }),
)

test('through any history each pod is counted once, the job ends, and no pod is held', () => {
  fc.assert(
    fc.property(jobs, steps, (spec, steps) => {
      const history = new History(worldOf({ spec }))
      for (const step of steps) {
        if ('meanwhile' in step) history.pass(step.isLate, step.stopAfter, new Map(step.meanwhile as [number, Happening][]))
        else history.happen(step as Happening)
        history.check()
      }
      history.end()
    }),
    { numRuns: 800 },
  )
})

/**
 * A world, whoever runs the job in it, and what truly became of each pod. Caches are late, each kind by its own time; as the loop promises, they
 * show a process what it wrote itself, and begin with what is there.
 */
class History {
  private readonly world: World
  private readonly cache: LateCache
  private controller = jobController()
  /** Uids of pods that ended so while the job held them. */
  private readonly succeeded = new Set<string>()
  private readonly failed = new Set<string>()
  /** Those that a user, or the job in its failure, began to delete before they had ended: they may count as failed, surplus ones never. */
  private readonly deleted = new Set<string>()
  private budget = Infinity

  constructor(world: World) {
    this.world = world
    this.cache = lateCache(world, [Job, Pod, Namespace])
    world.refuse = (command) => {
      if (this.budget <= 0) throw new Stopped()
      this.budget -= 1
      const refused = refusal(world, command)
      assert.equal(refused?.message, undefined)
      if (command.do === 'delete') this.noteDeletion(command.uid, decisionOf(theJob(world))?.type === 'FailureTarget')
      return undefined
    }
  }

  happen({ run, succeed, fail, delete: remove, vanish, collect, waitSeconds, suspend, parallelism, showPods, showJobs }: Happening): void {
    const { world, cache } = this
    if (showPods !== undefined) cache.deliver(Pod, showPods)
    if (showJobs !== undefined) cache.deliver(Job, showJobs)
    if (waitSeconds !== undefined) world.now += waitSeconds * 1000
    if (suspend !== undefined) world.change(Job, 'work', namespace, { spec: { suspend } })
    if (parallelism !== undefined) world.change(Job, 'work', namespace, { spec: { parallelism } })
    const live = world.list(Pod).filter((pod) => !isPodTerminal(pod))
    const chosen = (at: number | undefined, pods: readonly Pod[] = live) => (at === undefined ? undefined : pods[at % pods.length])
    this.set(chosen(run), 'Running')
    this.set(chosen(succeed), 'Succeeded')
    this.set(chosen(fail), 'Failed')
    this.remove(chosen(remove), 30)
    this.remove(chosen(vanish), 0)
    const leaving = world.list(Pod).filter((pod) => isPodTerminal(pod))
    this.remove(chosen(collect, leaving), 0)
    cache.note()
  }

  private set(pod: Pod | undefined, phase: 'Running' | 'Succeeded' | 'Failed'): void {
    if (pod === undefined || (phase === 'Running' && pod.status.phase === 'Running')) return
    const { name, uid } = pod.metadata
    if (isTracked(pod) && phase !== 'Running') this[phase === 'Succeeded' ? 'succeeded' : 'failed'].add(uid)
    const state = phase === 'Running' ? {} : { terminated: { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: rfc3339(this.world.now) } }
    this.world.change(Pod, name, namespace, {
      spec: { nodeName: 'n1' },
      status: { phase, containerStatuses: [{ name: 'main', restartCount: 0, state }] },
    })
  }

  private remove(pod: Pod | undefined, gracePeriodSeconds: number): void {
    if (pod === undefined) return
    this.budget = Infinity
    this.noteDeletion(pod.metadata.uid, true)
    this.world.do({ do: 'delete', ...targetOf(Pod, pod), gracePeriodSeconds })
  }

  private noteDeletion(uid: string, mayCount: boolean): void {
    const pod = this.world.list(Pod).find(({ metadata }) => metadata.uid === uid)
    if (pod !== undefined && !isPodTerminal(pod) && mayCount) this.deleted.add(uid)
  }

  /** As the loop does it, but for the happenings, each before the command of its number. */
  pass(isLate: boolean, stopAfter: number | undefined, meanwhile: ReadonlyMap<number, Happening>): void {
    if (!isLate) this.showAll()
    const view = this.controller.view(jobKey, this.cache, this.world.now)
    if (view === undefined) return
    const commands = inOrder(this.controller.plan(view).commands)
    for (const [at, command] of commands.entries()) {
      if (meanwhile.has(at)) this.happen(meanwhile.get(at)!)
      this.budget = stopAfter !== undefined && at >= stopAfter ? 0 : Infinity
      try {
        this.world.do(command)
        this.cache.note()
        if ('kind' in command) this.cache.deliver(command.kind, Infinity)
      } catch (error) {
        if (error instanceof Stopped) this.begin()
        else if (!isError(error, 'Conflict', 'NotFound')) throw error
        // The loop waits until the cache shows another version than the one that was refused.
        else if ('kind' in command) this.cache.deliver(command.kind, 1)
        break
      }
    }
    this.budget = Infinity
  }

  /** A process begins, with caches that show what is there. */
  private begin(): void {
    this.controller = jobController()
    this.showAll()
  }

  private showAll(): void {
    for (const kind of [Job, Pod]) this.cache.deliver(kind, Infinity)
  }

  /** Nothing is counted that did not happen, and nothing twice. */
  check(): void {
    const { status, spec } = theJob(this.world)
    const uncounted = status.uncountedTerminatedPods ?? {}
    const failed = (status.failed ?? 0) + (uncounted.failed ?? []).length
    assert.ok(failed <= new Set([...this.failed, ...this.deleted]).size, 'counts failures that never were')
    const succeeded = (status.succeeded ?? 0) + (uncounted.succeeded ?? []).length
    assert.ok(succeeded <= this.succeeded.size, 'counts successes that never were')
    assert.ok(failed + succeeded <= new Set([...this.failed, ...this.deleted, ...this.succeeded]).size, 'counts a pod twice')
    if (spec.completionMode === 'Indexed')
      assert.equal(sizeOf(parseIndexes(status.completedIndexes, spec.completions!)), status.succeeded ?? 0)
    const end = endOf(theJob(this.world))
    if (end?.type === 'Complete') assert.ok(succeeded >= (spec.completions ?? 1), 'complete before enough succeeded')
    if (end !== undefined) {
      assert.equal(this.world.list(Pod).filter(isPodActive).length, 0, 'something runs though the job is over')
      assert.equal(this.world.list(Pod).filter(isTracked).length, 0, 'a pod is held though the job is over')
    }
  }

  /** From here on everything goes well: the job must come to its end by itself, with numbers that are right. */
  end(): void {
    const { world } = this
    world.change(Job, 'work', namespace, { spec: { suspend: false, parallelism: 2 } })
    for (let rounds = 0; endOf(theJob(world)) === undefined; rounds += 1) {
      assert.ok(rounds < 60, `does not end: ${JSON.stringify(theJob(world).status)}\n${world.history.slice(-20).join('\n')}`)
      const wakeAt = world.settle([this.controller])
      for (const pod of world.list(Pod)) {
        const isLeaving = pod.metadata.deletionTimestamp !== undefined
        if (!isPodTerminal(pod)) this.set(pod, isLeaving ? 'Failed' : 'Succeeded')
        if (isLeaving && world.get(Pod, pod.metadata.name, namespace) !== undefined) this.remove(pod, 0)
      }
      if (wakeAt < Infinity) world.now = Math.max(world.now, wakeAt)
      this.check()
    }
    world.settle([this.controller])
    this.check()
    const { status, spec } = theJob(world)
    const sure = (ended: ReadonlySet<string>) => [...ended].filter((uid) => !this.deleted.has(uid)).length
    assert.ok((status.failed ?? 0) >= sure(this.failed), 'loses a failure')
    if (spec.completionMode !== 'Indexed') assert.ok((status.succeeded ?? 0) >= sure(this.succeeded), 'loses a success')
    assert.deepEqual(status.uncountedTerminatedPods, {})
    assert.equal(status.terminating, 0)
    assert.equal(status.active, undefined)
  }
}

class Stopped extends Error {}
