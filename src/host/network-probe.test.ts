/** Probes against real servers of each sort. */
import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { networkProbe } from './network-probe.ts'

/** What the health service says of each service it knows: 1 is SERVING, 2 NOT_SERVING (grpc.health.v1). */
const health: Readonly<Record<string, number>> = { '': 1, well: 1, ill: 2 }
const grpcServer = new Server()
grpcServer.addService(
  {
    check: {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2).toString() }),
      responseSerialize: (answer: number) => Buffer.from([0x08, answer]),
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  },
  {
    check(call: { request: { service: string } }, done: (error: object | null, answer?: number) => void) {
      const answer = health[call.request.service]
      if (answer === undefined) done({ code: status.NOT_FOUND, details: 'unknown service' })
      else done(null, answer)
    },
  },
)
const grpcPort = await new Promise<number>((resolve, reject) =>
  grpcServer.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
)
const httpServer = createHttpServer((request, response) => {
  const elsewhere = { '/round': '/round', '/away': 'http://away.example/', '/near': '/well' }[request.url ?? '']
  if (elsewhere !== undefined) response.setHeader('Location', elsewhere)
  response.statusCode = elsewhere !== undefined ? 302 : request.url === '/well' ? 200 : 503
  response.end(request.headers['x-asked'] ?? 'no header')
}).listen(0, '127.0.0.1')
const closed = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => setImmediate(resolve))
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port
const httpPort = portOf(httpServer)
const closedPort = portOf(closed)
await new Promise((resolve) => closed.close(resolve))
after(() => {
  grpcServer.forceShutdown()
  httpServer.close()
})

const grpc = (service: string, port = grpcPort) => networkProbe.grpc('127.0.0.1', port, service, 2_000)
const http = (path: string, headers = [{ name: 'X-Asked', value: 'yes' }]) =>
  networkProbe.http({ url: `http://127.0.0.1:${httpPort}${path}`, headers, timeoutMs: 2_000 })

check('grpc: the whole server serves', () => grpc(''), 'success')
check('grpc: a named service serves', () => grpc('well'), 'success')
check('grpc: a named service does not', () => grpc('ill'), 'failure')
check('grpc: a service that nobody knows', () => grpc('stranger'), 'failure')
check('grpc: nobody listens', () => grpc('', closedPort), 'failure')
check('http: well, with the headers asked for', () => http('/well'), 'success', /yes/)
check('http: ill', () => http('/ill'), 'failure', /statuscode: 503/)
check('http: sent on within the host', () => http('/near'), 'success', /^yes$/)
check('http: sent to another host', () => http('/away'), 'success', /^Probe terminated redirects, Response body: /)
check('http: sent in a circle', () => http('/round'), 'failure', /stopped after 10 redirects/)
const twice = [
  { name: 'X-Asked', value: 'once' },
  { name: 'x-asked', value: 'twice' },
]
check('http: a header that is named twice', () => http('/well', twice), 'success', /^once, twice$/)
check('tcp: somebody listens', () => networkProbe.tcp('127.0.0.1', httpPort, 2_000), 'success')
check('tcp: nobody listens', () => networkProbe.tcp('127.0.0.1', closedPort, 2_000), 'failure', /refused/)

function check(name: string, ask: () => Promise<{ result: string; output: string }>, result: string, output = /(?:)/): void {
  test(name, async () => {
    const answer = await ask()
    assert.equal(answer.result, result, answer.output)
    assert.match(answer.output, output)
  })
}
