import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/types.ts'
import { Pod, Service } from '#api/core/v1/types.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { withDefaults } from './defaults.ts'
import { bool, field, int32, list, map, message, recursive, string, type Type } from './schema.ts'
import { valuesOf } from './values-of.ts'

const Port = message('test.v1.Port', {
  number: field(1, int32(), { required: true }),
  protocol: field(2, string(), { default: 'TCP' }),
  weight: field(3, int32(), { default: 1, pointer: true }),
})
const Spec = message('test.v1.Spec', {
  ports: field(1, list(Port)),
  byName: field(2, map(Port)),
  enabled: field(3, bool(), { default: true, pointer: true }),
})
interface Tree {
  readonly name?: string
  readonly children?: readonly Tree[]
}
const Tree: Type<Tree> = recursive<Tree>('test.v1.Tree', () => ({
  name: field(1, string(), { default: 'leaf' }),
  children: field(2, list(Tree)),
}))

test('defaults are filled in at every depth', () => {
  const given = deepFreeze({
    ports: [{ number: 80 }, { number: 53, protocol: 'UDP', weight: 0 }],
    byName: { a: { number: 1, protocol: '' } },
  })
  assert.deepEqual(withDefaults(Spec, given), {
    ports: [
      { number: 80, protocol: 'TCP', weight: 1 },
      { number: 53, protocol: 'UDP', weight: 0 },
    ],
    byName: { a: { number: 1, protocol: 'TCP', weight: 1 } },
    enabled: true,
  })
})

test('an object that lacks nothing is returned as it is', () => {
  const full = deepFreeze(withDefaults(Spec, { ports: [{ number: 80 }], enabled: false }))
  assert.equal(withDefaults(Spec, full), full)
})

test('a type may hold itself', () => {
  assert.deepEqual(withDefaults(Tree, { children: [{ children: [{}] }, { name: 'x' }] }), {
    name: 'leaf',
    children: [{ name: 'leaf', children: [{ name: 'leaf' }] }, { name: 'x' }],
  })
})

test('what is shared with what was filled in before is filled in alike', () => {
  for (const type of [Pod, Service, Deployment])
    fc.assert(
      fc.property(valuesOf(type), valuesOf(type), (given, other) => {
        const before = withDefaults(type, given) as object
        const value = { ...before, ...Object.fromEntries(Object.entries(other as object).filter((_, i) => i % 2 === 0)) }
        assert.deepEqual(withDefaults(type, value, before), withDefaults(type, value))
      }),
      { numRuns: 20 },
    )
})
