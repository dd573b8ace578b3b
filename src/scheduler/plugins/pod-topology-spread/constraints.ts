import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { type Labels, matches, nothing, type Selector } from '#api/meta/v1/selector.ts'
import { labelOf } from '../../world/node-info.ts'
import { byShape, type PodInfo, type PodShape } from '../../world/pod-info.ts'
import type { NodeRule } from '../../world/topology-ground.ts'
import { isEverything, readSelector, type Scope, scopeIn } from '../../world/topology-scope.ts'
import { selectionKey } from '../../world/topology-selections.ts'
import type { World } from '../../world/world.ts'
import { defaultSelector } from './default-selector.ts'

/** One constraint as it counts for one shape of pod. */
export interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: Selector
  readonly honorsTaints: boolean
  /** 1 if the pod itself will be one of those that are counted. */
  readonly self: 0 | 1
  /** What is counted. */
  readonly scopes: readonly [Scope]
  readonly selectionKey: string
  /** Nodes on which it is counted. */
  readonly rule: NodeRule
}

/** Constraints by what is done about them. */
export interface Constraints {
  /** DoNotSchedule. */
  readonly hard: readonly Constraint[]
  /** ScheduleAnyway. */
  readonly soft: readonly Constraint[]
  /** Whether a node that lacks one of the soft constraints' labels has no score and is not counted. */
  readonly requiresAllTopologies: boolean
}

/** What a pod that says nothing is spread by; its selector comes from its Services and controller. */
export interface Defaults {
  readonly constraints: readonly TopologySpreadConstraint[]
  /** They are the scheduler's own, and nobody's wish: nodes without a zone may be used (PodTopologySpreadArgs, `defaultingType` System). */
  readonly areSystem: boolean
}

/** Finds the pod's constraints: its own, or the defaults. */
export function createConstraints(defaults: Defaults): (pod: PodInfo, world: World) => Constraints {
  const own = byShape((pod) => read(pod, pod.spec.topologySpreadConstraints ?? [], true))
  const byDefault = new WeakMap<PodShape, { readonly selector: Selector; readonly constraints: Constraints }>()
  return (info, world) => {
    if ((info.pod.spec.topologySpreadConstraints?.length ?? 0) > 0) return own(info)
    if (defaults.constraints.length === 0) return none
    const selector = defaultSelector(info, world)
    if (selector === undefined) return none
    let known = byDefault.get(info.shape)
    if (known?.selector !== selector) {
      known = { selector, constraints: read(info.pod, defaults.constraints, !defaults.areSystem, selector) }
      byDefault.set(info.shape, known)
    }
    return known.constraints
  }
}

const none: Constraints = { hard: [], soft: [], requiresAllTopologies: true }

function read(pod: Pod, all: readonly TopologySpreadConstraint[], requiresAllTopologies: boolean, common?: Selector): Constraints {
  const of = (action: TopologySpreadConstraint['whenUnsatisfiable']): readonly Constraint[] => {
    const chosen = all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    const keys = action === 'DoNotSchedule' || requiresAllTopologies ? chosen.map(({ topologyKey }) => topologyKey) : []
    return chosen.map((constraint) => readOne(pod, constraint, common ?? ownSelector(constraint, pod.metadata.labels), keys))
  }
  return { hard: of('DoNotSchedule'), soft: of('ScheduleAnyway'), requiresAllTopologies }
}

function readOne(pod: Pod, constraint: TopologySpreadConstraint, selector: Selector, keys: readonly string[]): Constraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint
  const honorsTaints = nodeTaintsPolicy === 'Honor'
  // The reference counts nobody by a selector that selects everybody, although the pod itself is selected by it.
  const scopes = [scopeIn(pod.metadata.namespace, isEverything(selector) ? nothing : selector)] as const
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    honorsTaints,
    self: matches(selector, pod.metadata.labels) ? 1 : 0,
    scopes,
    selectionKey: selectionKey(scopes, false),
    rule: nodeRule(pod, keys, nodeAffinityPolicy === 'Honor', honorsTaints),
  }
}

/** With the pod's own values of `matchLabelKeys` (KEP-3243), as far as it has them; a constraint without a selector selects nobody. */
function ownSelector({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, labels: Labels): Selector {
  const selector = readSelector(labelSelector)
  const present = matchLabelKeys.filter((key) => labels !== undefined && Object.hasOwn(labels, key))
  if (selector.nothing || present.length === 0) return selector
  const same = present.map((key) => ({ key, operator: '=' as const, values: [labels![key]!] }))
  return { requirements: [...same, ...selector.requirements] }
}

/** Nodes with all the labels, that the pod's own node affinity and tolerations let it onto where it wants them honoured. */
function nodeRule({ spec }: Pod, keys: readonly string[], honorsAffinity: boolean, honorsTaints: boolean): NodeRule {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const selects = honorsAffinity && (required !== undefined || Object.keys(spec.nodeSelector ?? {}).length > 0)
  return {
    key: JSON.stringify([keys.toSorted(), selects && [spec.nodeSelector, required], honorsTaints && [spec.tolerations]]),
    looksAtTaints: honorsTaints,
    accepts: (node) =>
      keys.every((key) => labelOf(node, key) !== undefined) &&
      (!selects || matchesRequiredAffinity(spec, node.node)) &&
      (!honorsTaints || untoleratedTaint(node.node.spec.taints, spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined),
  }
}
