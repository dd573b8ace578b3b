import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/types.ts'
import { ConfigMap, Pod, Service } from '#api/core/v1/types.ts'
import type { ErrorCode } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { deepEqual } from '#schema/fields.ts'
import type { AnyType } from '#schema/schema.ts'
import { applyJsonPatch } from './json-patch.ts'
import { applyMergePatch, createMergePatch } from './merge-patch.ts'
import { applyStrategicPatch, obeyStrategicPatch } from './strategic.ts'
import { mergedOrder, patchedOrder } from './touched-order.ts'

test('merge patches of RFC 7386, appendix A', () => {
  const cases: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [document, patch, result] of cases) assert.deepEqual(applyMergePatch(deepFreeze(document), deepFreeze(patch)), result)
})

/** Without null, which a merge patch cannot write. */
const documents = fc
  .dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => JSON.parse(JSON.stringify(value, (_, each) => (each === null ? 0 : each))) as Record<string, unknown>)

test('a merge patch made from two documents leads from one to the other, and a second time changes nothing', () => {
  fc.assert(
    fc.property(documents, documents, (before, after) => {
      const patch = createMergePatch(before, after)
      const result = applyMergePatch(before, patch)
      assert.ok(deepEqual(result, after))
      assert.ok(deepEqual(applyMergePatch(result, patch), after))
      assert.deepEqual(createMergePatch(after, after), {})
    }),
  )
})

test('JSON patches', () => {
  const document = deepFreeze({ a: { b: [1, 2, 3] }, 'x/y': 1, 'm~n': 2 })
  const cases: readonly (readonly [unknown, unknown])[] = [
    [[{ op: 'add', path: '/a/c', value: null }], { ...document, a: { b: [1, 2, 3], c: null } }],
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { ...document, a: { b: [1, 9, 2, 3] } }],
    [[{ op: 'add', path: '/a/b/-', value: 9 }], { ...document, a: { b: [1, 2, 3, 9] } }],
    [[{ op: 'remove', path: '/a/b/0' }], { ...document, a: { b: [2, 3] } }],
    [[{ op: 'replace', path: '/x~1y', value: 5 }], { ...document, 'x/y': 5 }],
    [[{ op: 'replace', path: '/new', value: 5 }], { ...document, new: 5 }],
    [[{ op: 'move', from: '/m~0n', path: '/a/b/0' }], { a: { b: [2, 1, 2, 3] }, 'x/y': 1 }],
    [
      [
        { op: 'copy', from: '/a/b', path: '/c' },
        { op: 'add', path: '/c/-', value: 4 },
      ],
      { ...document, c: [1, 2, 3, 4] },
    ],
    [[{ op: 'test', path: '/a', value: { b: [1, 2, 3] } }], document],
    [[{ op: 'test', path: '/none', value: null }], document],
    [null, document],
  ]
  for (const [patch, result] of cases) assert.deepEqual(applyJsonPatch(document, patch), result, JSON.stringify(patch))
})

test('JSON patches that are refused leave the document alone', () => {
  const document = deepFreeze({ a: [1] })
  const cases: readonly (readonly [unknown, ErrorCode])[] = [
    [{}, 'BadRequest'],
    [[5], 'Invalid'],
    [[{}], 'Invalid'],
    [[{ op: 'add' }], 'Invalid'],
    [[{ op: 'bogus', path: '/a' }], 'Invalid'],
    [[{ op: 'add', path: 'a', value: 1 }], 'Invalid'],
    [[{ op: 'add', path: '', value: {} }], 'Invalid'],
    [[{ op: 'remove', path: '/none' }], 'Invalid'],
    [[{ op: 'remove', path: '/a/5' }], 'Invalid'],
    [[{ op: 'add', path: '/a/x', value: 1 }], 'Invalid'],
    [[{ op: 'add', path: '/none/x', value: 1 }], 'Invalid'],
    [[{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }], 'Invalid'],
    [[{ op: 'add', path: '/__proto__/polluted', value: 1 }], 'Invalid'],
    [[{ op: 'test', path: '/a', value: [2] }], 'Invalid'],
    [Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: [1] })), 'RequestEntityTooLarge'],
    [
      [
        { op: 'add', path: '/b', value: 'x'.repeat(1e6) },
        ...Array.from({ length: 9 }, (_, i) => ({ op: 'copy', from: '/b', path: `/c${i}` })),
      ],
      'Invalid',
    ],
  ]
  for (const [patch, code] of cases) assert.throws(() => applyJsonPatch(document, patch), { code }, JSON.stringify(patch).slice(0, 80))
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

