import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { keptNode, withoutManagers } from './kept-objects.ts'

test('of a node: who it is, where it is, whether it takes traffic, and nothing of its size', () => {
  const kept = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', uid: 'u', resourceVersion: '7', labels: { 'topology.kubernetes.io/zone': 'z' }, deletionTimestamp: 'now' },
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], taints: [{ key: 'k', effect: 'NoSchedule' }] },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  }
  const whole = {
    ...kept,
    metadata: { ...kept.metadata, managedFields: [{ manager: 'm' }], annotations: { a: 'b' } },
    status: { ...kept.status, images: [{ names: ['i'] }], conditions: [{ type: 'Ready' }] },
  }
  assert.deepEqual(keptNode(whole as unknown as Node), kept)
})

test('of others: all but who wrote it', () => {
  const object = { metadata: { name: 'a', managedFields: [{ manager: 'm' }] }, spec: { ports: [1] } }
  assert.deepEqual(withoutManagers(object), { metadata: { name: 'a' }, spec: { ports: [1] } })
})
