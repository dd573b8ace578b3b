import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { PodLookup } from '#kubelet/interfaces.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { pathParts } from './path-parts.ts'

export interface CheckpointCall {
  readonly pods: PodLookup
  readonly runtime: Partial<Pick<Runtime, 'checkpointContainer'>>
  /** Where archives go; undefined: this node makes none. */
  readonly checkpointDirectory?: string
  readonly clock: Clock
  readonly response: ServerResponse
  readonly url: URL
}

/**
 * POST /checkpoint/<namespace>/<pod>/<container>?timeout=<seconds>: a running container's whole state as an archive on the node (KEP-2008).
 * Answers with its path. A runtime without CRIU says so.
 */
export async function checkpoint({ pods, runtime, checkpointDirectory, clock, response, url }: CheckpointCall): Promise<void> {
  const [, namespace, name, containerName, more] = pathParts(url)
  if (!namespace || !name || !containerName || more || checkpointDirectory === undefined || runtime.checkpointContainer === undefined)
    throw new WherryError('NotFound', '404 page not found')
  const record = pods.get(namespace, name)
  if (!record) throw new WherryError('NotFound', 'pod does not exist')
  const { containers, initContainers = [], ephemeralContainers = [] } = record.pod.spec
  if (![...containers, ...initContainers, ...ephemeralContainers].some((one) => one.name === containerName))
    throw new WherryError('NotFound', `container ${containerName} does not exist`)
  // Of several the last counts; 0 is the runtime's own.
  const timeout = url.searchParams.getAll('timeout').at(-1) ?? '0'
  if (!/^[+-]?\d+$/.test(timeout)) throw new WherryError('NotFound', 'cannot parse value of timeout parameter')
  const location = join(checkpointDirectory, `checkpoint-${name}_${namespace}-${containerName}-${rfc3339(clock.now())}.tar`)
  try {
    const container = record.containers.find((one) => one.name === containerName)
    if (!container) throw new WherryError('NotFound', `container ${containerName} not found`)
    await runtime.checkpointContainer(container.id, location, Number(timeout) * 1000)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WherryError('InternalError', `checkpointing of ${namespace}/${name}/${containerName} failed (${why})`, { cause })
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: [location] }))
}
