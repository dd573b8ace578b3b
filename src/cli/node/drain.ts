import { setTimeout as delay } from 'node:timers/promises'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { type DrainPlan, planDrain } from './plan-drain.ts'

export interface DrainOptions {
  /** Takes pods that nobody makes anew, and after the time also those that budgets keep. */
  readonly force: boolean
  readonly timeoutMs: number
}

const againMs = 500

/**
 * Lets no new pods come, and empties the node through the eviction API, so that disruption budgets are kept; waits until its pods have ended, which of
 * a node whose agent does not run nobody could tell. Returns how many went. Throws `Conflict` for pods without a controller, before any was
 * evicted if they were there, and `Timeout` with what stood in the way.
 */
export async function drain(client: Client, node: string, { force, timeoutMs }: DrainOptions): Promise<number> {
  const look = async () => planDrain((await client.list(Pod, { fieldSelector: `spec.nodeName=${node}` })).items)
  const refuseAlone = ({ alone }: DrainPlan, more = ''): void => {
    if (alone.length > 0 && !force)
      throw new WherryError(
        'Conflict',
        `nobody would make these pods of ${node} anew: ${alone.map(titleOf).join(', ')}; with --force they are removed for good${more}`,
      )
  }
  refuseAlone(await look())
  await client.patch(Node, node, { type: 'merge', body: { spec: { unschedulable: true } } })
  const seen = new Set<string>()
  const problems = new Map<string, string>()
  for (const until = Date.now() + timeoutMs; ; await delay(againMs)) {
    const plan = await look()
    // One may have come before the node took no more.
    refuseAlone(plan, `. ${node} takes no new pods until "wherry kubectl uncordon ${node}"`)
    const left = [...plan.evict, ...plan.alone]
    for (const { metadata } of left) seen.add(metadata.uid!)
    const untold = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    if (left.length === 0 || (untold.length === 0 && !(await isReady(client, node)))) return seen.size
    const isLate = Date.now() >= until
    if (isLate && !force)
      throw new WherryError(
        'Timeout',
        `${node} was not empty within ${timeoutMs / 1000} s: ${left.map((pod) => `${titleOf(pod)} (${problems.get(pod.metadata.uid!) ?? 'has not ended yet'})`).join('; ')}. It takes no new pods until "wherry kubectl uncordon ${node}"; try again with a longer --timeout, or remove the pods in spite of their budgets with --force`,
      )
    for (const pod of untold) {
      const problem = isLate ? await remove(client, pod) : await evict(client, pod)
      if (problem === undefined) problems.delete(pod.metadata.uid!)
      else problems.set(pod.metadata.uid!, problem)
    }
    if (isLate) return seen.size
  }
}

/** Undefined: it goes. Otherwise why not yet. */
async function evict(client: Client, { metadata: { name, namespace, uid } }: Pod): Promise<string | undefined> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } }
  try {
    await client.act(Pod, name, 'eviction', body, { namespace: namespace! })
  } catch (error) {
    if (isError(error, 'TooManyRequests')) return error.message
    if (!isError(error, 'NotFound') && !isError(error, 'Conflict')) throw error
  }
  return undefined
}

async function remove(client: Client, { metadata: { name, namespace, uid } }: Pod): Promise<undefined> {
  try {
    await client.delete(Pod, name, { namespace: namespace!, preconditions: { uid: uid! } })
  } catch (error) {
    if (!isError(error, 'NotFound') && !isError(error, 'Conflict')) throw error
  }
}

async function isReady(client: Client, name: string): Promise<boolean> {
  const { status } = await client.get(Node, name)
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}

const titleOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`
