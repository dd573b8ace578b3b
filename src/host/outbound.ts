import { getServers } from 'node:dns'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { WherryError } from '#lib/errors.ts'
import type { HttpsExchange, HttpsExchangeRequest, HttpsExchangeResponse } from '#lib/https-exchange.ts'

/**
 * Exchanges over sockets, HTTP/1.1: one connection a request at a time, so that concurrent requests spread over the endpoints of a service.
 * Connections are kept and shared by requests with the same peer and the same credentials, at most `idleMax` of them a peer.
 */
export function createHttpsExchange({ idleMax = 4 }: { readonly idleMax?: number } = {}): HttpsExchange & { close(): void } {
  const options = { keepAlive: true, maxSockets: 256, maxFreeSockets: idleMax, maxTotalSockets: 1024, timeout: idleMs }
  const https = new HttpsAgent({ ...options, maxCachedSessions: 100, ALPNProtocols: ['http/1.1'] })
  const http = new HttpAgent(options)
  const exchange = async (wanted: HttpsExchangeRequest): Promise<HttpsExchangeResponse> => {
    const endMs = performance.now() + wanted.timeoutMs
    try {
      return await once(wanted, https, http)
    } catch (error) {
      // A kept connection may have been closed by the peer just as we took it. Others that are kept may be no better, where the peer began
      // anew: the second time it is a connection of its own, for what is left of the time.
      if (!(error instanceof StaleConnection)) throw error
      return await once({ ...wanted, timeoutMs: Math.max(0, endMs - performance.now()) }, false, false)
    }
  }
  return Object.assign(exchange, {
    close() {
      https.destroy()
      http.destroy()
    },
  })
}

const idleMs = 90_000

/** A kept connection was gone, and the request may be sent again. */
class StaleConnection extends Error {}

/** Requests that may reach the peer twice: those of Go's HTTP client, by their method or because they say that they may. */
const isReplayable = ({ method, headers }: HttpsExchangeRequest): boolean =>
  ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) || 'idempotency-key' in headers || 'x-idempotency-key' in headers

function once(wanted: HttpsExchangeRequest, https: HttpsAgent | false, http: HttpAgent | false): Promise<HttpsExchangeResponse> {
  const url = new URL(wanted.url)
  const isTls = url.protocol === 'https:'
  const host = wanted.connectTo?.host ?? url.hostname.replace(/^\[|\]$/g, '')
  const port = wanted.connectTo?.port ?? Number(url.port || (isTls ? 443 : 80))
  const name = wanted.serverName ?? url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const { body } = wanted
    const common = {
      host,
      port,
      method: wanted.method,
      path: url.pathname + url.search,
      headers: { host: url.host, ...wanted.headers, ...(body !== undefined && { 'content-length': String(body.byteLength) }) },
    }
    const request = isTls
      ? requestHttps({
          ...common,
          agent: https,
          minVersion: 'TLSv1.2',
          // An address is no server name (RFC 6066); the certificate is checked against it all the same.
          servername: isIP(name) === 0 ? name : '',
          ...(wanted.caBundle !== undefined && { ca: wanted.caBundle }),
          ...(wanted.certificate !== undefined && { cert: wanted.certificate }),
          ...(wanted.key !== undefined && { key: wanted.key }),
          rejectUnauthorized: wanted.insecureSkipTlsVerify !== true,
        })
      : requestHttp({ ...common, agent: http })
    let socket: Socket | undefined
    let writtenBefore = 0
    let isAnswered = false
    const finish = () => {
      clearTimeout(late)
      wanted.signal?.removeEventListener('abort', abort)
    }
    const stop = (reason: unknown) => {
      finish()
      reject(reason)
      request.destroy()
    }
    const late = setTimeout(() => stop(new WherryError('Timeout', 'context deadline exceeded')), wanted.timeoutMs)
    const abort = () => stop(wanted.signal?.reason ?? new WherryError('Timeout', 'context canceled'))
    if (wanted.signal?.aborted === true) return abort()
    wanted.signal?.addEventListener('abort', abort, { once: true })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isGone = request.reusedSocket && !isAnswered && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      // Of anything else nobody knows whether the peer did what it was asked; what it was never sent, it did not do.
      const isStale = isGone && (isReplayable(wanted) || socket === undefined || socket.bytesWritten === writtenBefore)
      stop(isStale ? new StaleConnection(error.message, { cause: error }) : inGoWords(error, host, port))
    })
    request.once('socket', (taken) => {
      socket = taken
      writtenBefore = taken.bytesWritten
    })
    request.once('response', (response) => {
      isAnswered = true
      read(response, wanted.bodyMaxBytes).then((bytes) => {
        finish()
        resolve({ status: response.statusCode!, headers: headersOf(response), body: bytes })
      }, stop)
    })
    request.end(body)
  })
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const part of response as AsyncIterable<Uint8Array>) {
      sizeBytes += part.byteLength
      if (sizeBytes > maxBytes) throw new WherryError('ServiceUnavailable', `the answer is longer than ${maxBytes} bytes`)
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof WherryError) throw error
    throw new WherryError('ServiceUnavailable', 'unexpected EOF', { cause: error })
  }
  if (!response.complete) throw new WherryError('ServiceUnavailable', 'unexpected EOF')
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]))

/** What happened, as Go's HTTP client would say it: clients of the API read these words and look for them. */
export function inGoWords(problem: NodeJS.ErrnoException, host: string, port: number): WherryError {
  // A name with several addresses fails with all their failures.
  const error = problem instanceof AggregateError ? (problem.errors[0] as NodeJS.ErrnoException) : problem
  const { code = '' } = error
  // Of a name it is told where it led.
  const at = (error as { readonly address?: string }).address ?? host
  const peer = at.includes(':') ? `[${at}]:${port}` : `${at}:${port}`
  const connecting = connectProblems[code]
  const say = (message: string) => new WherryError('ServiceUnavailable', message, { cause: error })
  if (connecting !== undefined && error.syscall === 'connect') return say(`dial tcp ${peer}: connect: ${connecting}`)
  if (error.syscall === 'getaddrinfo') {
    const [server] = getServers()
    return say(
      `dial tcp: lookup ${host}${server === undefined ? '' : ` on ${server.includes(':') ? server : `${server}:53`}`}: no such host`,
    )
  }
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return say(error.message === 'socket hang up' ? 'EOF' : `read tcp ${peer}: read: connection reset by peer`)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return say(`tls: failed to verify certificate: x509: ${altName(error)}`)
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return say('tls: failed to verify certificate: x509: certificate has expired or is not yet valid')
  if (unknownAuthority.has(code)) return say('tls: failed to verify certificate: x509: certificate signed by unknown authority')
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') return say('tls: first record does not look like a TLS handshake')
  return say(error.message)
}

function altName(error: Error): string {
  const { host = '', cert } = error as { readonly host?: string; readonly cert?: { readonly subjectaltname?: string } }
  const names = (cert?.subjectaltname ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''))
  if (isIP(host) !== 0 && !(cert?.subjectaltname ?? '').includes('IP Address:'))
    return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
  return `certificate is valid for ${names.join(', ')}, not ${host}`
}

const connectProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ECONNRESET: 'connection reset by peer',
}
const unknownAuthority = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])
