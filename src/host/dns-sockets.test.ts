import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { exchangeDns, listenDns } from './dns-sockets.ts'

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
