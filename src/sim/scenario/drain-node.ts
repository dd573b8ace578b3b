import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { SimulatedCluster } from '../cluster.ts'

export interface DrainEnd {
  /** `namespace/name` of pods that are still there. */
  readonly left: readonly string[]
  /** Lets new pods come again. */
  uncordon(): Promise<void>
}

/**
 * Does what `kubectl drain` does: no new pods, then an eviction of every pod that somebody will make anew elsewhere, again and again while a
 * budget forbids it. Pods of DaemonSets, and such as nobody owns, stay.
 */
export async function drainNode(
  { client, clock, world }: SimulatedCluster,
  node: string,
  limitMs: number,
  blocked: (text: string) => void,
): Promise<DrainEnd> {
  const end = clock.now() + limitMs
  const cordon = (unschedulable: true | null) =>
    persistently(() => client.patch(Node, node, { type: 'merge', body: { spec: { unschedulable } } }))
  await cordon(true)
  for (let left = toEvict(); left.length > 0 && clock.now() < end; left = toEvict()) {
    for (const pod of left) if (pod.metadata.deletionTimestamp === undefined) await evict(pod)
    await sleep(clock, retryMs)
  }
  return { left: toEvict().map(titleOf), uncordon: async () => void (await cordon(null)) }

  function toEvict(): readonly Pod[] {
    return world.list<Pod>(Pod).filter((pod) => {
      const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)
      return pod.spec.nodeName === node && owner !== undefined && owner.kind !== 'DaemonSet' && !isPodTerminal(pod)
    })
  }

  async function evict(pod: Pod): Promise<void> {
    const { name, namespace } = pod.metadata
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
    try {
      await client.act(Pod, name, 'eviction', body, { namespace })
    } catch (error) {
      if (isError(error, 'TooManyRequests')) blocked(`evictions in ${namespace} were refused: ${reasonOf(error)}`)
      else if (!isError(error, 'NotFound', 'Conflict', 'ServiceUnavailable', 'Timeout', 'ServerTimeout')) throw error
    }
  }

  /** A server that is away comes back. */
  async function persistently(act: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await act()
        return
      } catch (error) {
        if (isError(error, 'NotFound')) return
        if (!isError(error, 'ServiceUnavailable', 'Timeout', 'ServerTimeout', 'Conflict')) throw error
        await sleep(clock, 1_000)
      }
    }
  }
}

/** kubectl's. */
const retryMs = 5_000

const titleOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

const reasonOf = (error: {
  readonly message: string
  readonly details: { readonly causes?: readonly { readonly message: string }[] }
}): string => error.details.causes?.map(({ message }) => message).join('; ') || error.message
