import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { request } from '#lib/node-http.ts'
import { SpdyConnection } from './spdy-connection.ts'

const maxAnswerBytes = 64 << 10

/**
 * Upgrades a connection to the runtime's streaming server (plain HTTP on the node's loopback, good for one use) to SPDY/3.1. `protocols` in
 * order of preference; the peer's choice comes back. Throws `ServiceUnavailable` when nobody answers, `InternalError` with the peer's words
 * when it refuses.
 */
export function dialSpdy(
  url: string,
  protocols: readonly string[],
  options: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<{ readonly connection: SpdyConnection; readonly protocol: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ connection: SpdyConnection; protocol: string }>()
  const target = new URL(url)
  if (target.protocol !== 'http:')
    return Promise.reject(
      new WherryError('InternalError', `streaming URL of the runtime is ${target.protocol}//, only http:// is understood`),
    )
  const ask = request(target, {
    method: 'POST',
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'SPDY/3.1',
      'content-length': '0',
      'x-stream-protocol-version': [...protocols],
    },
    ...(options.signal && { signal: options.signal }),
  })
  ask.once('upgrade', (answer, socket, head) => {
    socket.setNoDelay(true)
    socket.setTimeout(0)
    const protocol = answer.headers['x-stream-protocol-version']
    resolve({
      connection: new SpdyConnection(socket, { side: 'client', clock: options.clock }, head),
      protocol: Array.isArray(protocol) ? (protocol[0] ?? '') : (protocol ?? ''),
    })
  })
  ask.once('response', (answer) => {
    let text = ''
    answer.setEncoding('utf8')
    answer.on('data', (part: string) => {
      if (text.length < maxAnswerBytes) text += part
    })
    answer.once('close', () => reject(new WherryError('InternalError', text.trim() || `the runtime answered ${answer.statusCode}`)))
  })
  ask.once('error', (cause) =>
    reject(new WherryError('ServiceUnavailable', `cannot reach the runtime's streaming server: ${cause.message}`, { cause })),
  )
  ask.end()
  return promise
}
