import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HorizontalPodAutoscaler as V2 } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { created } from '#api/testing/check-kind.ts'
import { fromV2, toV2 } from './convert-autoscaler.ts'
import { HorizontalPodAutoscaler as V1 } from './horizontal-pod-autoscaler.ts'

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
  { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } } },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 's', apiVersion: 'v1' },
      metric: { name: 'm' },
      target: { type: 'Value', value: '5' },
    },
  },
  { type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '3' } } },
]

test('what v1 has no field for goes through its annotations and back', () => {
  const body = { spec: { scaleTargetRef, maxReplicas: 3, metrics, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } } }
  const { object, causes } = created(V2, body)
  assert.deepEqual(causes, [])
  const older = fromV2(object)
  assert.equal(older.spec.targetCPUUtilizationPercentage, 60)
  const back = toV2(older)
  assert.deepEqual(back.spec.behavior, object.spec.behavior)
  // The processor's use is a field of its own there, so it comes last.
  assert.deepEqual(back.spec.metrics, [...object.spec.metrics.slice(1), object.spec.metrics[0]])
  assert.equal(back.metadata.annotations, undefined)
})

test('v1 is checked as what it means', () => {
  const check = (spec: object, expected: readonly string[]) => assert.deepEqual(created(V1, { spec }).causes, expected)
  check({ scaleTargetRef, maxReplicas: 3 }, [])
  check({ scaleTargetRef, maxReplicas: 0 }, [
    'spec.maxReplicas: Required value: must be set and greater than 0',
    'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
  ])
  check({ scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 }, [
    'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
  ])
  check({ scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 0 }, [
    'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
  ])
})

test('annotations that cannot be read say nothing', () => {
  const metadata = { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '{', note: 'kept' } }
  const { object } = created(V1, { metadata, spec: { scaleTargetRef, maxReplicas: 3 } })
  assert.deepEqual(object.metadata.annotations, { note: 'kept' })
  assert.equal(object.spec.targetCPUUtilizationPercentage, 80)
})

test('policies that are given empty are not filled in', () => {
  const spec = { scaleTargetRef, maxReplicas: 3, behavior: { scaleUp: { policies: [] } } }
  assert.deepEqual(created(V2, { spec }).causes, ['spec.behavior.scaleUp.policies: Required value: must specify at least one Policy'])
})
