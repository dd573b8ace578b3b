import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import type { PodInfo } from '../../world/pod-info.ts'

/** Says on each victim why it goes, and deletes it, or only calls its binding off where that is not done yet; pods of lower priority lose their promise of this node. */
export async function evict(preemptor: PodInfo, node: string, victims: readonly PodInfo[], means: BindMeans): Promise<void> {
  const { client, world } = means
  const outranked = [...world.nominatedTo(node).values()].filter(({ shape }) => shape.priority < preemptor.shape.priority)
  await Promise.all(
    outranked.map(async (info) => {
      const { name, namespace, uid } = info.pod.metadata
      world.nominate(info, '')
      await unlessGone(
        client.patch(
          Pod,
          name,
          { type: 'strategic', body: { metadata: { uid }, status: { nominatedNodeName: null } } },
          { namespace, subresource: 'status' },
        ),
      )
    }),
  )
  await Promise.all(victims.map((victim) => evictOne(preemptor, node, victim.pod, means)))
}

async function evictOne(
  { pod: preemptor }: PodInfo,
  node: string,
  victim: Pod,
  { client, clock, record, callOff }: BindMeans,
): Promise<void> {
  const { name, namespace, uid, generation } = victim.metadata
  // Somebody else has it go already.
  if (victim.metadata.deletionTimestamp !== undefined) return
  const tell = (more = ''): void =>
    record({
      regarding: victim,
      type: 'Normal',
      reason: 'Preempted',
      message: `Preempted by pod ${preemptor.metadata.uid} on node ${node}${more}`,
      action: 'Preempting',
    })
  if (callOff?.(uid)) return tell(' (in kube-scheduler memory).')
  const present = podCondition(victim, 'DisruptionTarget')
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${preemptor.spec.schedulerName}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: present?.status === 'True' ? present.lastTransitionTime : rfc3339(clock.now()),
    observedGeneration: generation,
  }
  const isThere = await unlessGone(
    client.patch(
      Pod,
      name,
      { type: 'strategic', body: { metadata: { uid }, status: { conditions: [condition] } } },
      { namespace, subresource: 'status' },
    ),
  )
  if (!isThere || !(await unlessGone(client.delete(Pod, name, { namespace, preconditions: { uid } })))) return
  tell()
}

/** False: it is gone, or another has its name. */
async function unlessGone(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isError(error, 'NotFound', 'Conflict')) return false
    throw error
  }
}
