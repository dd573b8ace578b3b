import type { Duplex } from 'node:stream'
import { type HttpResponse, readBody } from '#lib/http.ts'
import { STATUS_CODES } from '#lib/node-http.ts'

/** Answers on the raw connection of a refused HTTP/1.1 upgrade, and ends it. */
export async function writeRawAnswer(socket: Duplex, answer: HttpResponse): Promise<void> {
  const body = await readBody(answer.body, bodyBytes)
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`]
  for (const [name, value] of Object.entries({ ...answer.headers, 'content-length': `${body.byteLength}`, connection: 'close' }))
    for (const each of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${String(each).replace(/[\r\n]/g, ' ')}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  endSoon(socket, body)
}

/** The same of a status alone: `400 Bad Request`. */
export const refuseRaw = (socket: Duplex, status: string): void => endSoon(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)

/** A connection that was only ended would stay for as long as its other side does not end it as well. */
const endSoon = (socket: Duplex, last: Uint8Array | string): void => void socket.end(last, () => socket.destroy())

const bodyBytes = 1024 * 1024
