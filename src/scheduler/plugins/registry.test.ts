import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { defaultProfile } from './default-profile.ts'
import { registry } from './registry.ts'

// kube-scheduler v1.36 apis/config/v1/default_plugins.go, with the gates that are on by default; sorting and binding are the scheduler's own.
test('filters come in the order of the original: the first refusal is the one that is told', () => {
  assert.deepEqual(
    registry.map(({ name, weight }) => (weight === undefined ? name : `${name} ${weight}`)),
    [
      'SchedulingGates',
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration 3',
      'NodeAffinity 2',
      'NodePorts',
      'NodeResourcesFit 1',
      'VolumeRestrictions',
      'NodeVolumeLimits',
      'VolumeBinding',
      'VolumeZone',
      'PodTopologySpread 2',
      'InterPodAffinity 2',
      'DynamicResources 2',
      'DefaultPreemption',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 1',
      'NodeDeclaredFeatures',
    ],
  )
})

test('each is made under its own name', () => {
  for (const { name, create } of registry) assert.equal(create({}, { random: seededRandom(1) }).name, name)
  assert.equal(defaultProfile({ random: seededRandom(1) }).schedulerName, 'default-scheduler')
})
