import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Features, noFeatures } from '#api/features.ts'
import { created, updated } from '#api/testing/check-kind.ts'
import { StatefulSet } from './stateful-set.ts'

const on: Features = new Set(['MaxUnavailableStatefulSet'])
const field = 'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value:'
const percent =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

const set = (updateStrategy?: object) => ({
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    ...(updateStrategy && { updateStrategy }),
  },
})
const rolling = (maxUnavailable: unknown) => ({ type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable } })
const strategyOf = ({ object }: { readonly object: { readonly spec: { readonly updateStrategy: unknown } } }) => object.spec.updateStrategy

function makes(name: string, given: object | undefined, features: Features, expected: object) {
  test(name, () => assert.deepEqual(strategyOf(created(StatefulSet, set(given), {}, features)), expected))
}

const without = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }
makes('one at a time, where nothing is said', undefined, on, rolling(1))
makes('one at a time, where only the partition is said', { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }, on, {
  type: 'RollingUpdate',
  rollingUpdate: { partition: 2, maxUnavailable: 1 },
})
makes('what is said stays', rolling('30%'), on, rolling('30%'))
makes('no limits where a type was named without them', { type: 'RollingUpdate' }, on, { type: 'RollingUpdate' })
makes('none for what the user replaces', { type: 'OnDelete' }, on, { type: 'OnDelete' })
makes('without the gate nothing is filled in', undefined, noFeatures, without)
makes('without the gate the field is dropped', rolling(3), noFeatures, without)

function refuses(given: object, causes: readonly string[], features = on) {
  test(`refused: ${JSON.stringify(given)}`, () => assert.deepEqual(created(StatefulSet, set(given), {}, features).causes, causes))
}

for (const good of [1, 500, '1%', '100%']) refuses(rolling(good), [])
refuses(rolling(0), [`${field} 0: cannot be 0`])
refuses(rolling(-1), [`${field} -1: must be greater than or equal to 0`])
refuses(rolling('0%'), [`${field} "0%": cannot be 0`])
refuses(rolling('101%'), [`${field} "101%": must not be greater than 100%`])
refuses(rolling('3'), [`${field} "3": ${percent}`])
refuses(rolling('x'), [`${field} "x": ${percent}`, `${field} "x": cannot be 0`])
refuses({ type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } }, [
  'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
  `${field} 0: cannot be 0`,
])
refuses({ type: 'OnDelete', rollingUpdate: { maxUnavailable: '20%' } }, [
  'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":0,"MaxUnavailable":"20%"}: only allowed for updateStrategy \'RollingUpdate\'',
])
refuses({ type: 'X', rollingUpdate: { maxUnavailable: 2 } }, [
  'spec.updateStrategy: Invalid value: {"Type":"X","RollingUpdate":{"Partition":0,"MaxUnavailable":2}}: must be \'RollingUpdate\' or \'OnDelete\'',
])
refuses(rolling(0), [], noFeatures)

test('a set that has the field from a time when the gate was on keeps it, may change it and is held to what it says', () => {
  const before = created(StatefulSet, set(rolling(2)), {}, on).object
  const write = (value: unknown) => updated(StatefulSet, before, set(rolling(value)))
  assert.deepEqual(strategyOf(write(2)), rolling(2))
  assert.deepEqual(strategyOf(write(3)), rolling(3))
  assert.deepEqual(write(0).causes, [`${field} 0: cannot be 0`])
  const bare = updated(StatefulSet, before, set(without))
  assert.deepEqual(strategyOf(bare), without)
  assert.deepEqual(strategyOf(updated(StatefulSet, bare.object, set(rolling(2)))), without)
})
