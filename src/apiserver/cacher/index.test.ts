import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { append, type Change, historyFrom, rewind } from './history.ts'
import { countItems, emptyIndex, getItem, type Index, itemsOf, putItem, removeItem } from './index.ts'
import type { Item } from './item.ts'

const itemAt = (key: string, revision: number): Item => ({
  kind: ConfigMap,
  key,
  value: new Uint8Array(1),
  revision,
  createRevision: revision,
  bytes: undefined,
  object: undefined,
})
const content = (index: Index): readonly string[] => [...itemsOf(index, 'k/')].map(({ key, revision }) => `${key}@${revision}`)

test('an index holds what a sorted map would, and every older one can be had back', () => {
  const step = fc.record({ name: fc.nat({ max: 600 }), put: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1500 }), (steps) => {
      const model = new Map<string, number>()
      const history = historyFrom(0)
      const states: (readonly string[])[] = [[]]
      let index = emptyIndex
      steps.forEach(({ name, put }, i) => {
        const key = `k/${String(name).padStart(4, '0')}`
        const previous = getItem(index, key)
        const item = put ? itemAt(key, i + 1) : undefined
        if (put) model.set(key, i + 1)
        else model.delete(key)
        index = item === undefined ? removeItem(index, key) : putItem(index, item)
        const change: Change = { key, revision: i + 1, item, previous, frames: new Map() }
        append(history, change)
        if (i % 100 === 0) states[i + 1] = content(index)
      })
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, revision]) => `${key}@${revision}`)
      assert.deepEqual(content(index), expected)
      assert.equal(index.size, expected.length)
      assert.equal(countItems(index, 'k/', 'k/0300'), expected.filter((text) => text >= 'k/0300').length)
      for (const [revision, state] of states.entries())
        if (state !== undefined) assert.deepEqual(content(rewind(index, history, revision)!), state)
    }),
    { numRuns: 20 },
  )
})
