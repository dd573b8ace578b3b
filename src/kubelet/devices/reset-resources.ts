import { Node } from '#api/core/v1/node.ts'
import { isExtended } from '#api/core/v1/validation/resources.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'

export interface ResetResourcesOptions {
  readonly nodeName: string
  readonly client: Client
  /** What plug-ins of this node have by now. */
  readonly served: () => Readonly<Record<string, string>>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * A machine that was set up anew under the name of an old Node has none of the extended resources that stand there: they are set to nothing until a
 * plug-in tells of them, or pods would be sent here for them. Tries until the API server took it, or the signal aborts.
 */
export async function resetResources(options: ResetResourcesOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log, nodeName } = options
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await resetOnce(options)
    } catch (error) {
      // No Node yet: the one that is made says what there is.
      if (isError(error, 'NotFound')) return
      log.info('the resources of an old node could not be looked at', { node: nodeName, error })
      await sleep(clock, backoff(again, attempt, random), signal).catch(() => {})
    }
  }
}

async function resetOnce({ nodeName, client, served, log }: ResetResourcesOptions): Promise<void> {
  const { status } = await client.get(Node, nodeName)
  const here = served()
  const lists = { ...status?.allocatable, ...status?.capacity }
  const gone = Object.entries(lists).flatMap(([name, amount]) =>
    isExtended(name) && here[name] === undefined && amount !== '0' ? [name] : [],
  )
  if (gone.length === 0) return
  const nothing = Object.fromEntries(gone.map((name) => [name, '0']))
  await client.patch(
    Node,
    nodeName,
    { type: 'merge', body: { status: { capacity: nothing, allocatable: nothing } } },
    { subresource: 'status' },
  )
  log.info('resources of an old node of this name are set to nothing', { node: nodeName, resources: gone })
}

const again: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 0.2 }
