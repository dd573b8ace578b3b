import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { defaultProfile } from '../plugins/default-profile.ts'
import { profilesOf } from './profiles.ts'
import { defaultSettings, readSchedulerConfiguration } from './read-scheduler-configuration.ts'

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n'
const means = { random: seededRandom(1) }
const scoresIn = (text: string) =>
  profilesOf(readSchedulerConfiguration(head + text), means)[0]!.score.map(({ plugin, weight }) => `${plugin.name} ${weight}`)
const filtersIn = (text: string) => profilesOf(readSchedulerConfiguration(head + text), means)[0]!.filter.map(({ name }) => name)
const standard = defaultProfile(means)

test('a configuration that says nothing is the default', () => {
  const { profiles: _ours, ...settings } = readSchedulerConfiguration(head)
  const { profiles: _theirs, ...expected } = defaultSettings
  assert.deepEqual(settings, expected)
  assert.deepEqual(
    scoresIn(''),
    standard.score.map(({ plugin, weight }) => `${plugin.name} ${weight}`),
  )
  assert.deepEqual(
    filtersIn(''),
    standard.filter.map(({ name }) => name),
  )
})

test('what is taken off everywhere is nowhere', () => {
  const text = 'profiles: [{plugins: {multiPoint: {disabled: [{name: TaintToleration}]}}}]'
  assert.ok(![...filtersIn(text), ...scoresIn(text)].some((name) => name.startsWith('TaintToleration')))
})

test('what is taken off at one point stays at the others', () => {
  const text = 'profiles: [{plugins: {score: {disabled: [{name: TaintToleration}]}}}]'
  assert.ok(filtersIn(text).includes('TaintToleration'))
  assert.ok(!scoresIn(text).some((name) => name.startsWith('TaintToleration')))
})

test('only what is named scores, with its weight', () => {
  const text =
    'profiles: [{plugins: {score: {disabled: [{name: "*"}], enabled: [{name: ImageLocality, weight: 7}, {name: NodeAffinity}]}}}]'
  assert.deepEqual(scoresIn(text), ['ImageLocality 7', 'NodeAffinity 1'])
})

test('a plug-in named again at a point comes first there, and keeps its weight unless it is given one', () => {
  const text = 'profiles: [{plugins: {score: {enabled: [{name: ImageLocality}, {name: NodeAffinity, weight: 5}]}}}]'
  assert.deepEqual(scoresIn(text).slice(0, 2), ['ImageLocality 1', 'NodeAffinity 5'])
  assert.equal(new Set(scoresIn(text)).size, standard.score.length)
})

test('several profiles, each with its name, its arguments and its share of nodes', () => {
  const { profiles, times, percentageOfNodesToScore } = readSchedulerConfiguration(`${head}
percentageOfNodesToScore: 40
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 20
profiles:
- schedulerName: default-scheduler
- schedulerName: packed
  percentageOfNodesToScore: 100
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu}]}}
`)
  assert.deepEqual(profiles[1]!.args['NodeResourcesFit'], {
    scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] },
  })
  assert.deepEqual([times.initialBackoffMs, times.maxBackoffMs], [2_000, 20_000])
  const composed = profilesOf({ ...defaultSettings, profiles, percentageOfNodesToScore }, means)
  assert.deepEqual(
    composed.map(({ schedulerName, percentageOfNodesToScore: share }) => [schedulerName, share]),
    [
      ['default-scheduler', 40],
      ['packed', 100],
    ],
  )
})

// The reference's words (kube-scheduler apis/config/validation).
refused('parallelism: 0', 'parallelism: Invalid value: 0: should be an integer value greater than zero')
refused('podInitialBackoffSeconds: 0', 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0')
refused('podMaxBackoffSeconds: 0', 'podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds')
refused('percentageOfNodesToScore: 101', 'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]')
refused('profiles: [{schedulerName: a}, {}]', 'profiles[1].schedulerName: Required value')
refused('profiles: [{schedulerName: a}, {schedulerName: a}]', 'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"')
refused(
  'extenders: [{urlPrefix: "http://a", prioritizeVerb: b}]',
  'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
)
refused(
  'extenders: [{urlPrefix: "http://a", bindVerb: b}, {urlPrefix: "http://a", bindVerb: b}]',
  'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
)
refused(
  'extenders: [{urlPrefix: "http://a", managedResources: [{name: cpu}]}]',
  'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name',
)
refused(
  'profiles: [{plugins: {filter: {enabled: [{name: Nothing}]}}}]',
  /^profiles\[0\].plugins.filter.enabled\[0\]: Invalid value: "Nothing": there is no such plug-in/,
)
refused('profiles: [{plugins: {queueSort: {disabled: [{name: "*"}]}}}]', /PrioritySort is the only one there is/)
refused('profile: []', /unknown field "profile"/)
withArgs('InterPodAffinity', '{hardPodAffinityWeight: 101}', '.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]')
withArgs(
  'NodeResourcesFit',
  '{ignoredResourceGroups: [a/b]}',
  ".ignoredResourceGroups[0]: Invalid value: \"a/b\": resource group name can't contain '/'",
)
withArgs(
  'NodeResourcesFit',
  '{scoringStrategy: {type: RequestedToCapacityRatio}}',
  '.scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio',
)
withArgs('NodeResourcesBalancedAllocation', '{resources: [{name: cpu, weight: 2}]}', '.resources[0].weight: Invalid value: 2: must be 1')
withArgs(
  'PodTopologySpread',
  '{defaultingType: System, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]}',
  '.defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
)
withArgs(
  'VolumeBinding',
  '{bindTimeoutSeconds: -1}',
  '.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value',
)
withArgs(
  'DefaultPreemption',
  '{minCandidateNodesPercentage: 200}',
  '.minCandidateNodesPercentage: Invalid value: 200: not in valid range [0, 100]',
)
refused(
  'profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeout: 1}}]}]',
  /decoding args for plugin VolumeBinding: unknown field "bindTimeout"/,
)

function withArgs(plugin: string, args: string, expected: string): void {
  refused(`profiles: [{pluginConfig: [{name: ${plugin}, args: ${args}}]}]`, `profiles[0].pluginConfig[0].args${expected}`)
}

function refused(text: string, expected: string | RegExp): void {
  test(`refused: ${text}`, () => {
    assert.throws(
      () => readSchedulerConfiguration(head + text),
      typeof expected === 'string' ? { code: 'Invalid', message: expected } : { code: 'Invalid', message: expected },
    )
  })
}