const c = (name: string, rest: object = {}) => ({ name, image: `i-${name}`, ...rest })
const deployment = deepFreeze({
  metadata: { labels: { app: 'web', tier: 'front' }, finalizers: ['a.b/c', 'd.e/f'] },
  spec: {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: {
        containers: [
          c('one', {
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
          }),
          c('two'),
          c('three'),
        ],
        tolerations: [{ key: 'k' }],
      },
    },
  },
})
const containers = (...list: object[]) => ({ spec: { template: { spec: { containers: list } } } })
const order = (...names: string[]) => ({ '$setElementOrder/containers': names.map((name) => ({ name })) })

test('strategic merge patches', () => {
  const pod = deployment.spec.template.spec
  const [one, two, three] = pod.containers
  const withPod = (spec: object) => ({ ...deployment, spec: { ...deployment.spec, template: { spec: { ...pod, ...spec } } } })
  const withMeta = (meta: object) => ({ ...deployment, metadata: { ...deployment.metadata, ...meta } })
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['nothing', {}, deployment],
    ['null', null, deployment],
    ['maps merge', { metadata: { labels: { tier: null, new: 'x' } } }, withMeta({ labels: { app: 'web', new: 'x' } })],
    [
      'an item merges by its key',
      containers({ name: 'two', image: 'x' }),
      withPod({ containers: [one, { name: 'two', image: 'x' }, three] }),
    ],
    [
      'a new item goes first, as it does in the reference',
      containers({ name: 'new' }),
      withPod({ containers: [{ name: 'new' }, one, two, three] }),
    ],
    ['an item is deleted', containers({ name: 'one', $patch: 'delete' }), withPod({ containers: [two, three] })],
    ['a list is replaced', containers({ $patch: 'replace' }, { name: 'x' }), withPod({ containers: [{ name: 'x' }] })],
    [
      'lists in items merge',
      containers({
        name: 'one',
        env: [
          { name: 'B', $patch: 'delete' },
          { name: 'C', value: '3' },
        ],
      }),
      withPod({
        containers: [
          {
            ...one,
            env: [
              { name: 'C', value: '3' },
              { name: 'A', value: '1' },
            ],
          },
          two,
          three,
        ],
      }),
    ],
    [
      'an atomic list is replaced',
      { spec: { template: { spec: { tolerations: [{ key: 'x' }] } } } },
      withPod({ tolerations: [{ key: 'x' }] }),
    ],
    ['scalars are added once', { metadata: { finalizers: ['d.e/f', 'g.h/i'] } }, withMeta({ finalizers: ['a.b/c', 'd.e/f', 'g.h/i'] })],
    ['scalars are deleted', { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.b/c'] } }, withMeta({ finalizers: ['d.e/f'] })],
    [
      'scalars are ordered',
      { metadata: { '$setElementOrder/finalizers': ['d.e/f', 'a.b/c'] } },
      withMeta({ finalizers: ['d.e/f', 'a.b/c'] }),
    ],
    ['items are ordered', { spec: { template: { spec: order('three', 'one', 'two') } } }, withPod({ containers: [three, one, two] })],
    [
      'what the order does not name keeps its place',
      { spec: { template: { spec: { ...order('new', 'three'), containers: [{ name: 'new' }] } } } },
      withPod({ containers: [{ name: 'new' }, one, two, three] }),
    ],
    [
      'keys that are not retained go',
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      { ...deployment, spec: { ...deployment.spec, strategy: { type: 'Recreate' } } },
    ],
    ['a structure is replaced', { metadata: { $patch: 'replace', name: 'x' } }, { ...deployment, metadata: { name: 'x' } }],
    ['a structure is deleted', { metadata: { $patch: 'delete' } }, { ...deployment, metadata: {} }],
    ['nulls in what is new are dropped', { metadata: { annotations: { a: null, b: 'x' } } }, withMeta({ annotations: { b: 'x' } })],
  ]
  for (const [name, patch, result] of cases) assert.deepEqual(applyStrategicPatch(Deployment, deployment, deepFreeze(patch)), result, name)
})

test('strategic merge patches that are refused', () => {
  const cases: readonly (readonly [AnyType, unknown, unknown, string])[] = [
    [Service, { spec: { ports: [{ port: 80 }] } }, { spec: { ports: [{}] } }, 'map: map[] does not contain declared merge key: port'],
    [Deployment, deployment, { spec: { strategy: { $retainKeys: ['x'], type: 'y' } } }, 'invalid patch format of retainKeys'],
    [Deployment, deployment, { metadata: { $deleteFromPrimitiveList: ['x'] } }, 'invalid patch format of primitive list'],
    [
      Deployment,
      deployment,
      { metadata: { '$setElementOrder/finalizers': ['a.b/c', 'd.e/f'], finalizers: ['d.e/f', 'a.b/c'] } },
      "The order in patch list:\n[d.e/f a.b/c]\n doesn't match $setElementOrder list:\n[a.b/c d.e/f]\n",
    ],
    [Deployment, deployment, { spec: { strategy: { $patch: 'x' } } }, 'unknown patch type: x in map: map[$patch:x]'],
    [Pod, { spec: {} }, [], 'invalid JSON document'],
  ]
  for (const [type, document, patch, message] of cases) assert.throws(() => applyStrategicPatch(type, document, patch), { message })
})

test('no patch reaches a prototype', () => {
  const patch = JSON.parse('{"__proto__":{"polluted":1},"data":{"__proto__":"x"}}')
  for (const result of [applyMergePatch({ data: { a: '1' } }, patch), applyStrategicPatch(ConfigMap, { data: { a: '1' } }, patch)]) {
    assert.deepEqual(Object.keys((result as { data: object }).data), ['a', '__proto__'])
    assert.equal(Object.getPrototypeOf(result), Object.prototype)
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('what a strategic patch has obeyed is taken out of it, what a refusal then shows', () => {
  const pod = { spec: { containers: [{ name: 'a' }], volumes: [{ name: 'v', emptyDir: {} }] } }
  const patch = {
    spec: { '$setElementOrder/containers': [{ name: 'a' }], volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: null }] },
  }
  const before = structuredClone(patch)
  applyStrategicPatch(Pod, pod, patch)
  assert.deepEqual(patch, before)
  obeyStrategicPatch(Pod, pod, patch)
  assert.deepEqual(patch, { spec: { volumes: [{ name: 'v', emptyDir: null }] } })
})

test('strategic patches are refused in the words that clients know', () => {
  const pod = { spec: { containers: [{ name: 'a' }], hostAliases: [{ ip: '1' }] } }
  const cases: readonly (readonly [object, string])[] = [
    [{ spec: { containers: [{ $patch: 5, name: 'a' }] } }, 'unknown patch type: %!s(int64=5) in map: map[$patch:5 name:a]'],
    [{ spec: { '$setElementOrder/hostAliases': [null] } }, 'value for key 0 is not a map'],
    [
      { spec: { hostAliases: [null], '$setElementOrder/hostAliases': [{ ip: '1' }] } },
      'expected a map[string]interface {}, but received a %!s(<nil>)',
    ],
  ]
  for (const [patch, message] of cases) assert.throws(() => applyStrategicPatch(Pod, pod, patch), { message })
})

test('a refused result shows the objects that the patch reached into in order', () => {
  const result = { b: { d: 1, c: { z: 1, y: 2 } }, a: { z: 1, y: 2 } }
  const cases: readonly (readonly [unknown, string])[] = [
    [mergedOrder(result, { b: { d: 1 } }), '{"a":{"z":1,"y":2},"b":{"c":{"z":1,"y":2},"d":1}}'],
    [patchedOrder(result, [{ op: 'add', path: '/b/c/y' }]), '{"a":{"z":1,"y":2},"b":{"c":{"y":2,"z":1},"d":1}}'],
    [patchedOrder(result, []), '{"a":{"z":1,"y":2},"b":{"d":1,"c":{"z":1,"y":2}}}'],
  ]
  for (const [shown, expected] of cases) assert.equal(JSON.stringify(shown), expected)
})

test('a test for what the reference writes otherwise fails', () => {
  const document = { a: 'x < y', b: 'plain' }
  const patch = (value: string) => [{ op: 'test', path: '/a', value }]
  const literal = patch('x < y')
  assert.throws(() => applyJsonPatch(document, literal, JSON.stringify(literal)), { code: 'Invalid' })
  assert.deepEqual(applyJsonPatch(document, literal, JSON.stringify(literal).replace('<', '\\u003c')), document)
  const own = [
    { op: 'add', path: '/c', value: '<' },
    { op: 'test', path: '/c', value: '<' },
  ]
  assert.deepEqual(applyJsonPatch(document, own, JSON.stringify(own)), { ...document, c: '<' })
})
