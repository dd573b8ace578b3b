import type { Pod } from '#api/core/v1/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Informer } from '#client/informer.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'

export interface PoliciesShownOptions {
  readonly policies: Informer<NetworkPolicy>
  /** The policies of a namespace as they are now, from the API server. */
  readonly listPolicies: (namespace: string) => Promise<{ readonly resourceVersion: string; readonly items: readonly NetworkPolicy[] }>
  readonly clock: Clock
  readonly log: Log
}

/** A server that does not answer keeps no pod waiting: what runs on the node has to come back without it. */
const answerMs = 2_000
const shownMs = 8_000

/** That a namespace was asked about just now is not remembered for longer: the server may be another one by then, with other numbers. */
const rememberedMs = 2_000
const rememberedMax = 100

/** Tells whether the policies that a pod came after are known here. */
export type PoliciesShown = (pod: Pick<Pod, 'metadata'>) => Promise<string>

/**
 * Resolves with '' once every policy of the pod's namespace that the API server has is known here, else with the name of one that is not. Pods and
 * policies come by two watches, and that of the policies may be behind, by seconds where the server was just away: a pod would start open although its
 * policy was there first. Waiting for the watch to reach the pod's resourceVersion is no way, since a quiet one shows only those of its own changes; a
 * list of its namespace that is newer than the pod tells, at the cost of two or three milliseconds. For pods that come together it is one list.
 */
export function createPoliciesShown({ policies, listPolicies, clock, log }: PoliciesShownOptions): PoliciesShown {
  /** As of which resourceVersion all policies of a namespace were known here, and since when that is remembered. */
  const known = new Map<string, { readonly resourceVersion: string; readonly atMs: number }>()

  function remember(namespace: string, resourceVersion: string): void {
    known.delete(namespace)
    known.set(namespace, { resourceVersion, atMs: clock.monotonicMs() })
    const [oldest] = known.keys()
    if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest)
  }

  function isKnown(namespace: string, resourceVersion: string | undefined): boolean {
    const last = known.get(namespace)
    if (last === undefined || !resourceVersion) return false
    if (clock.monotonicMs() - last.atMs < rememberedMs) return compareResourceVersions(last.resourceVersion, resourceVersion) >= 0
    known.delete(namespace)
    return false
  }

  return async ({ metadata: { namespace = '', resourceVersion } }) => {
    if (isKnown(namespace, resourceVersion)) return ''
    const giveUp = new AbortController()
    try {
      const listed = await Promise.race([
        listPolicies(namespace),
        sleep(clock, answerMs, giveUp.signal).then(() => Promise.reject(new Error(`no answer within ${answerMs} ms`))),
      ])
      const missing = () =>
        compareResourceVersions(policies.resourceVersion, listed.resourceVersion) >= 0
          ? undefined
          : listed.items.find(({ metadata }) => {
              const shown = policies.get(metadata.name, namespace)
              return shown === undefined || compareResourceVersions(shown.metadata.resourceVersion, metadata.resourceVersion) < 0
            })
      await policies.until(() => missing() === undefined, shownMs)
      const name = missing()?.metadata.name ?? ''
      if (name === '') remember(namespace, listed.resourceVersion)
      return name
    } catch (error) {
      log.debug('a pod starts by the policies that are known here, since the server cannot be asked', { namespace, error })
      return ''
    } finally {
      giveUp.abort()
    }
  }
}
