import type { IncomingMessage } from 'node:http'
import { type Duplex, pipeline } from 'node:stream'
import { readBody } from '#lib/http.ts'
import { STATUS_CODES } from '#lib/node-http.ts'

/** Answers the client's upgrade as the backend did, then carries bytes both ways with back-pressure until either side ends. */
export function relay(client: Duplex, clientHead: Uint8Array, backend: Duplex, backendHead: Uint8Array, response: IncomingMessage): void {
  client.write(headOf(101, response.rawHeaders))
  if (backendHead.length > 0) client.write(backendHead)
  if (clientHead.length > 0) backend.write(clientHead)
  const end = () => {
    client.destroy()
    backend.destroy()
  }
  // The backend's end ends both, once the client has what was sent. The client's end is only passed on, for a command may still answer.
  pipeline(backend, client, end)
  pipeline(client, backend, (error) => {
    if (error) end()
  })
}

/**
 * Gives the client the backend's refusal and closes: after a failed upgrade the connection must never carry on, or the client's next bytes
 * would reach the backend with our credentials (CVE-2018-1002105). `bodySizeMaxBytes` of the answer are passed on, the rest is cut off.
 */
export async function refuseUpgrade(client: Duplex, response: IncomingMessage, bodySizeMaxBytes = 64 * 1024): Promise<void> {
  const body = await readUpTo(response, bodySizeMaxBytes)
  response.destroy()
  const type = response.headers['content-type']
  answerAndClose(client, response.statusCode ?? 500, type ?? 'text/plain; charset=utf-8', body)
}

/** A whole HTTP/1.1 answer on a connection that wanted to upgrade. */
export function answerAndClose(client: Duplex, status: number, contentType: string, body: Uint8Array): void {
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.byteLength), 'Connection', 'close']
  client.end(Buffer.concat([headOf(status, headers), body]), () => client.destroy())
}

/** Names and values alternate. */
function headOf(status: number, headers: readonly string[]): Buffer {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

async function readUpTo(response: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  async function* limited() {
    let left = limitBytes
    for await (const chunk of response as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, left)
      left -= chunk.length
      if (left <= 0) return
    }
  }
  return readBody(limited())
}
