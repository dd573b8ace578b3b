import { type ClientHttp2Session, connect } from 'node:http2'

/** JSON over one HTTP/2 connection, as a member of `system:masters`. */
export interface ApiClient {
  /** The answer's body; throws with method, path, status and the server's words on any refusal. */
  call<T = unknown>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>
  close(): void
}

/** A connection to an API server with a certificate of its own making: it is on the loopback address, and ours. */
export function createApiClient(port: number, token: string): ApiClient {
  let session: ClientHttp2Session | undefined
  const connected = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
      session.on('error', () => undefined) // Every request on it fails by itself.
      session.setMaxListeners(1_000)
    }
    return session
  }
  return {
    call<T>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const stream = connected().request({
          ':method': method,
          ':path': path,
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': contentType }),
        })
        let status = 0
        const chunks: Buffer[] = []
        stream.on('response', (headers) => {
          status = Number(headers[':status'])
        })
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', reject)
        stream.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (status < 200 || status >= 300) return reject(new ApiError(method, path, status, text))
          try {
            resolve((text.startsWith('{') ? JSON.parse(text) : text) as T)
          } catch (error) {
            reject(error)
          }
        })
        stream.end(body === undefined ? undefined : JSON.stringify(body))
      })
    },
    close: () => session?.close(),
  }
}

/** A refusal, in the server's words. */
export class ApiError extends Error {
  readonly status: number

  constructor(method: string, path: string, status: number, text: string) {
    let message = text.slice(0, 2_000)
    try {
      message = (JSON.parse(text) as { message?: string }).message ?? message
    } catch {
      // Not a Status object: the text says it.
    }
    super(`${method} ${path}: ${status} ${message}`)
    this.name = 'ApiError'
    this.status = status
  }
}
