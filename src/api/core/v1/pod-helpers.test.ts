import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesNodeSelector, matchesRequiredAffinity } from './node-affinity.ts'
import { pullPolicyOf } from './pod-defaults.ts'
import { podAvailableAt, qosClassOf } from './pod-helpers.ts'
import { podRequests, resourceListOf } from './resources.ts'
import { toleratedSeconds, tolerates } from './taints.ts'
import type { Container, PodSpec, Taint, Toleration } from './types.ts'

const container = (requests?: Record<string, string>, limits?: Record<string, string>, more: object = {}): Container =>
  ({ name: 'c', resources: { ...(requests && { requests }), ...(limits && { limits }) }, ...more }) as Container
const spec = (parts: object): PodSpec => ({ containers: [], ...parts }) as unknown as PodSpec

const sums: readonly (readonly [title: string, spec: PodSpec, wanted: Record<string, string>])[] = [
  [
    'containers add up',
    spec({ containers: [container({ cpu: '100m' }), container({ cpu: '1', memory: '1Gi' })] }),
    { cpu: '1100m', memory: '1Gi' },
  ],
  [
    'an init container may be the most',
    spec({ initContainers: [container({ cpu: '3' })], containers: [container({ cpu: '1' })] }),
    { cpu: '3' },
  ],
  [
    'a sidecar runs beside what follows it',
    spec({
      initContainers: [container({ cpu: '1' }, undefined, { restartPolicy: 'Always' }), container({ cpu: '3' })],
      containers: [container({ cpu: '2' })],
    }),
    { cpu: '4' },
  ],
  ['overhead comes on top', spec({ containers: [container({ cpu: '1' })], overhead: { cpu: '250m' } }), { cpu: '1250m' }],
  [
    'the pod as a whole says less',
    spec({ containers: [container({ cpu: '1', 'a.b/c': '2' })], resources: { requests: { cpu: '500m' } } }),
    { cpu: '500m', 'a.b/c': '2' },
  ],
]
for (const [title, given, wanted] of sums) test(`requests: ${title}`, () => assert.deepEqual(resourceListOf(podRequests(given)), wanted))

const classes: readonly (readonly [PodSpec, string])[] = [
  [spec({ containers: [container()] }), 'BestEffort'],
  [spec({ containers: [container({ cpu: '1' })] }), 'Burstable'],
  [spec({ containers: [container({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' })] }), 'Guaranteed'],
  [spec({ containers: [container({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }), container()] }), 'Burstable'],
  [spec({ containers: [container({ 'a.b/c': '1' })] }), 'BestEffort'],
  [spec({ containers: [container({ cpu: '1' })], resources: {} }), 'BestEffort'],
]
for (const [given, wanted] of classes) test(`quality of service: ${wanted}`, () => assert.equal(qosClassOf(given), wanted))

test('a pod is available once it was ready long enough', () => {
  const at = (status: string) => ({
    status: { conditions: [{ type: 'Ready', status, lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  })
  assert.equal(podAvailableAt(at('False'), 0), undefined)
  assert.equal(podAvailableAt(at('True'), 0), 0)
  assert.equal(podAvailableAt(at('True'), 10), Date.parse('2026-01-01T00:00:10Z'))
})

test('tolerations', () => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoExecute' }
  const check = (toleration: Toleration, wanted: boolean) => assert.equal(tolerates(toleration, taint), wanted)
  check({ operator: 'Exists' }, true)
  check({ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, false)
  check({ key: 'k', value: 'v' }, true)
  check({ key: 'k' }, false)
  check({ key: 'k', operator: 'Lt', value: '9' }, false)
  assert.equal(toleratedSeconds([taint], []), 0)
  assert.equal(toleratedSeconds([taint], [{ operator: 'Exists' }]), undefined)
  assert.equal(toleratedSeconds([taint], [{ operator: 'Exists', tolerationSeconds: 30 }]), 30)
})

test('node affinity', () => {
  const node = { metadata: { name: 'n1', labels: { zone: 'a', cores: '8' } } }
  const expression = (key: string, operator: 'In' | 'NotIn' | 'Gt', values: string[]) => ({
    nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
  })
  assert.equal(matchesNodeSelector(expression('zone', 'In', ['a', 'b']), node), true)
  assert.equal(matchesNodeSelector(expression('gone', 'NotIn', ['a']), node), true)
  assert.equal(matchesNodeSelector(expression('cores', 'Gt', ['8']), node), false)
  assert.equal(matchesNodeSelector({ nodeSelectorTerms: [{}] }, node), false)
  assert.equal(
    matchesNodeSelector({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }] }, node),
    true,
  )
  assert.equal(matchesRequiredAffinity({ nodeSelector: { zone: 'b' } }, node), false)
  assert.equal(matchesRequiredAffinity({}, node), true)
})

test('images without a tag are pulled again', () => {
  const policies = {
    nginx: 'Always',
    'nginx:latest': 'Always',
    'nginx:1': 'IfNotPresent',
    'host:5000/nginx': 'Always',
    'nginx@sha256:0': 'IfNotPresent',
  }
  for (const [image, wanted] of Object.entries(policies)) assert.equal(pullPolicyOf(image), wanted, image)
})
