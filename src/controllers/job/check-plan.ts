import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '#api/batch/v1/job.ts'
import type { JobStatus } from '#api/batch/v1/types.ts'
import type { Single } from '#loop/controller.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { show } from '../testing/world.ts'
import { jobController } from './controller.ts'
import { type Given, type JobPodFacts, jobKey, theJob, worldOf } from './testing.ts'

export const startTime = '2025-12-31T23:00:00Z'
export const now = '2026-01-01T00:00:00Z'
/** Of a job that has begun, and of which nothing is new. */
export const begun: JobStatus = { startTime, ready: 0, terminating: 0, uncountedTerminatedPods: {} }
export const running = { ...begun, active: 1 }
export const done: JobPodFacts = { exit: [0, 60] }
export const broken: JobPodFacts = { exit: [1, 3600] }
/** Somebody has just begun to delete it. */
export const leaving: JobPodFacts = { deletedAt: Date.parse(now) + 30_000 }

export const limitExceeded = 'BackoffLimitExceeded Job has reached the specified backoff limit'

export function condition(type: string, reason: string, message: string) {
  return { type, status: 'True', lastProbeTime: startTime, lastTransitionTime: startTime, reason, message }
}

/** What one look at the job plans, and when it wants to be woken. Carried out, it leaves nothing to do but what waits. */
export function check(name: string, given: Given, expected: readonly string[], wakeAfterSeconds = Infinity): void {
  test(name, () => {
    const world = worldOf(given)
    const before = theJob(world).status
    const { commands, wakeAt } = world.pass(jobController(), jobKey)
    assert.deepEqual(
      commands.map((command) => told(command, before)),
      expected,
    )
    assert.equal((wakeAt - world.now) / 1000, wakeAfterSeconds)
    world.settle([jobController()])
  })
}

const fields = [
  ...['startTime', 'active', 'ready', 'terminating', 'succeeded', 'failed', 'uncountedTerminatedPods'],
  ...['completedIndexes', 'failedIndexes', 'conditions', 'completionTime'],
]

function told(command: Single, before: JobStatus): string {
  if (command.do === 'update') {
    const patch = mergePatch(before, (command.object as Job).status) ?? {}
    const changed = Object.fromEntries(fields.filter((field) => field in patch).map((field) => [field, patch[field]]))
    return `status ${JSON.stringify(changed, (key, value) => (key === 'conditions' ? value.map(inShort) : value))}`
  }
  if (command.do !== 'patch') return show(command)
  const { metadata } = command.body as { metadata: { ownerReferences?: { uid: string }[] | null; finalizers: string[] | null } }
  if (metadata.ownerReferences === undefined)
    return `release ${command.name}${metadata.finalizers === null ? '' : ` but ${metadata.finalizers}`}`
  return `patch pod ${command.name} ${JSON.stringify({ metadata: { ...metadata, ownerReferences: metadata.ownerReferences?.map(({ uid }) => uid) ?? null } })}`
}

const inShort = ({ type, status, reason, message }: { type: string; status: string; reason?: string; message?: string }): string =>
  `${type}${status === 'True' ? '' : `=${status}`} ${reason} ${message}`
