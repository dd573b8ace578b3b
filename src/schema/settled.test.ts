import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment, StatefulSet } from '#api/apps/v1/types.ts'
import { CronJob } from '#api/batch/v1/types.ts'
import { Lease } from '#api/coordination/v1/types.ts'
import * as core from '#api/core/v1/types.ts'
import { NetworkPolicy } from '#api/networking/v1/types.ts'
import { Role } from '#api/rbac/v1/types.ts'
import { decode } from './decode.ts'
import { noteEmpty } from './given-empty.ts'
import { encodeJson } from './json.ts'
import type { AnyType } from './schema.ts'
import { settled } from './settled.ts'
import { valuesOf } from './values-of.ts'

/** What the store would give back. */
const throughStore = (type: AnyType, value: unknown): unknown => decode(type, JSON.parse(encodeJson(type, value)), { strict: false }).value

const types: readonly AnyType[] = [
  core.Pod,
  core.ConfigMap,
  core.Secret,
  core.Service,
  core.Node,
  core.PersistentVolume,
  core.Event,
  Deployment,
  StatefulSet,
  CronJob,
  Lease,
  NetworkPolicy,
  Role,
]

test('any value settles into what the store would give back, to the order of its fields', () => {
  for (const type of types)
    fc.assert(
      fc.property(valuesOf(type), fc.boolean(), (given, isReversed) => {
        const value = isReversed ? reversed(given) : given
        const before = JSON.stringify(value)
        assert.equal(JSON.stringify(settled(type, value)), JSON.stringify(throughStore(type, value)))
        assert.equal(JSON.stringify(value), before)
      }),
      { numRuns: 40 },
    )
})

test('what is settled is not copied', () => {
  for (const type of types)
    fc.assert(
      fc.property(valuesOf(type), (given) => {
        const value = throughStore(type, given)
        assert.equal(settled(type, value), value)
      }),
      { numRuns: 20 },
    )
})

test('what is shared with what came from the store before settles into the same', () => {
  for (const type of types)
    fc.assert(
      fc.property(valuesOf(type), valuesOf(type), (given, other) => {
        const before = throughStore(type, given) as object
        // Some parts of the one and some of the other, as a write leaves them.
        const value = { ...before, ...Object.fromEntries(Object.entries(other as object).filter((_, i) => i % 2 === 0)) }
        assert.equal(JSON.stringify(settled(type, value, before)), JSON.stringify(throughStore(type, value)))
      }),
      { numRuns: 20 },
    )
})

check('an empty list where none has to be', core.Pod, { metadata: { name: 'a', finalizers: [] }, spec: { containers: [] } })
check('nothing in a list', core.Pod, { spec: { containers: [null, { name: 'x', resources: {} }] } })
check('undefined fields', core.ConfigMap, { data: undefined, metadata: { name: 'a', labels: undefined } })
check('undeclared fields', core.ConfigMap, { data: { b: '1', a: '2' }, more: 1 })
check('empty structures within structures', core.Pod, {
  spec: { containers: [{ name: 'a', securityContext: {}, lifecycle: { preStop: {} } }] },
})
check('quantities written otherwise', core.Pod, {
  spec: { containers: [{ name: 'a', resources: { limits: { memory: '1024Mi', cpu: 0.5 } } }] },
})
check('a key that is no ordinary one', core.ConfigMap, { data: JSON.parse('{"z":"1","__proto__":"2"}') })

test('notes of what was given empty are left behind', () => {
  const metadata = { name: 'a' }
  noteEmpty(metadata, 'finalizers', [])
  const after = settled(core.ConfigMap, { metadata }) as { metadata: object }
  assert.deepEqual(Object.getOwnPropertySymbols(after.metadata), [])
})

function check(name: string, type: AnyType, value: unknown): void {
  test(name, () => assert.equal(JSON.stringify(settled(type, value)), JSON.stringify(throughStore(type, value))))
}

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  )
}
