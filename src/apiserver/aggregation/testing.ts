import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { KeyPair } from '#host/pki/certificate.ts'

/** What an extension API server was asked, and by whom as it sees it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** Common name of the client certificate, where the front proxy's authority signed it. */
  readonly proxy: string | undefined
  readonly serverName: unknown
  readonly body: string
}

/** An extension API server for tests: HTTPS on loopback, with what it was asked. */
export interface ExtensionServer {
  readonly port: number
  readonly asked: readonly Asked[]
  /** Ends all connections and listens no more. */
  close(): Promise<void>
}

/**
 * A small extension API server on loopback over TLS, for `flunders` of the group `wardle.example.com`. It believes who it is told asks only
 * by the front proxy's certificate, as such servers do. `legacy`: it does not know aggregated discovery.
 */
export async function startExtensionServer(options: {
  readonly serving: KeyPair
  readonly frontProxyCa: string
  readonly port?: number
  readonly legacy?: boolean
}): Promise<ExtensionServer> {
  const asked: Asked[] = []
  const tls = { cert: options.serving.certificate, key: options.serving.key, ca: options.frontProxyCa }
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      asked.push(askedBy(request, Buffer.concat(parts).toString()))
      answer(request, response, options.legacy === true, asked.at(-1)!)
    })
  })
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket) => {
    asked.push(askedBy(request, ''))
    if (!request.url?.endsWith('/exec')) return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      const closed = once(server, 'close')
      server.close()
      // Upgraded ones are no longer the server's to close.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** The group that it serves. */
export const group = 'wardle.example.com'

function askedBy(request: IncomingMessage, body: string): Asked {
  const socket = request.socket as TLSSocket & { readonly servername?: unknown }
  const proxy = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined
  return { method: request.method ?? '', url: request.url ?? '', headers: request.headers, proxy, serverName: socket.servername, body }
}

function answer({ headers, url = '' }: IncomingMessage, response: ServerResponse, isLegacy: boolean, asked: Asked): unknown {
  const say = (body: object, status = 200, type = 'application/json', etag?: string): unknown => {
    return response.writeHead(status, { 'content-type': type, ...(etag !== undefined && { etag }) }).end(JSON.stringify(body))
  }
  const { pathname, searchParams } = new URL(url, 'https://extension')
  if (asked.proxy === undefined) return say({ kind: 'Status', code: 401 }, 401)
  const flunder = { group, version: 'v1', kind: 'Flunder' }
  const resource = { singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list', 'watch'], shortNames: ['fl'] }
  if (pathname === '/apis' && !isLegacy && headers.accept?.includes('APIGroupDiscoveryList') === true) {
    if (headers['if-none-match'] === '"1"') return response.writeHead(304).end()
    const { namespaced: _namespaced, kind: _kind, singularName: singularResource, ...rest } = resource
    const resources = [{ resource: 'flunders', responseKind: flunder, scope: 'Namespaced', singularResource, ...rest }]
    const items = [{ metadata: { name: group }, versions: [{ version: 'v1', resources, freshness: 'Current' }] }]
    return say({ kind: 'APIGroupDiscoveryList', items }, 200, 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', '"1"')
  }
  if (pathname === `/apis/${group}/v1`)
    return say({
      kind: 'APIResourceList',
      groupVersion: `${group}/v1`,
      resources: [
        { name: 'flunders', ...resource },
        { name: 'flunders/status', ...resource, verbs: ['get'] },
      ],
    })
  if (pathname === '/openapi/v3')
    return say({
      paths: {
        [`apis/${group}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${group}/v1?hash=A` },
        version: { serverRelativeURL: '/openapi/v3/version?hash=B' },
        'apis/other/v1': { serverRelativeURL: '/openapi/v3/apis/other/v1?hash=C' },
      },
    })
  if (pathname === `/openapi/v3/apis/${group}/v1`) return say({ openapi: '3.0.0', paths: {} })
  if (pathname === '/openapi/v2')
    return say({
      paths: {
        [`/apis/${group}/v1/flunders`]: {
          get: { schema: { $ref: '#/definitions/Flunder' }, parameters: [{ $ref: '#/parameters/pretty-1' }] },
        },
        '/apis/other/v1/things': {},
      },
      parameters: { 'pretty-1': { name: 'pretty', in: 'query', type: 'string' } },
      definitions: { Flunder: { type: 'object', description: 'A flunder.' }, Other: { type: 'object' } },
    })
  if (!pathname.endsWith('/flunders')) return say({ kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 }, 404)
  if (!searchParams.has('watch')) return say(asked.method === 'POST' ? JSON.parse(asked.body) : { kind: 'FlunderList', items: [] })
  // No more comes, and no end.
  return response.writeHead(200, { 'content-type': 'application/json' }).write('{"type":"ADDED"}\n')
}
