import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { type Item, itemOf } from './item.ts'
import { createProtobufCache } from './protobuf-cache.ts'

const item = (name: string): Item => itemOf(ConfigMap, { key: name, value: new Uint8Array(0), createRevision: 1, modRevision: 1 })

test('bytes are made once an item, and the oldest go where there are too many', () => {
  const cache = createProtobufCache(1000)
  let made = 0
  const encode = (): Uint8Array => {
    made += 1
    return new Uint8Array(50)
  }
  const items = Array.from({ length: 30 }, (_, i) => item(`${i}`))
  for (const each of items) cache.of(each, encode)
  assert.equal(made, 30)
  assert.ok(cache.sizeBytes <= 1000, `${cache.sizeBytes}`)
  cache.of(items[29]!, encode)
  assert.equal(made, 30)
  cache.of(items[0]!, encode)
  assert.equal(made, 31)
  // Another version of the same object is another item.
  cache.of(item('29'), encode)
  assert.equal(made, 32)
})

test('what would take much of the room is not kept', () => {
  const cache = createProtobufCache(1000)
  cache.of(item('a'), () => new Uint8Array(500))
  assert.equal(cache.sizeBytes, 0)
})

test('room is made for ever', () => {
  const cache = createProtobufCache(1000)
  for (let i = 0; i < 10_000; i += 1) {
    cache.of(item(`${i}`), () => new Uint8Array(50))
    assert.ok(cache.sizeBytes <= 1000)
  }
})
