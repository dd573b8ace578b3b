import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import type { DnsHandler } from '#network/dns/name-server.ts'
import { exchangeDns, listenDns, type StreamBounds } from './dns-sockets.ts'

const question = Uint8Array.from([7, 7, 0, 1, 2, 3])
const ends: (() => unknown)[] = []
after(() => Promise.all(ends.map((end) => end())))

checkTcp('hangs up at once', (socket) => socket.end(), /hung up without an answer/)
checkTcp('hangs up in the middle', (socket) => socket.end(Uint8Array.from([0, 9, 1])), /hung up without an answer/)
checkTcp('breaks off', (socket) => socket.resetAndDestroy(), /ECONNRESET/)
checkTcp('says nothing', () => {}, /gave no answer within 200 ms/)
checkTcp('answers', (socket) => socket.write(Uint8Array.from([0, 2, 7, 7])), undefined)

test('udp: a network that cannot be reached is an error, and ends nothing', async () => {
  // Broadcast is not allowed to a socket that did not ask for it: connecting fails as it does without a route.
  await assert.rejects(exchangeDns('255.255.255.255', question, 'udp', 1_000), /EACCES|ENETUNREACH/)
})

test('udp: an answer under another number counts for nothing', async () => {
  const server = createSocket('udp4')
  ends.push(() => server.close())
  server.on('message', (_message, from) => server.send(Uint8Array.from([8, 8]), from.port, from.address))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  await assert.rejects(exchangeDns(`127.0.0.1:${server.address().port}`, question, 'udp', 100), /gave no answer within 100 ms/)
})

test('what is served is heard over both transports', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  const served = await listenDns(
    '127.0.0.1',
    port,
    async (message, { transport }) => Uint8Array.from([...message.subarray(0, 2), transport === 'tcp' ? 1 : 2]),
    (error) => assert.fail(String(error)),
  )
  ends.push(() => served.close())
  assert.deepEqual([...(await exchangeDns(`127.0.0.1:${port}`, question, 'tcp'))], [7, 7, 1])
  assert.deepEqual([...(await exchangeDns(`127.0.0.1:${port}`, question, 'udp'))], [7, 7, 2])
})

for (const address of ['127.0.0.1', '::1'])
  test(`it is heard on ${address}, and knows who asks`, async () => {
    const seen: string[] = []
    const { port } = await served((message, client) => {
      seen.push(`${client.transport} ${client.address}`)
      return message
    }, address)
    const server = address === '::1' ? `[::1]:${port}` : `${address}:${port}`
    for (const transport of ['udp', 'tcp'] as const) assert.deepEqual([...(await exchangeDns(server, question, transport))], [...question])
    assert.deepEqual(seen, [`udp ${address}`, `tcp ${address}`])
  })

test('many questions on one connection are answered each when its answer is there', async () => {
  const slow = Promise.withResolvers<void>()
  const { port } = await served((message) => (message[0] === 1 ? slow.promise.then(() => message) : message))
  const client = await open(port)
  client.socket.write(Buffer.concat([frame([1, 1]), frame([2, 2]), frame([3, 3])]))
  await client.until(2)
  slow.resolve()
  await client.until(3)
  assert.deepEqual(client.messages, ['2,2', '3,3', '1,1'])
  client.socket.destroy()
})

test('questions in any pieces, and the last one of a client that says no more', async () => {
  const { port } = await served(async (message) => message)
  const client = await open(port)
  for (const byte of Buffer.concat([frame([1, 1]), frame([2, 2])])) {
    client.socket.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.socket.end(frame([3, 3]))
  await client.closed
  assert.deepEqual(client.messages, ['1,1', '2,2', '3,3'])
})

test('no more than so many questions are worked on at a time', async () => {
  let working = 0
  let most = 0
  const { port } = await served(
    async (message) => {
      working += 1
      most = Math.max(most, working)
      await new Promise((resolve) => setImmediate(resolve))
      working -= 1
      return message
    },
    '127.0.0.1',
    { pipelinedMax: 4 },
  )
  const client = await open(port)
  client.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => frame([i, i]))))
  await client.until(100)
  assert.equal(most, 4)
  client.socket.destroy()
})

