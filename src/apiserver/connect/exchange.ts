import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { request as httpRequest } from '#lib/node-http.ts'

/** One HTTP/1.1 request over a connection that is there. */
export interface Exchange {
  readonly method: string
  /** Path and query, as they go on the wire. */
  readonly path: string
  readonly host: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

/** An answer, or one with which the connection became the caller's. */
export type ExchangeResult =
  | { readonly upgraded: false; readonly response: IncomingMessage }
  | { readonly upgraded: true; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }

/** Largest head of an answer: a node or pod may be anybody's program. */
const headSizeMaxBytes = 64 * 1024

/** Resolves with the answer's head; the body is still to be read. Redirects are answers like others. The connection ends with the exchange. */
export function exchange(connection: Duplex, { method, path, host, headers, body, signal }: Exchange): Promise<ExchangeResult> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method,
      path,
      headers: { ...headers, host } as Record<string, string | string[]>,
      // No agent, not even `agent: false`: any agent would leave this connection aside and dial on its own.
      createConnection: () => connection,
      setDefaultHeaders: false,
      maxHeaderSize: headSizeMaxBytes,
      ...(signal !== undefined && { signal }),
    })
    const fail = (error: Error) => {
      connection.destroy()
      reject(error)
    }
    request.on('error', fail)
    request.on('response', (response) => {
      response.on('close', () => connection.destroy())
      resolve({ upgraded: false, response })
    })
    request.on('upgrade', (response, socket, head) => resolve({ upgraded: true, response, socket, head }))
    request.end(body)
  })
}
