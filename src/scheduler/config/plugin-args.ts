import { NodeAffinity, TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { durationMs } from '#lib/duration.ts'
import type { Cause } from '#lib/errors.ts'
import { checkQualifiedName } from '#schema/formats.ts'
import { type AnyType, bool, duration, field, int32, int64, list, message, type Of, string } from '#schema/schema.ts'
import { child, duplicate, forbidden, index, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'

/** What a plug-in's `args` may hold, and what is wrong with them (kube-scheduler apis/config/validation). */
export interface ArgsRules<A> {
  readonly type: AnyType
  readonly problems: (args: A, path: string) => readonly Cause[]
}

const typeMeta = { apiVersion: field(0, string()), kind: field(0, string()) }
const args = <F extends Parameters<typeof message>[1]>(name: string, fields: F) =>
  message(`kubescheduler.config.v1.${name}`, { ...typeMeta, ...fields })

const ResourceSpec = message('kubescheduler.config.v1.ResourceSpec', {
  name: field(1, string(), { always: true }),
  weight: field(2, int64(), { default: 1 }),
})
const Shape = list(
  message('kubescheduler.config.v1.UtilizationShapePoint', {
    utilization: field(1, int32(), { always: true }),
    score: field(2, int32(), { always: true }),
  }),
)

const DefaultPreemptionArgs = args('DefaultPreemptionArgs', {
  minCandidateNodesPercentage: field(1, int32(), { pointer: true }),
  minCandidateNodesAbsolute: field(2, int32(), { pointer: true }),
})
const InterPodAffinityArgs = args('InterPodAffinityArgs', {
  hardPodAffinityWeight: field(1, int32(), { pointer: true }),
  ignorePreferredTermsOfExistingPods: field(2, bool()),
})
const NodeAffinityArgs = args('NodeAffinityArgs', { addedAffinity: field(1, NodeAffinity, { pointer: true }) })
const BalancedAllocationArgs = args('NodeResourcesBalancedAllocationArgs', { resources: field(1, list(ResourceSpec)) })
const FitArgs = args('NodeResourcesFitArgs', {
  ignoredResources: field(1, list(string())),
  ignoredResourceGroups: field(2, list(string())),
  scoringStrategy: field(
    3,
    message('kubescheduler.config.v1.ScoringStrategy', {
      type: field(1, string(), { default: 'LeastAllocated' }),
      resources: field(2, list(ResourceSpec)),
      requestedToCapacityRatio: field(3, message('kubescheduler.config.v1.RequestedToCapacityRatioParam', { shape: field(1, Shape) }), {
        pointer: true,
      }),
    }),
    { pointer: true },
  ),
})
const SpreadArgs = args('PodTopologySpreadArgs', {
  defaultConstraints: field(1, list(TopologySpreadConstraint)),
  defaultingType: field(2, string(), { default: 'System' }),
})
const VolumeBindingArgs = args('VolumeBindingArgs', {
  bindTimeoutSeconds: field(1, int64(), { pointer: true }),
  shape: field(2, Shape),
})
const DynamicResourcesArgs = args('DynamicResourcesArgs', {
  filterTimeout: field(1, duration(), { pointer: true }),
  bindingTimeout: field(2, duration(), { pointer: true }),
})

const rules = <T extends AnyType>(type: T, problems: (args: Of<T>, path: string) => readonly Cause[]): ArgsRules<Of<T>> => ({
  type,
  problems,
})

/** By plug-in. One that is not here takes no arguments. */
// biome-ignore lint/suspicious/noExplicitAny: each entry checks what its own type decoded
export const argsRules: Readonly<Record<string, ArgsRules<any>>> = {
  DefaultPreemption: rules(
    DefaultPreemptionArgs,
    ({ minCandidateNodesPercentage: share = 10, minCandidateNodesAbsolute: least = 100 }, path) => [
      ...within(child(path, 'minCandidateNodesPercentage'), share, 0, 100),
      ...(least < 0 ? [invalid(child(path, 'minCandidateNodesAbsolute'), least, 'not in valid range [0, inf)')] : []),
      ...(share === 0 && least === 0
        ? [
            invalid(child(path, 'minCandidateNodesPercentage'), share, 'cannot be zero at the same time as minCandidateNodesAbsolute'),
            invalid(child(path, 'minCandidateNodesAbsolute'), least, 'cannot be zero at the same time as minCandidateNodesPercentage'),
          ]
        : []),
    ],
  ),
  InterPodAffinity: rules(InterPodAffinityArgs, ({ hardPodAffinityWeight: weight = 1 }, path) =>
    within(child(path, 'hardPodAffinityWeight'), weight, 0, 100),
  ),
  NodeAffinity: rules(NodeAffinityArgs, ({ addedAffinity }, path) => {
    const needed = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    const place = `${path}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution`
    return needed !== undefined && needed.nodeSelectorTerms.length === 0
      ? [required(`${place}.nodeSelectorTerms`, 'must have at least one node selector term')]
      : []
  }),
  NodeResourcesBalancedAllocation: rules(BalancedAllocationArgs, ({ resources = [] }, path) =>
    resources.flatMap(({ name, weight }, position) => {
      const place = index(child(path, 'resources'), position)
      return [
        ...(resources.findIndex((one) => one.name === name) < position ? [duplicate(child(place, 'name'), name)] : []),
        ...(weight !== 1 ? [invalid(child(place, 'weight'), weight, 'must be 1')] : []),
      ]
    }),
  ),
  NodeResourcesFit: rules(FitArgs, ({ ignoredResources = [], ignoredResourceGroups = [], scoringStrategy }, path) => [
    ...ignoredResources.flatMap((name, position) => labelName(index(child(path, 'ignoredResources'), position), name)),
    ...ignoredResourceGroups.flatMap((name, position) => {
      const place = index(child(path, 'ignoredResourceGroups'), position)
      return [...(name.includes('/') ? [invalid(place, name, "resource group name can't contain '/'")] : []), ...labelName(place, name)]
    }),
    ...(scoringStrategy === undefined ? [] : strategyProblems(scoringStrategy, child(path, 'scoringStrategy'))),
  ]),
  PodTopologySpread: rules(SpreadArgs, ({ defaultingType, defaultConstraints = [] }, path) => [
    ...(['List', 'System'].includes(defaultingType)
      ? []
      : [notSupported(child(path, 'defaultingType'), defaultingType, ['List', 'System'])]),
    ...(defaultingType === 'System' && defaultConstraints.length > 0
      ? [invalid(child(path, 'defaultingType'), defaultingType, 'when .defaultConstraints are not empty')]
      : []),
    ...defaultConstraints.flatMap((one, position) =>
      constraintProblems(one, defaultConstraints, position, child(path, 'defaultConstraints')),
    ),
  ]),
  VolumeBinding: rules(VolumeBindingArgs, ({ bindTimeoutSeconds = 600, shape }, path) => [
    ...(bindTimeoutSeconds < 0
      ? [invalid(child(path, 'bindTimeoutSeconds'), bindTimeoutSeconds, 'invalid BindTimeoutSeconds, should not be a negative value')]
      : []),
    ...(shape === undefined
      ? []
      : [invalid(child(path, 'shape'), shape, 'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring')]),
  ]),
  DynamicResources: rules(DynamicResourcesArgs, ({ filterTimeout, bindingTimeout }, path) => [
    ...(filterTimeout !== undefined && durationMs(filterTimeout) < 0
      ? [invalid(child(path, 'filterTimeout'), filterTimeout, 'must be zero or positive')]
      : []),
    ...(bindingTimeout !== undefined && durationMs(bindingTimeout) < 1000
      ? [invalid(child(path, 'bindingTimeout'), bindingTimeout, 'must be at least 1 second')]
      : []),
  ]),
}

const within = (path: string, value: number, least: number, most: number): Cause[] =>
  value < least || value > most ? [invalid(path, value, `not in valid range [${least}, ${most}]`)] : []

const labelName = (path: string, name: string): Cause[] => invalidEach(path, name, checkQualifiedName(name))

type Strategy = NonNullable<Of<typeof FitArgs>['scoringStrategy']>

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']

function strategyProblems({ type, resources = [], requestedToCapacityRatio: ratio }: Strategy, path: string): Cause[] {
  return [
    ...(strategies.includes(type) ? [] : [notSupported(child(path, 'type'), type, strategies)]),
    ...resources.flatMap(({ name, weight }, position) =>
      weight <= 0 || weight > 100
        ? [
            invalid(
              child(index(child(path, 'resources'), position), 'weight'),
              weight,
              `resource weight of ${name} not in valid range (0, 100]`,
            ),
          ]
        : [],
    ),
    ...(type === 'RequestedToCapacityRatio' && ratio === undefined
      ? [required(child(path, 'requestedToCapacityRatio'), 'must be specified when type is RequestedToCapacityRatio')]
      : []),
    ...(type !== 'RequestedToCapacityRatio' && ratio !== undefined
      ? [forbidden(child(path, 'requestedToCapacityRatio'), 'must be nil when type is not RequestedToCapacityRatio')]
      : []),
    ...(type === 'RequestedToCapacityRatio' && ratio !== undefined
      ? shapeProblems(ratio.shape ?? [], child(child(path, 'requestedToCapacityRatio'), 'shape'))
      : []),
  ]
}

function shapeProblems(shape: readonly { readonly utilization: number; readonly score: number }[], path: string): Cause[] {
  if (shape.length === 0) return [required(path, 'at least one point must be specified')]
  const unsorted = shape.findIndex(({ utilization }, position) => position > 0 && utilization <= shape[position - 1]!.utilization)
  return [
    ...(unsorted === -1
      ? []
      : [invalid(child(index(path, unsorted), 'utilization'), shape[unsorted]!.utilization, 'values must be sorted in increasing order')]),
    ...shape.flatMap(({ utilization, score }, position) => [
      ...within(child(index(path, position), 'utilization'), utilization, 0, 100),
      ...within(child(index(path, position), 'score'), score, 0, 10),
    ]),
  ]
}

type Constraint = Of<typeof TopologySpreadConstraint>

function constraintProblems(one: Constraint, all: readonly Constraint[], position: number, list: string): Cause[] {
  const path = index(list, position)
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = one
  const isRepeated = all.findIndex((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable) < position
  return [
    ...(maxSkew > 0 ? [] : [invalid(child(path, 'maxSkew'), maxSkew, 'not in valid range (0, inf)')]),
    ...(topologyKey === ''
      ? [required(child(path, 'topologyKey'), 'can not be empty')]
      : labelName(child(path, 'topologyKey'), topologyKey)),
    ...(['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)
      ? []
      : [notSupported(child(path, 'whenUnsatisfiable'), whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'])]),
    ...(labelSelector === undefined
      ? []
      : [forbidden(child(path, 'labelSelector'), 'constraint must not define a selector, as they deduced for each pod')]),
    ...(isRepeated ? [duplicate(path, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
  ]
}
