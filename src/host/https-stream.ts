import { Agent, type RequestOptions, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { WherryError } from '#lib/errors.ts'
import type { HttpsStream, HttpsStreamAnswer, HttpsStreamRequest } from '#lib/https-stream.ts'
import { inGoWords } from './outbound.ts'

/**
 * Streams over sockets, HTTP/1.1. Connections are kept for the next request to the same peer with the same credentials, at most `idleMax` of
 * them a peer; one that was upgraded belongs to whoever asked for it.
 */
export function createHttpsStream({ idleMax = 16 }: { readonly idleMax?: number } = {}): HttpsStream & { close(): void } {
  const agent = new Agent({
    keepAlive: true,
    maxFreeSockets: idleMax,
    maxTotalSockets: 4096,
    maxCachedSessions: 100,
    timeout: idleMs,
    ALPNProtocols: ['http/1.1'],
  })
  const stream = async (wanted: HttpsStreamRequest): Promise<HttpsStreamAnswer> => {
    try {
      return await once(wanted, agent)
    } catch (error) {
      // A kept connection may have been closed by the peer just as we took it. Only what asks nothing of the peer may be said twice, and then on
      // a connection of its own: others that are kept may be no better, where the peer began anew.
      if (error instanceof StaleConnection && repeatable.has(wanted.method)) return await once(wanted, false)
      throw error instanceof StaleConnection ? new WherryError('ServiceUnavailable', 'EOF', { cause: error }) : error
    }
  }
  return Object.assign(stream, { close: () => agent.destroy() })
}

const idleMs = 90_000
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS'])

class StaleConnection extends Error {}

function once(wanted: HttpsStreamRequest, agent: Agent | false): Promise<HttpsStreamAnswer> {
  const { host, port, serverName, body, signal } = wanted
  const isUpgrade = wanted.headers['upgrade'] !== undefined
  const options: RequestOptions = {
    host,
    port,
    method: wanted.method,
    path: wanted.path,
    headers: { ...wanted.headers, ...(body !== undefined && { 'content-length': String(body.byteLength) }) } as Record<string, string[]>,
    // What is upgraded is never given back.
    agent: isUpgrade ? false : agent,
    minVersion: 'TLSv1.2',
    // An address is no server name (RFC 6066); the certificate is checked against it all the same.
    servername: isIP(serverName) === 0 ? serverName : '',
    ...(wanted.caBundle !== undefined && { ca: wanted.caBundle }),
    ...(wanted.certificate !== undefined && { cert: wanted.certificate }),
    ...(wanted.key !== undefined && { key: wanted.key }),
    rejectUnauthorized: wanted.insecureSkipTlsVerify !== true,
    maxHeaderSize: headMaxBytes,
  }
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(reasonOf(signal))
    const request = requestHttps(options)
    const abort = () => request.destroy(reasonOf(signal!))
    const forget = () => signal?.removeEventListener('abort', abort)
    signal?.addEventListener('abort', abort, { once: true })
    // A watch is silent for long.
    request.setTimeout(0)
    request.on('error', (error: NodeJS.ErrnoException) => {
      forget()
      const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      if (error instanceof WherryError) reject(error)
      else reject(isStale ? new StaleConnection(error.message, { cause: error }) : inGoWords(error, host, port))
    })
    request.once('response', (response) => {
      response.once('close', forget)
      resolve({ upgraded: false, response })
    })
    request.once('upgrade', (response, socket, head) => {
      forget()
      resolve({ upgraded: true, response, socket, head })
    })
    request.end(body)
  })
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof WherryError ? signal.reason : new WherryError('Timeout', 'context canceled', { cause: signal.reason })

/** Largest head of an answer: an extension may be anybody's program. */
const headMaxBytes = 64 * 1024
