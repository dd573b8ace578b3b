import type { Pod } from '#api/core/v1/pod.ts'
import type { Log } from '#lib/log.ts'
import type { Companion } from '../framework/decide.ts'
import type { Candidate, NodeRefusal } from '../framework/plugin.ts'
import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { Extender } from './extender.ts'

/** All extenders that have a say about one pod, as one. */
export interface Companions extends Companion {
  /** Who binds it; undefined: we do. */
  readonly binder: Extender | undefined
  /** Candidates that none of them takes away. */
  reconsider(pod: PodInfo, candidates: readonly Candidate[]): Promise<readonly Candidate[]>
}

/** Undefined: nobody is to be asked about this pod. */
export function companionsOf(pod: Pod, extenders: readonly Extender[], log: Log): Companions | undefined {
  const asked = extenders.filter((extender) => extender.isInterested(pod))
  if (asked.length === 0) return undefined

  /** One that may be ignored and does not answer is left out. */
  async function unlessIgnorable<T>({ isIgnorable, url }: Extender, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isIgnorable) throw error
      log.info('an extender that may be ignored did not answer', { extender: url, error })
      return undefined
    }
  }

  return {
    binder: asked.find(({ binds }) => binds),
    async filter(info, nodes) {
      const refusals = new Map<string, NodeRefusal>()
      let left: readonly NodeInfo[] = nodes
      for (const extender of asked) {
        if (left.length === 0) break
        const answer = await unlessIgnorable(extender, () => extender.filter(info, left))
        if (answer === undefined) continue
        for (const [name, refusal] of answer.refusals) refusals.set(name, refusal)
        left = answer.nodes
      }
      return { nodes: left, refusals }
    },
    async score(info, nodes) {
      const totals = new Map<string, number>()
      const answers = await Promise.all(
        asked.map((extender) =>
          // A failed ranking is none: the plug-ins' own stands.
          extender.score(info, nodes).catch((error: unknown) => {
            log.info('an extender gave no scores', { extender: extender.url, error })
            return new Map<string, number>()
          }),
        ),
      )
      for (const answer of answers) for (const [name, score] of answer) totals.set(name, (totals.get(name) ?? 0) + score)
      return totals
    },
    async reconsider(info, candidates) {
      let left = candidates
      for (const extender of asked) {
        if (!extender.preempts || left.length === 0) continue
        left = (await unlessIgnorable(extender, () => extender.preempt(info, left))) ?? left
        // Room that costs nobody anything is no room that could be made.
        left = left.filter(({ victims }) => victims.pods.length > 0)
      }
      return left
    },
  }
}
