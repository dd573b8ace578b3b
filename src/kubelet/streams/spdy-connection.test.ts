import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'
import { initialWindowBytes, SpdyConnection } from './spdy-connection.ts'
import type { Frame } from './spdy-frames.ts'
import { createFrameDecoder, createFrameEncoder } from './spdy-frames.ts'
import type { SpdyStream } from './spdy-stream.ts'

const clock: Clock = { now: () => 0, monotonicMs: () => 0, schedule: () => () => {} }

test('a stream carries both directions, each ended on its own', async () => {
  const { client, accepted } = joined()
  const stream = client.open({ streamtype: 'data', port: '80' })
  stream.end('question')
  await until(() => accepted.length === 1)
  const server = accepted[0]!
  assert.equal(server.headers['port'], '80')
  assert.equal(await read(server), 'question')
  // The other direction is still open after the first has ended.
  server.end('answer')
  assert.equal(await read(stream), 'answer')
})

test('what was sent before the peer closed is still read', async () => {
  const { client, server, accepted } = joined()
  const stream = client.open({})
  await until(() => accepted.length === 1)
  accepted[0]!.write('last words')
  await turn()
  server.destroy()
  assert.equal(await read(stream).catch(() => 'lost'), 'last words')
  assert.ok(client.closed.aborted)
})

test('a reset reaches the other side, and only that stream', async () => {
  const { client, accepted } = joined()
  const [one, two] = [client.open({}), client.open({})]
  await until(() => accepted.length === 2)
  one.destroy()
  await until(() => accepted[0]!.destroyed)
  accepted[1]!.end('fine')
  assert.equal(await read(two), 'fine')
})

test('a stream that nobody accepts is refused', async () => {
  const { client } = joined(() => false)
  await assert.rejects(read(client.open({})), /reset by the peer/)
})

test('a writer waits while nobody reads, with little held between', async () => {
  const { client, accepted } = joined()
  const stream = client.open({})
  await until(() => accepted.length === 1)
  const piece = Buffer.alloc(64 << 10)
  let [sent, blocked] = [0, false]
  while (!blocked && sent < 100) {
    blocked = !stream.write(piece)
    sent += 1
    for (let i = 0; i < 20 && blocked; i += 1) {
      await turn()
      blocked = stream.writableNeedDrain
    }
  }
  assert.ok(sent < 20, `${sent} pieces of 64 KiB went into nowhere`)
  accepted[0]!.resume()
  await until(() => !stream.writableNeedDrain)
})

test('a peer that keeps windows is not sent more than it grants', async () => {
  const peer = rawPeer('server')
  peer.send({ type: 'settings', entries: [{ id: 7, value: 1000 }] })
  peer.send({ type: 'syn-stream', streamId: 1, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: {} })
  await until(() => peer.accepted.length === 1)
  peer.accepted[0]!.write(Buffer.alloc(2500))
  await until(() => peer.dataBytes() === 1000)
  for (let i = 0; i < 10; i += 1) await turn()
  assert.equal(peer.dataBytes(), 1000)
  peer.send({ type: 'window-update', streamId: 1, delta: 700 })
  await until(() => peer.dataBytes() === 1700)
  peer.send({ type: 'settings', entries: [{ id: 7, value: 2000 }] })
  await until(() => peer.dataBytes() === 2500)
})

test('a peer that never speaks of windows gets everything', async () => {
  const peer = rawPeer('server')
  peer.send({ type: 'syn-stream', streamId: 1, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: {} })
  await until(() => peer.accepted.length === 1)
  peer.accepted[0]!.write(Buffer.alloc(4 * initialWindowBytes))
  await until(() => peer.dataBytes() === 4 * initialWindowBytes)
})

test('a server grants what was read, a client grants nothing', async () => {
  for (const side of ['server', 'client'] as const) {
    const peer = rawPeer(side)
    const stream = side === 'client' ? peer.connection.open({}) : undefined
    if (side === 'server') {
      peer.send({ type: 'syn-stream', streamId: 1, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: {} })
      await until(() => peer.accepted.length === 1)
    }
    const reader = stream ?? peer.accepted[0]!
    reader.resume()
    peer.send({ type: 'data', streamId: 1, fin: false, data: Buffer.alloc(initialWindowBytes) })
    await until(() => reader.readableLength === 0)
    for (let i = 0; i < 10; i += 1) await turn()
    const grants = peer.frames.filter(({ type }) => type === 'window-update')
    assert.equal(grants.length > 0, side === 'server', side)
  }
})

