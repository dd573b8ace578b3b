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

/**
 * Resolves with '' once every policy of the namespace that the API server has is known here, else with the name of one that is not. Pods and policies
 * come by two watches, and that of the policies may be behind, by seconds where the server was just away: a pod would start open although its policy was
 * there first. Waiting for the watch to reach the pod's resourceVersion is no way, since a quiet one shows only those of its own changes; one list of
 * a namespace for each sandbox costs a millisecond or two.
 */
export async function untilPoliciesShown(namespace: string, { policies, listPolicies, clock, log }: PoliciesShownOptions): Promise<string> {
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
    return missing()?.metadata.name ?? ''
  } catch (error) {
    log.debug('a pod starts by the policies that are known here, since the server cannot be asked', { namespace, error })
    return ''
  } finally {
    giveUp.abort()
  }
}
