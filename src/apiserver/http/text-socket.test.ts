import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { systemClock } from '#host/clock.ts'
import { textOverWebSocket } from './text-socket.ts'

/** Asks for a log of these pieces over a WebSocket; `expected` are the messages, binary ones marked. */
function check(title: string, pieces: readonly string[], protocols: readonly string[], expected: readonly string[], spoken: string) {
  test(title, async () => {
    const server = createServer()
    let left = 0
    server.on('upgrade', (incoming: IncomingMessage, socket, head) => {
      async function* body() {
        try {
          for (const piece of pieces) yield Buffer.from(piece)
        } finally {
          left += 1
        }
      }
      const answer = textOverWebSocket(
        { status: 200, headers: { 'content-type': 'text/plain' }, body: body() },
        { method: 'GET', path: '/', headers: incoming.headers as Record<string, string> },
        { remoteAddress: '', upgrade: { socket, head } },
        systemClock,
      )
      assert.equal(answer.status, 101)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const webSocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, [...protocols])
    const messages: string[] = []
    webSocket.on('message', (data, isBinary) => messages.push(`${isBinary ? 'binary' : 'text'} ${String(data)}`))
    const [code] = (await once(webSocket, 'close')) as [number]
    assert.deepEqual({ messages, code, left, protocol: webSocket.protocol }, { messages: expected, code: 1000, left: 1, protocol: spoken })
    server.close()
    await once(server, 'close')
  })
}

check('an empty log is one empty message', [], [], ['binary '], '')
check('pieces are binary messages', ['one\n', 'two\n'], ['binary.k8s.io'], ['binary ', 'binary one\n', 'binary two\n'], 'binary.k8s.io')
check('or base64', ['one\n'], ['base64.binary.k8s.io'], ['text ', 'text b25lCg=='], 'base64.binary.k8s.io')

test('what is no text that comes piece by piece is answered as it is', () => {
  const socket = { method: 'GET', path: '/', headers: { upgrade: 'websocket' } }
  const caller = { remoteAddress: '', upgrade: { socket: undefined as never, head: new Uint8Array() } }
  async function* pieces() {
    yield Buffer.from('refused')
  }
  for (const answer of [
    { status: 101, headers: {}, body: new Uint8Array() },
    { status: 400, headers: {}, body: pieces() },
  ])
    assert.equal(textOverWebSocket(answer, socket, caller, systemClock), answer)
  const plain = { status: 200, headers: {}, body: pieces() }
  assert.equal(textOverWebSocket(plain, { ...socket, headers: {} }, caller, systemClock), plain)
})