test('a server that has stopped reading probes whether the client is still there, and only then', async () => {
  for (const side of ['server', 'client'] as const) {
    const due: (() => void)[] = []
    let cancelled = 0
    const peer = rawPeer(side, {
      ...clock,
      schedule: (_at, run) => {
        due.push(run)
        return () => (cancelled += 1)
      },
    })
    const stream = side === 'client' ? peer.connection.open({}) : undefined
    if (side === 'server') {
      peer.send({ type: 'syn-stream', streamId: 1, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: {} })
      await until(() => peer.accepted.length === 1)
    }
    assert.equal(due.length, 0)
    peer.send({ type: 'data', streamId: 1, fin: false, data: Buffer.alloc(4 * initialWindowBytes) })
    const reader = stream ?? peer.accepted[0]!
    await until(() => reader.readableLength > 0)
    assert.equal(due.length, side === 'server' ? 1 : 0)
    if (side === 'client') continue
    due[0]!()
    await until(() => peer.frames.some(({ type }) => type === 'ping'))
    reader.resume()
    await until(() => cancelled === 1)
  }
})

test('answers pings, and malformed bytes end the connection', async () => {
  const peer = rawPeer('server')
  peer.send({ type: 'ping', id: 5 })
  await until(() => peer.frames.some((frame) => frame.type === 'ping' && frame.id === 5))
  peer.socket.write(Buffer.from([0x80, 9, 0, 1, 0, 0, 0, 0]))
  await until(() => peer.connection.closed.aborted)
  assert.ok(peer.frames.some(({ type }) => type === 'goaway'))
})

test('too many streams are refused, not kept', async () => {
  const peer = rawPeer('server')
  for (let i = 0; i < 2001; i += 1)
    peer.send({ type: 'syn-stream', streamId: 2 * i + 1, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: {} })
  await until(() => peer.frames.filter(({ type }) => type === 'rst-stream').length === 1)
  assert.equal(peer.accepted.length, 2000)
})

test('writing to a connection that has ended neither waits nor throws', async () => {
  const { client, server, accepted } = joined()
  const stream = client.open({})
  await until(() => accepted.length === 1)
  server.close()
  await until(() => client.closed.aborted)
  await new Promise<void>((resolve) => stream.write('x', () => resolve()))
  assert.throws(() => client.open({}), /closed/)
})

function joined(accept: (stream: SpdyStream) => boolean = () => true) {
  const [left, right] = duplexPair()
  const accepted: SpdyStream[] = []
  const client = new SpdyConnection(left, { side: 'client', clock })
  const server = new SpdyConnection(right, {
    side: 'server',
    clock,
    accept: (stream) => {
      if (!accept(stream)) return false
      accepted.push(stream)
      return true
    },
  })
  return { client, server, accepted }
}

/** The other end as bare frames. */
function rawPeer(side: 'client' | 'server', time = clock) {
  const [ours, socket] = duplexPair() as [Duplex, Duplex]
  const accepted: SpdyStream[] = []
  const connection = new SpdyConnection(ours, { side, clock: time, accept: (stream) => accepted.push(stream) > 0 })
  const [encode, decode] = [createFrameEncoder(), createFrameDecoder()]
  const frames: Frame[] = []
  socket.on('data', (bytes: Uint8Array) => frames.push(...decode(bytes)))
  return {
    connection,
    socket,
    accepted,
    frames,
    send: (frame: Frame) => socket.write(encode(frame)),
    dataBytes: () => frames.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.data.length : 0), 0),
  }
}

/** To the end of one direction; reading by iteration would destroy the other. */
function read(stream: SpdyStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stream.on('data', (part: Buffer) => {
      text += part.toString()
    })
    stream.once('end', () => resolve(text))
    stream.once('error', reject)
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 5000; i += 1) {
    if (condition()) return
    await turn()
  }
  assert.fail('waited in vain')
}