test('who is silent, who sends a question byte by byte, and who takes up no answers is hung up on', async () => {
  const bounds = { idleMs: 150, questionMs: 150, unsentBytesMax: 100_000 }
  const { port } = await served(async () => new Uint8Array(60_000), '127.0.0.1', bounds)
  const idle = await open(port)
  await idle.closed
  const slow = await open(port)
  slow.socket.write(Uint8Array.of(0, 50))
  const dripping = setInterval(() => slow.socket.write(Uint8Array.of(1)), 40)
  await slow.closed
  clearInterval(dripping)
  const deaf = await open(port)
  deaf.socket.pause()
  deaf.socket.write(Buffer.concat(Array.from({ length: 2_000 }, () => frame([1, 1]))))
  // A socket that reads nothing learns of its end by what it sends.
  const asking = setInterval(() => deaf.socket.write(frame([1, 1])), 20)
  await deaf.ended
  clearInterval(asking)
})

test('one client has so many connections, and no more', async () => {
  const { port } = await served(async (message) => message, '127.0.0.1', { connectionsOfOneMax: 2 })
  const [one, two] = [await open(port), await open(port)]
  const three = await open(port)
  await three.closed
  one!.socket.write(frame([1, 1]))
  await one!.until(1)
  two!.socket.destroy()
  one!.socket.destroy()
})

test('a question that fails is told of, and ends nothing', async () => {
  const errors: unknown[] = []
  const served = await listenDns(
    '127.0.0.1',
    0,
    (message) => {
      if (message[0] === 1) throw new Error('at once')
      return message[0] === 2 ? Promise.reject(new Error('later')) : message
    },
    (error) => errors.push(error),
  )
  ends.push(() => served.close())
  const server = `127.0.0.1:${served.port}`
  for (const transport of ['udp', 'tcp'] as const) {
    await assert.rejects(exchangeDns(server, Uint8Array.of(1, 1), transport, 100), /gave no answer/)
    await assert.rejects(exchangeDns(server, Uint8Array.of(2, 2), transport, 100), /gave no answer/)
    assert.deepEqual([...(await exchangeDns(server, Uint8Array.of(3, 3), transport))], [3, 3])
  }
  assert.equal(errors.length, 4)
})

async function served(handler: DnsHandler, address = '127.0.0.1', bounds: Partial<StreamBounds> = {}) {
  const usual = {
    idleMs: 10_000,
    questionMs: 5_000,
    connectionsMax: 100,
    connectionsOfOneMax: 100,
    pipelinedMax: 64,
    unsentBytesMax: 1 << 20,
  }
  const sockets = await listenDns(address, 0, handler, (error) => assert.fail(String(error)), { ...usual, ...bounds })
  ends.push(() => sockets.close())
  return sockets
}

const frame = (bytes: readonly number[]): Buffer => Buffer.from([0, bytes.length, ...bytes])

async function open(port: number) {
  const socket = connect(port, '127.0.0.1')
  const messages: string[] = []
  let rest = Buffer.alloc(0)
  let look = (): void => {}
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const ended = new Promise<void>((resolve) => {
    socket.once('error', () => resolve())
    socket.once('close', () => resolve())
  })
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0)
      messages.push([...rest.subarray(2, end)].join(','))
      rest = rest.subarray(end)
    }
    look()
  })
  await once(socket, 'connect')
  return {
    socket,
    messages,
    closed,
    ended,
    until: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => messages.length >= count && resolve()
        look()
      }),
  }
}

function checkTcp(name: string, behave: (socket: Socket) => void, problem: RegExp | undefined): void {
  test(`tcp: a server that ${name}`, async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => behave(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(() => server.close())
    const asked = exchangeDns(`127.0.0.1:${(server.address() as AddressInfo).port}`, question, 'tcp', 200)
    if (problem) await assert.rejects(asked, problem)
    else assert.deepEqual([...(await asked)], [7, 7])
  })
}
