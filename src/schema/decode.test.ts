import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/types.ts'
import { CustomResourceDefinition, JSONSchemaProps } from '#api/apiextensions/v1/types.ts'
import { Deployment, StatefulSet } from '#api/apps/v1/types.ts'
import { ConfigMap, Event, PersistentVolume, Pod, Secret } from '#api/core/v1/types.ts'
import { decode } from './decode.ts'
import type { AnyType } from './schema.ts'

const pod = (spec: object) => ({ spec: { containers: [{ name: 'c', ...spec }] } })

test('what does not fit is told in the words of the reference', () => {
  const cases: readonly (readonly [AnyType, unknown, string])[] = [
    [Pod, [], 'json: cannot unmarshal array into Go value of type v1.Pod'],
    [Pod, { metadata: 'x' }, 'json: cannot unmarshal string into Go struct field Pod.metadata of type v1.ObjectMeta'],
    [Pod, pod({ name: 5 }), 'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string'],
    [
      Pod,
      pod({ imagePullPolicy: 5 }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy',
    ],
    [
      Pod,
      pod({ resources: { limits: 'x' } }),
      'json: cannot unmarshal string into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
    ],
    [
      Pod,
      pod({ resources: { limits: { cpu: 'x' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      Deployment,
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      Deployment,
      { spec: { replicas: 1e20 } },
      'json: cannot unmarshal number 100000000000000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      PersistentVolume,
      { spec: { csi: 'x' } },
      'json: cannot unmarshal string into Go struct field PersistentVolumeSpec.spec.PersistentVolumeSource.csi of type v1.CSIPersistentVolumeSource',
    ],
    [
      PersistentVolume,
      { spec: { accessModes: [5] } },
      'json: cannot unmarshal number into Go struct field PersistentVolumeSpec.spec.accessModes of type v1.PersistentVolumeAccessMode',
    ],
    [ConfigMap, { data: { a: 5 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    [Secret, { data: { a: 'x' } }, 'illegal base64 data at input byte 0'],
    [Secret, { data: { a: 'abcdab=' } }, 'illegal base64 data at input byte 7'],
    [Secret, { data: { a: [1, 300] } }, 'json: cannot unmarshal number 300 into Go struct field Secret.data of type uint8'],
    [
      Event,
      { firstTimestamp: 'a\n"é' },
      'parsing time "a\\x0a\\"\\xc3\\xa9" as "2006-01-02T15:04:05Z07:00": cannot parse "a\\x0a\\"\\xc3\\xa9" as "2006"',
    ],
    [
      ValidatingAdmissionPolicy,
      { spec: { matchConstraints: { resourceRules: [{ scope: {} }] } } },
      'json: cannot unmarshal object into Go struct field NamedRuleWithOperations.spec.matchConstraints.resourceRules.RuleWithOperations.Rule.scope of type v1.ScopeType',
    ],
    [Event, { eventTime: 'x' }, 'parsing time "x" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "x" as "2006"'],
    [Event, { firstTimestamp: '2024-02-30T00:00:00Z' }, 'parsing time "2024-02-30T00:00:00Z": day out of range'],
    // The first in the document counts, whatever the order of the type.
    [Pod, { spec: 'x', metadata: 'y' }, 'json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec'],
  ]
  for (const [type, value, message] of cases) assert.deepEqual(decode(type, value), { value: undefined, unknown: [], errors: [message] })
})

test('unknown fields are dropped, and named in the order of the document', () => {
  const given = { bogus: 1, metadata: { nope: 1, name: 'x' }, spec: { Containers: [], containers: [{ name: 'c', ports: [{ portt: 1 }] }] } }
  const { value, unknown, errors } = decode(Pod, given)
  assert.deepEqual(errors, [])
  assert.deepEqual(unknown, [
    'unknown field "bogus"',
    'unknown field "metadata.nope"',
    'unknown field "spec.Containers"',
    'unknown field "spec.containers[0].ports[0].portt"',
  ])
  assert.deepEqual((value as { metadata: object }).metadata, { name: 'x' })
  assert.deepEqual(decode(Pod, given, { strict: false }).unknown, [])
})

test('at most a hundred unknown fields are named', () => {
  const given = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x${i}`, 1]))
  assert.equal(decode(Pod, given).unknown.length, 100)
})

test('values come out in their one form', () => {
  const { value } = decode(Pod, {
    kind: 'Pod',
    metadata: { labels: {}, annotations: null, creationTimestamp: '2024-01-02T03:04:05.999+01:00', deletionGracePeriodSeconds: 0 },
    spec: { containers: [null, { name: 'c', image: '', resources: { limits: { cpu: 1000, memory: '1024Ki' } } }], hostNetwork: false },
  })
  const zero = { name: '', resources: {} }
  // What was given empty is noted aside, for messages.
  assert.deepEqual(structuredClone(value), {
    kind: 'Pod',
    metadata: { creationTimestamp: '2024-01-02T02:04:05Z', deletionGracePeriodSeconds: 0 },
    spec: { containers: [zero, { name: 'c', resources: { limits: { cpu: '1k', memory: '1Mi' } } }] },
    status: {},
  })
})

test('what the type promises is there, pointers apart', () => {
  const { value } = decode(StatefulSet, { spec: {} })
  const { spec } = value as { spec: Record<string, unknown> }
  assert.equal(spec['selector'], undefined)
  assert.equal(spec['serviceName'] ?? '', '')
  assert.deepEqual((spec['template'] as { metadata: object }).metadata, {})
})

test('__proto__ is an unknown field or an ordinary key, never a prototype', () => {
  const given = JSON.parse('{"__proto__": {"spec": {}}, "metadata": {"labels": {"__proto__": "x", "constructor": "y"}}}')
  const { value, unknown } = decode(Pod, given)
  const { labels } = (value as { metadata: { labels: Record<string, string> } }).metadata
  assert.deepEqual(unknown, ['unknown field "__proto__"'])
  assert.deepEqual(Object.keys(labels), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(labels), Object.prototype)
  assert.equal(({} as Record<string, unknown>)['spec'], undefined)
})

test('a key may be empty, and what stands in a schema of a list is not asked for unknown fields', () => {
  assert.deepEqual(decode(ConfigMap, { metadata: { '': 1 } }).unknown, ['unknown field "metadata."'])
  const schema = { type: 'array', bogus: 1, items: { type: 'string', nope: 1 } }
  const definition = { spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] } }
  assert.deepEqual(decode(CustomResourceDefinition, definition).unknown, ['unknown field "spec.versions[0].schema.openAPIV3Schema.bogus"'])
})

test('what is of none of the forms that a field may have is as good as absent', () => {
  for (const items of ['10%', 5, true, []])
    assert.deepEqual(decode(JSONSchemaProps, { type: 'array', items }), { value: { type: 'array' }, unknown: [], errors: [] })
  assert.deepEqual(decode(JSONSchemaProps, { items: {} }).value, { items: {} })
})

test('bytes are read from numbers, and lose the bits that belong to none', () => {
  const bytesOf = (a: unknown) => (decode(Secret, { data: { a } }).value as Secret).data
  assert.deepEqual(bytesOf([1, null, 255]), { a: 'AQD/' })
  assert.deepEqual(bytesOf('LS0tLUJDTG=='), { a: 'LS0tLUJDTA==' })
})
