import { type ClientHttp2Session, connect } from 'node:http2'
import type { Target } from './load.ts'

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** What a request carries beside its method and path. */
export interface Sent {
  readonly body?: string
  readonly accept?: string
  /** Default: JSON. */
  readonly contentType?: string
}

/** HTTP/2 connections with the client certificate, used in turn. */
export interface Connections {
  send(method: string, path: string, sent?: Sent): Promise<Answer>
  session(index: number): ClientHttp2Session
  close(): void
}

/** Opens so many HTTP/2 connections with a client certificate. Rejects where the server cannot be reached. */
export async function openConnections(target: Target, count: number): Promise<Connections> {
  const sessions = await Promise.all(Array.from({ length: count }, () => open(target)))
  let next = 0
  return {
    send: (method, path, sent = {}) => exchange(sessions[next++ % count]!, method, path, sent),
    session: (index) => sessions[index % count]!,
    close() {
      for (const session of sessions) session.destroy()
    },
  }
}

const windowBytes = 16 * 1024 * 1024

function open({ url, ca, certificate, key }: Target): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(url, { ca, cert: certificate, key, settings: { initialWindowSize: windowBytes, enablePush: false } })
    session.once('connect', () => {
      session.setLocalWindowSize(windowBytes)
      session.off('error', reject)
      resolve(session)
    })
    session.once('error', reject)
  })
}

function exchange(
  session: ClientHttp2Session,
  method: string,
  path: string,
  { body, accept = 'application/json', contentType = 'application/json' }: Sent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ':method': method, ':path': path, accept, ...(body !== undefined && { 'content-type': contentType }) }
    const stream = session.request(headers, { endStream: body === undefined })
    const parts: Buffer[] = []
    let status = 0
    stream.once('response', (answered) => (status = Number(answered[':status'])))
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.once('end', () => resolve({ status, body: parts.length === 1 ? parts[0]! : Buffer.concat(parts) }))
    stream.once('error', reject)
    // Too late to matter after an end or an error.
    stream.once('close', () => reject(new Error(`${method} ${path}: the server gave the request up`)))
    if (body !== undefined) stream.end(body)
  })
}
