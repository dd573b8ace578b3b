import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { encodeJson } from '#schema/json.ts'
import { emptyIndex, type Index, itemsOf, putItem, removeItem } from './index.ts'
import { type Item, itemOf, objectOf } from './item.ts'
import { itemsLabelled } from './label-index.ts'
import { labelsOf } from './labels-of.ts'

const itemWith = (key: string, metadata: object, data: object = {}): Item => {
  const value = Buffer.from(encodeJson(ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: key, ...metadata }, data }))
  return itemOf(ConfigMap, { key, value, createRevision: 1, modRevision: 1 })
}

const labelled = (index: Index, prefix: string, from: string, value: string): readonly string[] =>
  [...itemsLabelled(index, prefix, from, 'app', value)].flat().map(({ key }) => key)

test('finds what a look at every item would find, before and after writes', () => {
  const step = fc.record({ name: fc.nat({ max: 400 }), label: fc.option(fc.constantFrom('a', 'b', 'c')), isDeleted: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), fc.nat({ max: 400 }), (steps, at) => {
      let index = emptyIndex
      const check = (): void => {
        for (const [prefix, from] of [
          ['k/1', 'k/1'],
          ['k/', 'k/'],
          ['k/', keyAt(at)],
          ['l/', 'l/'],
        ] as const) {
          const expected = [...itemsOf(index, prefix, from)].filter((item) => objectOf(item).metadata.labels?.['app'] === 'b')
          assert.deepEqual(
            labelled(index, prefix, from, 'b'),
            expected.map(({ key }) => key),
          )
        }
      }
      steps.forEach(({ name, label, isDeleted }, i) => {
        const key = keyAt(name)
        index = isDeleted ? removeItem(index, key) : putItem(index, itemWith(key, label === null ? {} : { labels: { app: label, z: '' } }))
        if (i % 100 === 0) check()
      })
      check()
    }),
    { numRuns: 20 },
  )
})

const keyAt = (n: number): string => `k/${String(n).padStart(3, '0')}`

for (const [name, metadata, data] of [
  ['no labels', {}, {}],
  ['no labels, but something else of that name', { annotations: { labels: 'x' } }, { labels: '"labels":{"a":"b"}' }],
  ['labels', { labels: { b: '1', a: '2' }, namespace: 'n', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }, {}],
  ['a brace in a value', { labels: { a: '}' } }, {}],
  ['a brace before them', { generateName: '{', labels: { a: '1' } }, {}],
  ['owners with names like them', { ownerReferences: [{ apiVersion: 'v1', kind: 'x', name: '"labels":{', uid: 'u' }] }, {}],
] as const)
  test(`labels are read out of stored bytes: ${name}`, () => {
    const item = itemWith('x', metadata, data)
    const found = labelsOf(item)
    assert.deepEqual(found, objectOf(item).metadata.labels ?? {})
    assert.deepEqual(labelsOf(item), found)
  })
