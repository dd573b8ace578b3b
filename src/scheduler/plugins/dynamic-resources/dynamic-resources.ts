import type { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { durationMs } from '#lib/duration.ts'
import type { Plugin, PluginFactory } from '../../framework/plugin.ts'
import { refuseForGood } from '../../framework/plugin.ts'
import { bindClaims, releaseClaims } from './bind-claims.ts'
import { planDeallocation } from './deallocation.ts'
import { type DeviceState, type DynamicResourcesTimes, dynamicResourcesName } from './device-state.ts'
import { filterClaims } from './filter-claims.ts'
import { claimsOfPod } from './pod-claims.ts'
import { beginClaims } from './pre-filter-claims.ts'
import { leavesChoice, prioritizedScore } from './prioritized-score.ts'
import { reserveClaims } from './reserve-claims.ts'
import { wokenBy } from './woken-by.ts'

/**
 * Devices for the claims of pods (KEP-4381 and those that build on it, as far as their gates are open by default in v1.36): finds them, and
 * writes into the claims what was found. Args: `filterTimeout`, `bindingTimeout`
 * (durations as text; the defaults are those of the v1 configuration).
 */
export const dynamicResources: PluginFactory = ({ filterTimeout = '10s', bindingTimeout = '600s' }) =>
  createPlugin({ filterTimeoutMs: durationMs(filterTimeout as string), bindingTimeoutMs: durationMs(bindingTimeout as string) })

const createPlugin = (times: DynamicResourcesTimes): Plugin<DeviceState | undefined, Map<string, number>> => ({
  name: dynamicResourcesName,
  preEnqueue: (pod, world) => {
    if (!usesClaims(pod)) return undefined
    const claims = claimsOfPod(pod, world)
    return typeof claims === 'string' ? claims : undefined
  },
  preFilter: (pod, world) => {
    const state = beginClaims(pod, world, times)
    if (typeof state === 'string') return { refusal: refuseForGood(state) }
    return { state, skip: state === undefined }
  },
  filter: (pod, node, state, world) => (state === undefined ? undefined : filterClaims(pod, node, state, world, times)),
  postFilter: (pod, failure) => planDeallocation(pod, failure),
  isUniform: ({ pod }, world) =>
    !(pod.spec.resourceClaims ?? []).some(({ resourceClaimName: own, name }) => {
      const made = own ?? pod.status.resourceClaimStatuses?.find((each) => each.name === name)?.resourceClaimName
      const claim = made === undefined ? undefined : world.lookups.of(ResourceClaim).get(made, pod.metadata.namespace)
      return claim !== undefined && leavesChoice(claim)
    }),
  preScore: (_pod, nodes, _world, state) => {
    if (state === undefined || !state.claims.some(leavesChoice)) return undefined
    return new Map(nodes.map(({ name }) => [name, scoreOf(state, name)]))
  },
  score: (_pod, { name }, scores) => scores.get(name) ?? 0,
  normalize: (values) => {
    const highest = values.reduce((a, b) => Math.max(a, b), 0)
    if (highest > 0) for (let i = 0; i < values.length; i += 1) values[i] = Math.floor((values[i]! * 100) / highest)
  },
  reserve: (_pod, node, state, world) => (state === undefined ? undefined : reserveClaims(node, state, world)),
  unreserve: (pod, _node, state, world) => {
    if (state !== undefined) releaseClaims(pod, state, world)
  },
  preBind: (pod, node, state, means) => (state === undefined ? undefined : bindClaims(pod, node.name, state, means, times)),
  wokenBy,
})

const usesClaims = ({ spec }: Pod): boolean => (spec.resourceClaims?.length ?? 0) > 0

/** Of claims with a choice, how good the choice on the node is: of those that have devices already, too. */
function scoreOf(state: DeviceState, nodeName: string): number {
  const found = state.found.get(nodeName)
  if (found === undefined) return 0
  let next = 0
  let score = 0
  for (const claim of state.claims) {
    const { allocation } = claim.status
    const chosen =
      allocation === undefined
        ? found.claims[next++]?.picks.map(({ alternative }) => alternative.reference)
        : allocation.devices.results?.map(({ request }) => request)
    score += prioritizedScore(claim, new Set(chosen))
  }
  return score
}
