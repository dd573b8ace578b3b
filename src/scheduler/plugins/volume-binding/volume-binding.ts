import { WherryError } from '#lib/errors.ts'
import { type Plugin, type PluginFactory, refuseForGood } from '../../framework/plugin.ts'
import { hasClaims } from '../volume-common/claims.ts'
import { assumeVolumes, restoreVolumes, type Taken } from './assume-volumes.ts'
import { bindVolumes } from './bind-volumes.ts'
import { createStorage, findVolumes, type Storage } from './find-volumes.ts'
import { type PodClaims, podClaimsOf } from './pod-claims.ts'
import { wokenBy } from './woken-by.ts'

/** Undefined: the pod has no claims. */
type State = { readonly claims: PodClaims; readonly storage: Storage; taken: Taken | undefined } | undefined

/** The time that binding may take (VolumeBindingArgs, apis/config/v1/defaults.go). */
const bindTimeoutSecondsByDefault = 600

/**
 * Places a pod where its volumes are, or can be had: bound claims' volumes must be reachable, open claims of classes that wait for their first
 * consumer are given free volumes or a node on which one is to be made (KEP-490, KEP-1472). Takes both at once in the world's lookups, writes
 * them before the pod is bound, and waits until every claim has its volume.
 *
 * `args`: `bindTimeoutSeconds`. A `shape` asks for scores, which are off by default (the gate StorageCapacityScoring is alpha), and is refused.
 */
export const volumeBinding: PluginFactory = (args) => {
  const seconds = args['bindTimeoutSeconds'] ?? bindTimeoutSecondsByDefault
  if (typeof seconds !== 'number' || !(seconds >= 0))
    throw new WherryError(
      'Invalid',
      `bindTimeoutSeconds: Invalid value: ${JSON.stringify(seconds)}: invalid BindTimeoutSeconds, should not be a negative value`,
    )
  if (args['shape'] !== undefined)
    throw new WherryError(
      'Invalid',
      `shape: Invalid value: ${JSON.stringify(args['shape'])}: unexpected field \`shape\`, remove it or turn on the feature gate StorageCapacityScoring`,
    )
  const plugin: Plugin<State> = {
    name: 'VolumeBinding',
    preFilter({ pod }, world) {
      if (!hasClaims(pod)) return noClaims
      const claims = podClaimsOf(pod, world)
      if (claims === undefined) return noClaims
      if (typeof claims === 'string') return { refusal: refuseForGood(claims) }
      return { state: { claims, storage: world.kept(createStorage), taken: undefined } }
    },
    filter(_pod, node, state) {
      if (state === undefined) return undefined
      const found = findVolumes(state.claims, node, state.storage)
      return 'matched' in found ? undefined : found
    },
    reserve({ pod }, node, state, world) {
      if (state === undefined || state.claims.selected.length + state.claims.open.length === 0) return undefined
      // Anew: the world may be another than when the node was looked at.
      const claims = podClaimsOf(pod, world)
      if (claims === undefined) return undefined
      if (typeof claims === 'string') return refuseForGood(claims)
      const found = findVolumes(claims, node, state.storage)
      if (!('matched' in found)) return found
      state.taken = assumeVolumes(found, node.name, world)
      return undefined
    },
    unreserve(_pod, _node, state, world) {
      if (state?.taken === undefined) return
      restoreVolumes(state.taken, world)
      state.taken = undefined
    },
    preBind(_pod, _node, state, means) {
      const taken = state?.taken
      if (taken === undefined || taken.volumes.length + taken.claims.length === 0) return undefined
      return bindVolumes(taken, seconds * 1000, means)
    },
    wokenBy,
  }
  return plugin
}

const noClaims = { state: undefined, skip: true } as const
