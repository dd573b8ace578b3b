import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * One exchange with somebody else's HTTPS server whose answer is passed on as it comes: a request that the API server hands to an extension
 * of it. The host has sockets for it. Rejects with `ServiceUnavailable` or `Timeout` in the words of Go's client where no answer came.
 */
export type HttpsStream = (request: HttpsStreamRequest) => Promise<HttpsStreamAnswer>

/** A request whose bodies flow in both directions, and whom to trust with it. */
export interface HttpsStreamRequest {
  readonly host: string
  readonly port: number
  /** The name that the peer's certificate has to bear. */
  readonly serverName: string
  /** PEM of the authorities trusted beside none other. Absent: the machine's own. */
  readonly caBundle?: string
  /** Takes whatever certificate the peer shows. */
  readonly insecureSkipTlsVerify?: boolean
  /** PEM of the client certificate and its key. */
  readonly certificate?: string
  readonly key?: string
  readonly method: string
  /** Path and query, as they go on the wire. */
  readonly path: string
  /** All that are sent but Content-Length. Names in lower case; `upgrade` among them asks for another protocol. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array
  /** Ends the exchange, also while the answer's body is being read. */
  readonly signal?: AbortSignal
}

/** The head of the answer is there, its body is still to be read; or the connection speaks another protocol from here on. */
export type HttpsStreamAnswer =
  | { readonly upgraded: false; readonly response: IncomingMessage }
  | { readonly upgraded: true; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
