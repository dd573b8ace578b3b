import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { drain } from './drain.ts'

const controlled = { ownerReferences: [{ controller: true, kind: 'ReplicaSet' }] }
const now = { force: false, timeoutMs: 0 }

test('every pod is evicted, and waited for', async () => {
  const cluster = fake([{ name: 'a' }, { name: 'b' }])
  assert.equal(await drain(cluster.client, 'node', { force: false, timeoutMs: 10_000 }), 2)
  assert.deepEqual(cluster.calls, ['cordon', 'evict a', 'evict b'])
})

test('a pod that nobody makes anew: refused before anything is changed', async () => {
  const cluster = fake([{ name: 'a', metadata: {} }, { name: 'b' }])
  await assert.rejects(drain(cluster.client, 'node', now), { code: 'Conflict', message: /anew: default\/a; with --force/ })
  assert.deepEqual(cluster.calls, [])
})

test('one that came before the node took no more is not evicted either', async () => {
  const cluster = fake([], { late: [{ name: 'a', metadata: {} }] })
  await assert.rejects(drain(cluster.client, 'node', now), { code: 'Conflict', message: /anew: default\/a; .*uncordon node/ })
  assert.deepEqual(cluster.calls, ['cordon'])
})

test('by force it goes too', async () => {
  const cluster = fake([{ name: 'a', metadata: {} }])
  assert.equal(await drain(cluster.client, 'node', { force: true, timeoutMs: 10_000 }), 1)
  assert.deepEqual(cluster.calls, ['cordon', 'evict a'])
})

test('a budget says no: nobody goes, and the error says why', async () => {
  const cluster = fake([{ name: 'a' }], { refused: true })
  await assert.rejects(drain(cluster.client, 'node', { force: false, timeoutMs: 100 }), {
    code: 'Timeout',
    message: /default\/a \(Cannot evict pod\).*--force/,
  })
  assert.ok(!cluster.calls.includes('delete a'))
})

test('by force, and once the time is over, in spite of the budget', async () => {
  const cluster = fake([{ name: 'a' }], { refused: true })
  assert.equal(await drain(cluster.client, 'node', { force: true, timeoutMs: 100 }), 1)
  assert.equal(cluster.calls.at(-1), 'delete a')
  assert.ok(cluster.calls.includes('evict a'), 'it was asked first')
})

test('of a node without an agent nobody can tell the end of pods', async () => {
  const cluster = fake([{ name: 'a' }], { ready: false, ends: false })
  assert.equal(await drain(cluster.client, 'node', { force: false, timeoutMs: 10_000 }), 1)
})

interface Given {
  readonly name: string
  readonly metadata?: object
}

/** A cluster of these pods, which writes down what is done to them. */
function fake(given: readonly Given[], { refused = false, ready = true, ends = true, late = [] as readonly Given[] } = {}) {
  const calls: string[] = []
  const podOf = ({ name, metadata = controlled }: Given) => ({
    metadata: { name, namespace: 'default', uid: name, ...metadata } as Record<string, unknown>,
    status: { phase: 'Running' },
  })
  let pods = given.map(podOf)
  const end = (name: string) => {
    if (ends) pods = pods.filter(({ metadata }) => metadata['name'] !== name)
    else for (const { metadata } of pods) if (metadata['name'] === name) metadata['deletionTimestamp'] = '2026-01-01T00:00:00Z'
  }
  const client = {
    list: async () => ({ items: pods }),
    patch: async (_kind: unknown, _name: string, patch: unknown) => {
      assert.deepEqual(patch, { type: 'merge', body: { spec: { unschedulable: true } } })
      calls.push('cordon')
      pods = [...pods, ...late.map(podOf)]
    },
    get: async () => ({ status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] } }),
    act: async (_kind: unknown, name: string, subresource: string) => {
      assert.equal(subresource, 'eviction')
      calls.push(`evict ${name}`)
      if (refused) throw new WherryError('TooManyRequests', 'Cannot evict pod')
      end(name)
    },
    delete: async (_kind: unknown, name: string) => {
      calls.push(`delete ${name}`)
      end(name)
    },
  } as unknown as Client
  return { client, calls }
}
