import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createNodeDns } from './node-dns.ts'

test('one read serves all who ask within a second; what failed is read again', async () => {
  const clock = createVirtualClock(0)
  let reads = 0
  let server = '1.1.1.1'
  const files = {
    async read() {
      reads += 1
      if (server === '') throw new Error('not now')
      return Buffer.from(`nameserver ${server}\n`)
    },
  }
  const nodeDns = createNodeDns(files, clock, '/etc/resolv.conf')
  const servers = async () => (await nodeDns()).servers
  assert.deepEqual(await Promise.all([servers(), servers()]), [['1.1.1.1'], ['1.1.1.1']])
  await clock.advance(999)
  server = '2.2.2.2'
  assert.deepEqual([await servers(), reads], [['1.1.1.1'], 1])
  await clock.advance(1)
  assert.deepEqual([await servers(), reads], [['2.2.2.2'], 2])
  await clock.advance(1_000)
  server = ''
  await assert.rejects(servers())
  server = '3.3.3.3'
  assert.deepEqual([await servers(), reads], [['3.3.3.3'], 4])
})
