import assert from 'node:assert/strict'
import { type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { type KeyPair, makeCertificate } from '#host/pki/certificate.ts'
import type { HttpResponse } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type Listening, type ListenOptions, listen } from './listen.ts'

/** What clients do that mean harm, against the real listener: they are cut off or held, and others go on. */

const pair: KeyPair = makeCertificate({
  commonName: 'server',
  usage: 'server',
  addresses: ['127.0.0.1'],
  notBefore: Date.now() - 60_000,
  notAfter: Date.now() + 86_400_000,
})

const open = (options: Partial<ListenOptions> = {}): Promise<Listening> =>
  listen({
    handler: async () => ({ status: 200, headers: {}, body: Buffer.from('fine') }),
    clock: systemClock,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    ...pair,
    ...options,
  })

let listening: Listening
before(async () => {
  // What is asked for under /held is never answered.
  listening = await open({
    handler: async ({ path }) =>
      path.startsWith('/held') ? new Promise(() => {}) : { status: 200, headers: {}, body: Buffer.from('fine') },
  })
})
after(() => listening.close(0))

/** One frame of HTTP/2: length, type, flags, stream (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.byteLength, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}
const [data, headers, priority, reset, settings, ping, goaway, windowUpdate, continuation] = [0, 1, 2, 3, 4, 6, 7, 8, 9] as const
const endStream = 1
const endHeaders = 4
/** GET https /held, with fields of HPACK's static table and one literal. */
const heldRequest = Buffer.concat([Buffer.from([0x82, 0x87, 0x04, 5]), Buffer.from('/held'), Buffer.from([0x01, 1, 0x61])])
const heldPost = Buffer.concat([Buffer.from([0x83]), heldRequest.subarray(1)])
const withTrivialFields = (count: number): Buffer =>
  Buffer.concat([heldRequest, ...Array.from({ length: count }, () => Buffer.from([0x00, 1, 0x61, 1, 0x62]))])
/** One field of 4,000 bytes that goes into HPACK's table, and 10,000 bytes that each stand for it. */
const headerBomb = Buffer.concat([
  heldRequest,
  Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4_000, 0x62),
  Buffer.alloc(10_000, 0xbe),
])
const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(settings, 0, 0)])

interface Attack {
  /** Types of the frames that came back, those of other streams than the first included. */
  readonly seen: readonly { readonly type: number; readonly stream: number; readonly code: number }[]
  readonly isCutOff: boolean
}

/** Sends bytes as a client of HTTP/2 that reads all answers, until the server hangs up or `done` says that it has seen enough. */
function attack(parts: Iterable<Uint8Array>, done: (seen: Attack['seen']) => boolean = () => false): Promise<Attack> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port: listening.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    const seen: { type: number; stream: number; code: number }[] = []
    let left = Buffer.alloc(0)
    const end = (isCutOff: boolean): void => {
      socket.destroy()
      resolve({ seen, isCutOff })
    }
    socket.on('error', () => end(true))
    socket.once('close', () => end(true))
    socket.on('data', (part: Buffer) => {
      left = Buffer.concat([left, part])
      while (left.byteLength >= 9 && left.byteLength >= 9 + left.readUIntBE(0, 3)) {
        const length = left.readUIntBE(0, 3)
        const type = left[3]!
        const code = type === reset ? left.readUInt32BE(9) : type === goaway ? left.readUInt32BE(13) : 0
        seen.push({ type, stream: left.readUInt32BE(5), code })
        left = left.subarray(9 + length)
      }
      if (done(seen)) end(false)
    })
    socket.once('secureConnect', async () => {
      socket.write(preface)
      for (const part of parts) {
        if (socket.destroyed) return
        if (socket.write(part)) continue
        await new Promise<void>((resolve) => {
          const go = (): void => {
            socket.off('drain', go)
            socket.off('close', go)
            resolve()
          }
          socket.once('drain', go)
          socket.once('close', go)
        })
      }
    })
  })
}

