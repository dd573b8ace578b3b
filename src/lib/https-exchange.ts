/** One exchange with somebody else's HTTP server: a webhook, an aggregated API server, an issuer of tokens. The host has sockets for it, a simulation a table. */
export type HttpsExchange = (request: HttpsExchangeRequest) => Promise<HttpsExchangeResponse>

/** One request to a server that is not ours (a webhook, an issuer of tokens), and how to trust it. */
export interface HttpsExchangeRequest {
  /** Whole, `https:` or `http:`. Its host is what the Host header and (without `serverName`) the certificate are about. */
  readonly url: string
  /** Where to connect instead of the URL's own host and port. */
  readonly connectTo?: { readonly host: string; readonly port: number }
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** PEM of the authorities trusted beside none other. Absent: the machine's own. */
  readonly caBundle?: string
  /** Takes whatever certificate the peer shows. */
  readonly insecureSkipTlsVerify?: boolean
  /** The name that the peer's certificate has to bear, where it is not the URL's host. */
  readonly serverName?: string
  /** PEM of the client certificate and its key. */
  readonly certificate?: string
  readonly key?: string
  /** For the whole exchange, the body read to its end included. */
  readonly timeoutMs: number
  /** An answer above is refused. */
  readonly bodyMaxBytes: number
  readonly signal?: AbortSignal
}

/** Its answer, read to its end. */
export interface HttpsExchangeResponse {
  readonly status: number
  /** Names in lower case; of repeated headers, all values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}
