import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { KubeObject } from '#api/kind.ts'
import { encodeJson } from '#schema/json.ts'
import { itemOf, objectOf } from './item.ts'
import { noteWritten, writtenObject } from './written.ts'

const configMap = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: { b: '1', a: '2' },
    metadata: { name, finalizers: [], uid: 'u', labels: { z: '1', a: '2' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  }) as unknown as KubeObject

const stored = (object: KubeObject): Uint8Array => Buffer.from(encodeJson(ConfigMap, object))
const read = (value: Uint8Array): KubeObject => objectOf(itemOf(ConfigMap, { key: 'k', value, createRevision: 7, modRevision: 7 }))

test('what was written is the object that its bytes would be decoded to', () => {
  const object = configMap('a')
  const value = stored(object)
  const decoded = read(new Uint8Array(value))
  noteWritten(ConfigMap, value, object)
  const known = writtenObject(ConfigMap, value, 7)
  assert.equal(JSON.stringify(known), JSON.stringify(decoded))
  assert.equal(known?.metadata.resourceVersion, '7')
  assert.ok(Object.isFrozen(known?.metadata))
  assert.equal(JSON.stringify(read(value)), JSON.stringify(decoded))
})

test('bytes that are only equal are not known, and old ones are forgotten', () => {
  const object = configMap('a')
  const value = stored(object)
  noteWritten(ConfigMap, value, object)
  assert.equal(writtenObject(ConfigMap, new Uint8Array(value), 7), undefined)
  for (let i = 0; i < 2_000; i += 1) noteWritten(ConfigMap, new Uint8Array(1), object)
  assert.equal(writtenObject(ConfigMap, value, 7), undefined)
})

test('a few large ones push out the others', () => {
  const object = configMap('a')
  const value = stored(object)
  noteWritten(ConfigMap, value, object)
  for (let i = 0; i < 10; i += 1) noteWritten(ConfigMap, new Uint8Array(1024 * 1024), object)
  assert.equal(writtenObject(ConfigMap, value, 7), undefined)
  const later = stored(object)
  noteWritten(ConfigMap, later, object)
  assert.equal(writtenObject(ConfigMap, later, 7)?.metadata.name, 'a')
})
