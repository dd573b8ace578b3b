import assert from 'node:assert/strict'
import { test } from 'node:test'
import { componentName, openapiComponents } from './openapi.ts'
import { field, int32, intOrString, list, map, message, oneOf, quantity, recursive, string, type Type, time } from './schema.ts'

const Port = message('k8s.io.api.test.v1.Port', {
  number: field(1, int32(), { required: true }),
  protocol: field(2, oneOf('UDP', 'TCP'), { default: 'TCP', published: true }),
  policy: field(4, string(), { default: 'made by code', listed: true }),
  target: field(3, intOrString(), { pointer: true, about: 'Where to.' }),
})
interface Node {
  readonly next?: Node
}
const Node: Type<Node> = recursive<Node>('k8s.io.api.test.v1.Node', () => ({ next: field(1, Node, { pointer: true }) }))
const Thing = message('k8s.io.api.test.v1.Thing', {
  kind: field(0, string()),
  ports: field(1, list(Port, { apply: { type: 'map', keys: ['number'] }, patch: { strategy: 'merge', key: 'number' } })),
  limits: field(2, map(quantity())),
  since: field(3, time(), { pointer: true }),
  node: field(4, Node),
})

test('components of a kind and of all that it holds', () => {
  const $ref = (name: string) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] })
  const components = openapiComponents([{ ...Thing, group: 'test.k8s.io', version: 'v1', kind: 'Thing' }])
  assert.deepEqual(Object.keys(components), [
    'io.k8s.api.test.v1.Node',
    'io.k8s.api.test.v1.Port',
    'io.k8s.api.test.v1.Thing',
    'io.k8s.api.test.v1.ThingList',
    'io.k8s.apimachinery.pkg.api.resource.Quantity',
    'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  ])
  assert.deepEqual(components['io.k8s.api.test.v1.Port'], {
    type: 'object',
    required: ['number', 'policy'],
    properties: {
      number: { type: 'integer', format: 'int32', default: 0 },
      policy: { type: 'string' },
      protocol: { type: 'string', enum: ['TCP', 'UDP'], default: 'TCP' },
      target: { description: 'Where to.', ...$ref('io.k8s.apimachinery.pkg.util.intstr.IntOrString') },
    },
  })
  assert.deepEqual(components['io.k8s.api.test.v1.Thing'], {
    type: 'object',
    properties: {
      kind: { type: 'string' },
      limits: { type: 'object', additionalProperties: $ref('io.k8s.apimachinery.pkg.api.resource.Quantity').allOf[0] },
      node: { ...$ref('io.k8s.api.test.v1.Node'), default: {} },
      ports: {
        type: 'array',
        items: { ...$ref('io.k8s.api.test.v1.Port'), default: {} },
        'x-kubernetes-list-map-keys': ['number'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'number',
        'x-kubernetes-patch-strategy': 'merge',
      },
      since: $ref('io.k8s.apimachinery.pkg.apis.meta.v1.Time').allOf[0],
    },
    'x-kubernetes-group-version-kind': [{ group: 'test.k8s.io', kind: 'Thing', version: 'v1' }],
  })
})

test('what a structure and a field say of themselves', () => {
  const Shelf = message(
    'k8s.io.api.test.v1.Shelf',
    { port: field(1, Port, { about: 'Where it stands.' }) },
    { about: 'A place for things.' },
  )
  interface Chain {
    readonly next?: Chain
  }
  const Chain: Type<Chain> = recursive<Chain>('k8s.io.api.test.v1.Chain', () => ({ next: field(1, Chain) }), {
    about: 'One after the other.',
  })
  for (const format of ['v2', 'v3'] as const) {
    const components = openapiComponents([Shelf, Chain], format)
    assert.equal(components['io.k8s.api.test.v1.Shelf']?.['description'], 'A place for things.')
    assert.equal(components['io.k8s.api.test.v1.Chain']?.['description'], 'One after the other.')
    assert.deepEqual(components['io.k8s.api.test.v1.Shelf']?.['properties'], {
      port: { description: 'Where it stands.', allOf: [{ $ref: '#/components/schemas/io.k8s.api.test.v1.Port' }], default: {} },
    })
    assert.ok(!('description' in components['io.k8s.api.test.v1.Port']!), 'who says nothing has no description')
  }
})

test('names of components', () => {
  assert.equal(componentName('k8s.io.api.core.v1.Pod'), 'io.k8s.api.core.v1.Pod')
})
