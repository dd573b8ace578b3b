import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { systemClock } from '#host/clock.ts'
import { overWebSocket } from './watch-socket.ts'

/** Opens a watch of these pieces over a WebSocket; resolves with its messages once it is closed. */
async function check(pieces: readonly string[], expected: readonly string[], protocols: readonly string[] = [], spoken = '') {
  const server = createServer()
  let left = 0
  server.on('upgrade', (incoming: IncomingMessage, socket, head) => {
    const answer = overWebSocket(
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: (async function* () {
          try {
            for (const piece of pieces) yield Buffer.from(piece)
          } finally {
            left += 1
          }
        })(),
      },
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
  webSocket.on('message', (data, isBinary) => messages.push(`${isBinary ? 'binary ' : ''}${String(data)}`))
  const [code] = (await once(webSocket, 'close')) as [number]
  assert.deepEqual({ messages, code, left, protocol: webSocket.protocol }, { messages: expected, code: 1000, left: 1, protocol: spoken })
  server.close()
  await once(server, 'close')
}

test('each event of a watch is a text message, and its end a normal close', async () => {
  await check([], [])
  await check(['{"a":1}\n'], ['{"a":1}\n'])
  await check(['1\n2\n', '3\n'], ['1\n', '2\n', '3\n'])
  await check(['1\n'], ['1\n'], ['base64url.bearer.authorization.k8s.io.YQ', 'base64.binary.k8s.io'], 'base64.binary.k8s.io')
})

checkRefused('a client that has gone', (socket) => socket.destroy(), {})
checkRefused('a handshake without a key', () => {}, { 'sec-websocket-key': '' })
checkRefused('a watch in another form', () => {}, {}, 'application/vnd.kubernetes.protobuf')

/** The watch hears of its end, though nobody ever began it. */
function checkRefused(
  name: string,
  meet: (socket: PassThrough) => void,
  change: Readonly<Record<string, string>>,
  type = 'application/json',
) {
  test(`${name} ends the watch`, async () => {
    const socket = new PassThrough()
    meet(socket)
    const over = Promise.withResolvers<void>()
    const body = (async function* () {
      try {
        yield Buffer.from('1\n')
      } finally {
        over.resolve()
      }
    })()
    const headers = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...change,
    }
    const open = () =>
      overWebSocket(
        { status: 200, headers: { 'content-type': type }, body },
        { method: 'GET', path: '/', headers },
        { remoteAddress: '', upgrade: { socket, head: Buffer.alloc(0) } },
        systemClock,
      )
    if (type === 'application/json') open()
    else assert.throws(open)
    const late = new AbortController()
    const ended = await Promise.race([over.promise.then(() => true), setTimeout(1000, false, { signal: late.signal })])
    late.abort()
    assert.ok(ended)
  })
}

test('a watch that asks for no WebSocket stays as it is', () => {
  const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: (async function* () {})() }
  assert.equal(overWebSocket(answer, { method: 'GET', path: '/', headers: {} }, { remoteAddress: '' }, systemClock), answer)
})
