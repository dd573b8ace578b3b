import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { countPods, type JudgedFailure } from './count.ts'
import { type Decision, deadlineOf, decide } from './decision.ts'
import { trackingFinalizer } from './facts.ts'
import { deletePods, managePods, removePods, together } from './manage.ts'
import { release, withoutTracking } from './release.ts'
import { statusCommands } from './status.ts'
import { type Tally, tally } from './tally.ts'
import type { JobView } from './view.ts'

/** What is to be done about a job; how it stands, and the failures that its policy judged, are for who counts those. */
export interface JobPlan extends Plan {
  readonly tally?: Tally
  readonly judged?: readonly JudgedFailure[]
}

/**
 * First whose pods they are; then how the job stands is written down, pods are let go of that are written down, and only then pods are made
 * or removed: whatever fails among these, and however often, what ended is counted.
 */
export function planJob(view: JobView): JobPlan {
  const { now, job } = view
  const { claimed, commands: claims } = claimPods(view)
  // What they change of the pods has to be seen before those are counted.
  if (claims.length > 0) return { commands: claims, wakeAt: Infinity }
  const counted = tally(job, claimed)
  const decision = decide(job, counted, now)
  const count = countPods(job, counted, decision)
  const managed = manage(view, counted, decision)
  return {
    commands: [
      ...statusCommands(job, counted, count, decision, now),
      ...together(count.released.map(release), 'goOn'),
      ...managed.commands,
    ],
    wakeAt: Math.min(managed.wakeAt, decision === undefined ? deadlineOf(job) : Infinity),
    tally: counted,
    judged: count.judged,
  }
}

/** A job that is over ends what still runs; one that is being deleted makes nothing more. */
function manage(view: JobView, counted: Tally, decision: Decision | undefined): Plan {
  const { job } = view
  if (decision === undefined)
    return job.metadata.deletionTimestamp === undefined ? managePods(view, counted) : { commands: [], wakeAt: Infinity }
  // After a failure each pod has failed, and is counted when it is being deleted; after a success those that were left over count as nothing.
  const commands = decision.type === 'FailureTarget' ? deletePods(counted.active) : removePods(counted.active)
  return { commands, wakeAt: Infinity }
}

/** Adopted pods have to be counted, released ones must not be held. */
function claimPods({ job, pods }: JobView) {
  const { selector } = job.spec
  if (selector === undefined) return { claimed: [], commands: [] }
  const { claimed, commands } = claim(Job, { ...job, spec: { ...job.spec, selector } }, Pod, pods)
  if (commands.length === 0) return { claimed, commands }
  const isClaimed = new Set(claimed)
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]))
  const tracked = commands.map((command): Command => {
    if (command.do !== 'patch') return command
    const pod = byName.get(command.name)!
    const left = withoutTracking(pod.metadata.finalizers)
    const finalizers = isClaimed.has(pod) ? [...(left ?? []), trackingFinalizer] : left
    const { metadata } = command.body as { metadata: object }
    return { ...command, body: { metadata: { ...metadata, finalizers } } }
  })
  return { claimed, commands: tracked }
}
