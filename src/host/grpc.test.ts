import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { openGrpc } from './grpc.ts'

test('what waits for an answer is given up at the end', async (t) => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const channel = openGrpc(`127.0.0.1:${(silent.address() as AddressInfo).port}`)
  const call = channel.call('/a.B/C', Buffer.alloc(0), 600_000)
  const given = assert.rejects(call, /cancel/i)
  await once(silent, 'connection')
  channel.close()
  await given
})
