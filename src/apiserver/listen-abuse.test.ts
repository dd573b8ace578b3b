import assert from 'node:assert/strict'
import { connect, constants } from 'node:http2'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { type KeyPair, makeCertificate } from '#host/pki/certificate.ts'
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
const [headers, reset, settings, goaway, continuation] = [1, 3, 4, 7, 9] as const
const endStream = 1
const endHeaders = 4
/** GET https /held, with fields of HPACK's static table and one literal. */
const heldRequest = Buffer.concat([Buffer.from([0x82, 0x87, 0x04, 5]), Buffer.from('/held'), Buffer.from([0x01, 1, 0x61])])
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
        await new Promise<void>((go) => {
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

test('a connection without requests is closed after a while, one that waits for an answer is not', async () => {
  const quick = await open({ idleTimeoutMs: 50, handler: () => new Promise(() => {}) })
  const url = `https://127.0.0.1:${quick.port}`
  const idle = connect(url, { rejectUnauthorized: false })
  const busy = connect(url, { rejectUnauthorized: false })
  busy.on('error', () => {})
  const stream = busy.request({ ':path': '/api/v1/pods?watch=true' })
  stream.on('error', () => {})
  await new Promise((resolve) => idle.once('close', resolve))
  assert.equal(busy.destroyed || busy.closed, false)
  busy.destroy()
  await quick.close(0)
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