async function othersGoOn(): Promise<void> {
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/' })
  const status = await new Promise((resolve) => stream.once('response', (got) => resolve(got[':status'])))
  assert.equal(status, 200)
  session.destroy()
}

function* times(count: number, make: (i: number) => Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < count; i += 1) yield make(i)
}

/** Streams, each followed by what is made for it. */
function* opened(then: (stream: number) => Uint8Array): Generator<Uint8Array> {
  for (let stream = 1; stream < 100_000; stream += 2) {
    yield frame(headers, endStream | endHeaders, stream, heldRequest)
    yield then(stream)
  }
}

test('floods end with the connection', async () => {
  const cases: Readonly<Record<string, () => Iterable<Uint8Array>>> = {
    // CVE-2024-27983 and its kin: headers that never end.
    'CONTINUATION without end': function* () {
      yield frame(headers, endStream, 1, heldRequest)
      yield* times(100_000, () => frame(continuation, 0, 1, Buffer.from([0x00, 1, 0x61, 1, 0x62])))
    },
    'headers larger than allowed': function* () {
      yield frame(headers, endStream, 1, heldRequest)
      yield* times(100_000, () =>
        frame(continuation, 0, 1, Buffer.concat([Buffer.from([0x00, 1, 0x61, 0x7f, 0x81, 0x7e]), Buffer.alloc(16_256, 0x62)])),
      )
    },
    'settings over and over': () => times(200_000, () => frame(settings, 0, 0)),
    'pings over and over': () => times(200_000, () => frame(ping, 0, 0, Buffer.alloc(8))),
    'pieces of a body with nothing in them': function* () {
      yield frame(headers, endHeaders, 1, heldPost)
      yield* times(100_000, () => frame(data, 0, 1))
    },
    'priorities over and over': () => times(200_000, () => frame(priority, 0, 1, Buffer.from([0, 0, 0, 0, 1]))),
    'frames that nobody knows': () => times(200_000, () => frame(0x55, 0, 0, Buffer.alloc(100))),
    // CVE-2023-44487.
    'streams opened and reset at once': () => opened((stream) => frame(reset, 0, stream, Buffer.from([0, 0, 0, 8]))),
    // CVE-2025-8671: the server is made to reset them itself, while it works for them.
    'streams that end by a window too large': () =>
      opened((stream) => frame(windowUpdate, 0, stream, Buffer.from([0x7f, 0xff, 0xff, 0xff]))),
    'streams that end by a window of nothing': () => opened((stream) => frame(windowUpdate, 0, stream, Buffer.alloc(4))),
    'streams that end by a body behind their end': () => opened((stream) => frame(data, endStream, stream, Buffer.alloc(5))),
    'streams that end by headers behind their end': () => opened((stream) => frame(headers, endStream | endHeaders, stream, heldRequest)),
    'resets of streams that never were': () => times(50_000, (i) => frame(reset, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8]))),
  }
  for (const [name, parts] of Object.entries(cases)) {
    const { isCutOff } = await attack(parts())
    assert.ok(isCutOff, name)
    await othersGoOn()
  }
})

test('more streams at once than allowed are refused one by one', async () => {
  const { seen } = await attack(
    times(300, (i) => frame(headers, endStream | endHeaders, 2 * i + 1, heldRequest)),
    (so) => so.filter(({ type }) => type === reset || type === goaway).length >= 50,
  )
  const refused = seen.filter(({ type }) => type === reset)
  assert.equal(refused.length, 50)
  assert.ok(refused.every(({ code }) => code === constants.NGHTTP2_REFUSED_STREAM))
  await othersGoOn()
})

