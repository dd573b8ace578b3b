import { seededRandom } from '#lib/random.ts'
import { type Profile, profileOf } from '../framework/profile.ts'
import { registry } from '../plugins/registry.ts'

/**
 * Profiles that recorded cases name, in the form of KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1). Plug-ins are those of the
 * default profile, with other arguments and, for scores, other weights.
 */
export const profileSettings: readonly ProfileSettings[] = [
  { schedulerName: 'default-scheduler', args: {}, weights: {} },
  {
    schedulerName: 'most',
    args: {
      NodeResourcesFit: {
        scoringStrategy: {
          type: 'MostAllocated',
          resources: [
            { name: 'cpu', weight: 1 },
            { name: 'memory', weight: 2 },
            { name: 'example.com/gpu', weight: 3 },
          ],
        },
        ignoredResources: ['example.com/foo'],
        ignoredResourceGroups: ['ignored.example.com'],
      },
      NodeResourcesBalancedAllocation: {
        resources: [
          { name: 'cpu', weight: 1 },
          { name: 'memory', weight: 1 },
          { name: 'example.com/gpu', weight: 1 },
        ],
      },
    },
    weights: { NodeResourcesFit: 5 },
  },
  {
    schedulerName: 'ratio',
    args: {
      NodeResourcesFit: {
        scoringStrategy: {
          type: 'RequestedToCapacityRatio',
          resources: [
            { name: 'cpu', weight: 3 },
            { name: 'memory', weight: 1 },
            { name: 'example.com/gpu', weight: 2 },
          ],
          requestedToCapacityRatio: {
            shape: [
              { utilization: 0, score: 2 },
              { utilization: 30, score: 9 },
              { utilization: 80, score: 1 },
              { utilization: 100, score: 7 },
            ],
          },
        },
      },
      InterPodAffinity: { hardPodAffinityWeight: 40, ignorePreferredTermsOfExistingPods: true },
    },
    weights: { InterPodAffinity: 3, TaintToleration: 7 },
  },
  {
    schedulerName: 'own',
    args: {
      NodeAffinity: {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
          ],
        },
      },
      PodTopologySpread: {
        defaultingType: 'List',
        defaultConstraints: [
          { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
          { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
    },
    weights: {},
  },
]

interface ProfileSettings {
  readonly schedulerName: string
  readonly args: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly weights: Readonly<Record<string, number>>
}

/** Ours, by the name of the scheduler. */
export const ourProfiles = (seed: number): ReadonlyMap<string, Profile> =>
  new Map(
    profileSettings.map(({ schedulerName, args, weights }) => {
      const means = { random: seededRandom(seed) }
      const plugins = registry.map(({ name, create, weight = 1 }) => ({
        plugin: create(args[name] ?? {}, means),
        weight: weights[name] ?? weight,
      }))
      return [schedulerName, profileOf(schedulerName, plugins)]
    }),
  )

/** `profiles` of the original's configuration file. */
export const referenceProfiles = profileSettings.map(({ schedulerName, args, weights }) => ({
  schedulerName,
  pluginConfig: Object.entries(args).map(([name, given]) => ({ name, args: given })),
  plugins: { multiPoint: { enabled: Object.entries(weights).map(([name, weight]) => ({ name, weight })) } },
}))
