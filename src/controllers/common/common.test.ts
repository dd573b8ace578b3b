import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { EndpointSubset } from '#api/core/v1/types.ts'
import { changedCondition } from './conditions.ts'
import { canonical } from './equal.ts'
import { keyFor, splitKey } from './key.ts'
import { mergePatch } from './merge-patch.ts'
import { repackSubsets } from './repack-subsets.ts'
import { targetPortOf } from './service-pods.ts'
import { parseTime } from './time.ts'

checkPatch('nothing differs', { a: 1, b: [1] }, { b: [1], a: 1 }, undefined)
checkPatch('what goes is null', { a: 1, b: 2 }, { a: 1 }, { b: null })
checkPatch('lists are replaced whole', { a: [1, 2] }, { a: [1] }, { a: [1] })
checkPatch('an empty list and none are the same', { a: [] }, {}, undefined)
checkPatch('an empty structure says something', {}, { a: {} }, { a: {} })
checkPatch('from nothing', undefined, { a: 1 }, { a: 1 })

checkCanonical({ b: 1, a: [{ d: 1, c: undefined }] }, '{"a":[{"d":1}],"b":1}')
checkCanonical(undefined, 'null')
checkCanonical({ a: [], b: null, c: {} }, '{"c":{}}')

checkKey('shop', 'web', 'shop/web')
checkKey('', 'node', 'node')

checkTime('2026-01-01T00:00:00Z', Date.UTC(2026, 0))
checkTime(null, undefined)
checkTime('yesterday', undefined)

const before = { type: 'Ready', status: 'True', reason: 'A', message: 'm', lastTransitionTime: '2025-01-01T00:00:00Z' }
checkCondition('the same says nothing', before, before, undefined)
checkCondition('another reason keeps the time', before, { ...before, reason: 'B' }, { ...before, reason: 'B' })
checkCondition(
  'another status moves it',
  before,
  { ...before, status: 'False' },
  { ...before, status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
)
checkCondition('a new one begins now', undefined, before, { ...before, lastTransitionTime: '2026-01-01T00:00:00Z' })

const port = (number: number, name = '') => ({ name, port: number, protocol: 'TCP' as const })
checkSubsets(
  'ports with the same addresses share a subset',
  [
    { addresses: [{ ip: '10.0.0.2' }], ports: [port(80, 'a')] },
    { addresses: [{ ip: '10.0.0.2' }], ports: [port(81, 'b')] },
  ],
  [{ addresses: [{ ip: '10.0.0.2' }], ports: [port(80, 'a'), port(81, 'b')] }],
)
checkSubsets(
  'who is not ready somewhere is not ready for that port',
  [
    { addresses: [{ ip: '10.0.0.2' }], ports: [port(80)] },
    { notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [port(80)] },
  ],
  [{ notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [port(80)] }],
)
checkSubsets(
  'addresses without ports stand alone, in order',
  [{ addresses: [{ ip: '10.0.0.9' }, { ip: '10.0.0.1' }] }],
  [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.9' }] }],
)

checkTarget('a number', 8080, 8080)
checkTarget('none: the port itself', 0, 80)
checkTarget('a name', 'http', 8081)
checkTarget('a name of a sidecar', 'side', 9000)
checkTarget('a name of an ordinary init container', 'early', undefined)
checkTarget('a name with another protocol', 'dns', undefined)

function checkPatch(name: string, previous: object | undefined, next: object, expected: object | undefined): void {
  test(`merge patch: ${name}`, () => assert.deepEqual(mergePatch(previous, next), expected))
}

function checkCanonical(value: unknown, expected: string): void {
  test(`canonical ${expected}`, () => assert.equal(canonical(value), expected))
}

function checkKey(namespace: string, name: string, key: string): void {
  test(`key ${key}`, () => {
    assert.equal(keyFor(namespace, name), key)
    assert.deepEqual(splitKey(key), { namespace, name })
  })
}

function checkTime(text: string | null, expected: number | undefined): void {
  test(`time ${text}`, () => assert.equal(parseTime(text), expected))
}

function checkCondition(name: string, present: typeof before | undefined, next: typeof before, expected: typeof before | undefined): void {
  test(`condition: ${name}`, () => {
    const { lastTransitionTime: _time, ...content } = next
    assert.deepEqual(changedCondition(present, content, Date.UTC(2026, 0)), expected)
  })
}

function checkSubsets(name: string, subsets: readonly EndpointSubset[], expected: readonly EndpointSubset[]): void {
  test(`subsets: ${name}`, () => {
    assert.deepEqual(repackSubsets(subsets), expected)
    assert.deepEqual(repackSubsets(expected), expected, 'packed once is packed')
  })
}

function checkTarget(name: string, targetPort: number | string, expected: number | undefined): void {
  test(`target port: ${name}`, () => {
    const pod = {
      spec: {
        initContainers: [
          { name: 'i', ports: [{ name: 'early', containerPort: 7000 }] },
          { name: 's', restartPolicy: 'Always', ports: [{ name: 'side', containerPort: 9000 }] },
        ],
        containers: [
          {
            name: 'c',
            ports: [
              { name: 'http', containerPort: 8081 },
              { name: 'dns', containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
    } as unknown as Pod
    assert.equal(targetPortOf(pod, { port: 80, protocol: 'TCP', targetPort }), expected)
  })
}
