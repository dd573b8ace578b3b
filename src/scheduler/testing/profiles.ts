import { seededRandom } from '#lib/random.ts'
import { profilesOf } from '../config/profiles.ts'
import { readSchedulerConfiguration } from '../config/read-scheduler-configuration.ts'
import type { Profile } from '../framework/profile.ts'

/** What recorded cases were decided by, at the original and at ours: the profiles that their pods name. */
export const configuration = {
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
  percentageOfNodesToScore: 100,
  profiles: [
    { schedulerName: 'default-scheduler' },
    {
      schedulerName: 'most',
      plugins: { multiPoint: { enabled: [{ name: 'NodeResourcesFit', weight: 5 }] } },
      pluginConfig: [
        {
          name: 'NodeResourcesFit',
          args: {
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
        },
        {
          name: 'NodeResourcesBalancedAllocation',
          args: {
            resources: [
              { name: 'cpu', weight: 1 },
              { name: 'memory', weight: 1 },
              { name: 'example.com/gpu', weight: 1 },
            ],
          },
        },
      ],
    },
    {
      schedulerName: 'ratio',
      plugins: {
        multiPoint: {
          enabled: [
            { name: 'InterPodAffinity', weight: 3 },
            { name: 'TaintToleration', weight: 7 },
          ],
          disabled: [{ name: 'ImageLocality' }],
        },
      },
      pluginConfig: [
        {
          name: 'NodeResourcesFit',
          args: {
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
        },
        { name: 'InterPodAffinity', args: { hardPodAffinityWeight: 40, ignorePreferredTermsOfExistingPods: true } },
      ],
    },
    {
      schedulerName: 'own',
      plugins: {
        filter: { disabled: [{ name: 'TaintToleration' }] },
        score: {
          enabled: [{ name: 'NodeAffinity', weight: 4 }],
          disabled: [{ name: 'NodeAffinity' }, { name: 'NodeResourcesBalancedAllocation' }],
        },
      },
      pluginConfig: [
        {
          name: 'NodeAffinity',
          args: {
            addedAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }],
              },
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
              ],
            },
          },
        },
        {
          name: 'PodTopologySpread',
          args: {
            defaultingType: 'List',
            defaultConstraints: [
              { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
              { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
            ],
          },
        },
      ],
    },
  ],
}

/** Ours, by the name of the scheduler. */
export const ourProfiles = (seed: number): ReadonlyMap<string, Profile> =>
  new Map(
    profilesOf(readSchedulerConfiguration(JSON.stringify(configuration)), { random: seededRandom(seed) }).map((profile) => [
      profile.schedulerName,
      profile,
    ]),
  )
