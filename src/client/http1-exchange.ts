import type { IncomingMessage } from 'node:http'
import { Agent, request as requestHttps } from 'node:https'
import type { HttpResponse } from '#lib/http.ts'
import type { Exchange, TlsOptions } from './https-transport.ts'

/** One connection a request at a time (RFC 9112), kept open between requests. Watches each hold one, so their number is bounded. */
export function createHttp1Exchange({ server, tls }: { readonly server: URL; readonly tls: TlsOptions }): Exchange {
  const agent = new Agent({ keepAlive: true, maxSockets: 100, maxFreeSockets: 4, ALPNProtocols: ['http/1.1'] })
  let usable = true
  return {
    get usable() {
      return usable
    },
    send({ method, path, headers, body, signal }) {
      return new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(body.byteLength) }
        const request = requestHttps({ ...tls, agent, method, path, headers: { host: server.host, ...headers, ...length }, signal })
        request.on('error', reject)
        request.once('response', (response) => resolve(answer(response)))
        request.end(body)
      })
    },
    retire() {
      usable = false
      // Connections that are free go now, the others once they are.
      agent.maxFreeSockets = 0
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    },
    close: () => agent.destroy(),
  }
}

function answer(response: IncomingMessage): HttpResponse {
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(response.headers)) if (value !== undefined) headers[name] = value
  return { status: response.statusCode!, headers, body: chunks(response) }
}

async function* chunks(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of response) yield chunk as Uint8Array
  if (!response.complete) throw new Error('the server broke the answer off')
}