test('who pings without end is cut off, though it waits for each answer', async () => {
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  await new Promise((resolve) => session.once('remoteSettings', resolve))
  const told = new Promise((resolve) => session.once('goaway', resolve))
  const closed = new Promise((resolve) => session.once('close', () => resolve(false)))
  const pinged = (): Promise<unknown> => Promise.race([closed, new Promise((resolve) => session.ping((error) => resolve(error === null)))])
  let count = 0
  while (await pinged()) count += 1
  assert.equal(count, 1_000)
  assert.equal(await told, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  await othersGoOn()
})

test('header fields that grow in the hand are refused stream by stream', async () => {
  for (const [name, block] of Object.entries({ 'more than 256': withTrivialFields(300), 'a bomb': headerBomb })) {
    const { seen } = await attack(
      times(10, (i) => frame(headers, endStream | endHeaders, 2 * i + 1, block)),
      (so) => so.filter(({ type }) => type === reset || type === goaway).length >= 10,
    )
    const refused = seen.filter(({ type }) => type === reset)
    assert.equal(refused.length, 10, name)
    assert.ok(
      refused.every(({ code }) => code === constants.NGHTTP2_ENHANCE_YOUR_CALM),
      name,
    )
    await othersGoOn()
  }
})

test('connections over the limit are refused, ones that do not get on with it are closed', async () => {
  const few = await open({ connectionsMax: 3, handshakeTimeoutMs: 100, headersTimeoutMs: 100 })
  const ended = (socket: Socket) =>
    new Promise<void>((resolve) => {
      socket.on('error', () => {})
      socket.once('close', () => resolve())
      socket.resume()
    })
  const where = { host: '127.0.0.1', port: few.port }
  const shy = [connectTcp(where), connectTcp(where), connectTcp(where)]
  const left = Promise.all(shy.map(ended))
  await Promise.all(shy.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  await ended(connectTcp(where))
  // Nobody of the three ever says hello.
  await left
  // One that did, and then asks nothing.
  const silent = connectTls({ ...where, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  await ended(silent)
  await few.close(0)
})

/** Lets time pass until it is so. */
async function until(clock: ReturnType<typeof createVirtualClock>, isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns += 1) {
    assert.ok(turns < 10_000, 'time passes and nothing happens')
    await clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('an answer that nobody reads is dropped when its time is over, whole or as it comes', async () => {
  const big = Buffer.alloc(32 * 1024 * 1024)
  const handler: ListenOptions['handler'] = async ({ path }) => ({
    status: 200,
    headers: {},
    body: path === '/whole' ? big : Readable.from([big, big]),
  })
  for (const path of ['/whole', '/pieces']) {
    const clock = createVirtualClock(0)
    const server = await open({ clock, handler })
    const session = connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false, settings: { initialWindowSize: 0 } })
    const stream = session.request({ ':path': path })
    let isOver = false
    stream.on('error', () => {})
    stream.once('close', () => (isOver = true))
    await new Promise((resolve) => stream.once('response', resolve))
    const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    let isCut = false
    socket.on('error', () => {})
    socket.once('close', () => (isCut = true))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await new Promise((resolve) => socket.once('readable', resolve))
    await until(clock, () => isOver)
    assert.notEqual(stream.rstCode, constants.NGHTTP2_NO_ERROR, path)
    assert.ok(clock.now() >= 60_000, `${path}: after ${clock.now()} ms`)
    await until(clock, () => {
      socket.read()
      return isCut
    })
    session.destroy()
    const closed = server.close(0)
    await clock.advance(1)
    await closed
  }
})

test('a stream whose body is refused is over, though its body never ends', async () => {
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  const answered = (stream: ClientHttp2Stream) =>
    new Promise<unknown>((resolve) => {
      let status: unknown
      stream.once('response', (got) => (status = got[':status']))
      stream.on('error', () => {})
      stream.resume()
      stream.once('close', () => resolve(status))
    })
  const post = { ':path': '/', ':method': 'POST' }
  assert.equal(await answered(session.request({ ...post, 'content-length': `${100 * 1024 * 1024}` })), 413)
  assert.equal(await answered(session.request({ ...post, expect: 'the-unexpected' })), 417)
  const unannounced = session.request(post)
  unannounced.write(Buffer.alloc(4 * 1024 * 1024))
  assert.equal(await answered(unannounced), 413)
  session.destroy()
})

test('a body that trickles is cut off when the request’s time is over', async () => {
  const clock = createVirtualClock(0)
  const slow = await open({ clock })
  const session = connect(`https://127.0.0.1:${slow.port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  const stream = session.request({ ':path': '/', ':method': 'POST', 'content-length': '100' })
  stream.on('error', () => {})
  stream.write('x')
  let status: unknown
  stream.once('response', (got) => {
    status = got[':status']
  })
  while (status === undefined) {
    await clock.advance(30_000)
    stream.write('x')
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(status, 504)
  session.destroy()
  const closed = slow.close(0)
  await clock.advance(1)
  await closed
})

test('headers over the limit are refused, whatever their form; long targets below it are served', async () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: listening.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
      let answer = ''
      socket.on('error', reject)
      socket.on('data', (part) => (answer += part))
      socket.once('secureConnect', () => socket.write(text))
      socket.once('close', () => resolve(answer))
    })
  assert.match(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await raw(`GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await raw(`GET /${'x'.repeat(30_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 200 /)
})

test('a connection that asks nothing for a while is closed, by the clock that is handed in', async () => {
  const clock = createVirtualClock(0)
  const held = Promise.withResolvers<HttpResponse>()
  const quick = await open({ clock, idleTimeoutMs: 50_000, handler: () => held.promise })
  const begin = async () => {
    const session = connect(`https://127.0.0.1:${quick.port}`, { rejectUnauthorized: false })
    session.on('error', () => {})
    await new Promise((resolve) => session.once('remoteSettings', resolve))
    return { session, closed: new Promise<'closed'>((resolve) => session.once('close', () => resolve('closed'))) }
  }
  const idle = await begin()
  const busy = await begin()
  const stream = busy.session.request({ ':path': '/api/v1/pods?watch=true' })
  const over = new Promise((resolve) => stream.once('close', resolve))
  stream.resume()
  const isAnswered = async (session: typeof idle.session): Promise<boolean> =>
    new Promise((resolve) => void (session.destroyed || !session.ping((error) => resolve(error === null)) ? resolve(false) : undefined))
  assert.ok(await isAnswered(busy.session))
  await clock.advance(49_999)
  assert.ok(await isAnswered(idle.session))
  await clock.advance(1)
  assert.equal(await idle.closed, 'closed')
  await clock.advance(500_000)
  assert.ok(await isAnswered(busy.session), 'who waits for an answer is not idle')
  held.resolve({ status: 200, headers: {}, body: Buffer.from('fine') })
  await over
  // The server hears of the end of the stream before it answers.
  assert.ok(await isAnswered(busy.session))
  await clock.advance(49_999)
  assert.ok(await isAnswered(busy.session), 'idle since the last stream’s end, not since the beginning')
  await clock.advance(1)
  assert.equal(await busy.closed, 'closed')
  assert.equal(clock.pending, 0)
  const closed = quick.close(0)
  await clock.advance(1)
  await closed
})

test('a client told to go away finishes what it asked, and asks anew elsewhere', async () => {
  const going = await open({ goaway: { chance: 1, random: seededRandom(1) } })
  const session = connect(`https://127.0.0.1:${going.port}`, { rejectUnauthorized: false })
  const told = new Promise((resolve) => session.once('goaway', resolve))
  const stream = session.request({ ':path': '/' })
  const body = await new Promise<string>((resolve) => {
    let text = ''
    stream.on('data', (part) => (text += part))
    stream.once('end', () => resolve(text))
  })
  assert.equal(body, 'fine')
  assert.equal(await told, constants.NGHTTP2_NO_ERROR)
  session.destroy()
  await going.close(0)
})
