import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { connect, createServer, isIPv6, type Socket } from 'node:net'
import { WherryError } from '#lib/errors.ts'
import type { DnsHandler } from '#network/dns/name-server.ts'
import { parseServer } from '#network/dns/server-address.ts'

/** How much waits in the kernel while the process does something else: a burst of some thousand questions. The kernel may give less. */
const receiveBytes = 1 << 20

/** Bounds of the streams that clients open. */
export interface StreamBounds {
  /** How long a client may be silent between questions (RFC 7766, 6.2.3, leaves it to the server), and how long one question may take to come. */
  readonly idleMs: number
  readonly questionMs: number
  readonly connectionsMax: number
  readonly connectionsOfOneMax: number
  /** Questions of one connection that are worked on at a time; the next are not read before. */
  readonly pipelinedMax: number
  /** Answers that a client does not take up; with more it is hung up on. */
  readonly unsentBytesMax: number
}

const usualBounds: StreamBounds = {
  idleMs: 10_000,
  questionMs: 5_000,
  connectionsMax: 512,
  connectionsOfOneMax: 64,
  pipelinedMax: 64,
  unsentBytesMax: 256 * 1024,
}

/** Serves DNS on one address of either family, UDP and TCP. A port of 0 is any that is free. */
export async function listenDns(
  address: string,
  port: number,
  handler: DnsHandler,
  onError: (error: unknown) => void,
  bounds: StreamBounds = usualBounds,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const streams = createStreams(handler, onError, bounds)
  await new Promise<void>((resolve, reject) => streams.server.once('error', reject).listen(port, address, resolve))
  const bound = (streams.server.address() as { port: number }).port
  let udp: DatagramSocket
  try {
    udp = await openDatagrams(address, bound, handler, onError)
  } catch (error) {
    streams.server.close()
    throw error
  }
  streams.server.removeAllListeners('error').on('error', onError)
  return {
    port: bound,
    async close() {
      await Promise.all([new Promise<void>((resolve) => udp.close(resolve)), streams.close()])
    },
  }
}

async function openDatagrams(
  address: string,
  port: number,
  handler: DnsHandler,
  onError: (error: unknown) => void,
): Promise<DatagramSocket> {
  const isV6 = isIPv6(address)
  const udp = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ...(isV6 && { ipv6Only: true }),
    // Answers go to addresses, which need no looking up: a step less for each.
    lookup: (host, _options, callback) => callback(null, host, isV6 ? 6 : 4),
  })
  udp.on('message', (message, from) => {
    try {
      const answer = handler(message, { transport: 'udp', address: from.address })
      // Whether a client still hears its answer is its own matter: without a callback nothing is told.
      if (answer instanceof Promise) answer.then((later) => later && udp.send(later, from.port, from.address)).catch(onError)
      else if (answer !== undefined) udp.send(answer, from.port, from.address)
    } catch (error) {
      onError(error)
    }
  })
  await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, address, resolve))
  udp.removeAllListeners('error').on('error', onError)
  udp.setRecvBufferSize(receiveBytes)
  return udp
}

interface Streams {
  readonly server: ReturnType<typeof createServer>
  close(): Promise<void>
}

function createStreams(handler: DnsHandler, onError: (error: unknown) => void, bounds: StreamBounds): Streams {
  const open = new Set<Socket>()
  const ofClient = new Map<string, number>()
  // A client may end its side behind its last question, and wants the answer all the same.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const address = socket.remoteAddress
    const already = ofClient.get(address ?? '') ?? 0
    if (address === undefined || already >= bounds.connectionsOfOneMax) {
      socket.destroy()
      return
    }
    ofClient.set(address, already + 1)
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      const left = ofClient.get(address)! - 1
      if (left === 0) ofClient.delete(address)
      else ofClient.set(address, left)
    })
    serveStream(socket, address, handler, onError, bounds)
  })
  server.maxConnections = bounds.connectionsMax
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** Each message stands behind its length in two bytes (RFC 1035, 4.2.2); answers may come in any order (RFC 7766, 7). */
function serveStream(
  socket: Socket,
  address: string,
  handler: DnsHandler,
  onError: (error: unknown) => void,
  { idleMs, questionMs, pipelinedMax, unsentBytesMax }: StreamBounds,
): void {
  let chunks: Buffer[] = []
  let waitingBytes = 0
  let working = 0
  let isEnded = false
  let late: ReturnType<typeof setTimeout> | undefined
  socket.setTimeout(idleMs, () => socket.destroy())
  // A client that breaks off is its own matter.
  socket.on('error', () => socket.destroy())
  socket.once('close', () => clearTimeout(late))
  socket.on('end', () => {
    isEnded = true
    endWhenDone()
  })
  socket.on('data', (bytes: Buffer) => {
    chunks.push(bytes)
    waitingBytes += bytes.length
    read()
  })

  function read(): void {
    while (working < pipelinedMax && !socket.destroyed) {
      if (waitingBytes < 2) break
      if (chunks.length > 1 && (chunks[0]!.length < 2 || waitingBytes >= 2 + chunks[0]!.readUInt16BE(0))) chunks = [Buffer.concat(chunks)]
      const [first] = chunks as [Buffer]
      if (first.length < 2 || first.length < 2 + first.readUInt16BE(0)) break
      const end = 2 + first.readUInt16BE(0)
      chunks[0] = first.subarray(end)
      waitingBytes -= end
      clearTimeout(late)
      late = undefined
      take(first.subarray(2, end))
    }
    if (socket.destroyed) return
    // Who sends faster than it is answered waits in the kernel.
    if (working >= pipelinedMax) socket.pause()
    else if (socket.isPaused()) socket.resume()
    // A question that comes byte by byte would keep the connection for ever.
    if (waitingBytes > 0 && working < pipelinedMax) late ??= setTimeout(() => socket.destroy(), questionMs)
    endWhenDone()
  }

  function take(message: Buffer): void {
    working += 1
    try {
      const answer = handler(message, { transport: 'tcp', address })
      if (answer instanceof Promise) answer.then(give, failed).then(read).catch(onError)
      else give(answer)
    } catch (error) {
      failed(error)
    }
  }

  function give(answer: Uint8Array | undefined): void {
    working -= 1
    if (answer === undefined || socket.destroyed) return
    socket.write(framed(answer))
    // Who does not take up its answers is no longer given any.
    if (socket.writableLength > unsentBytesMax) socket.destroy()
  }

  function failed(error: unknown): void {
    working -= 1
    onError(error)
  }

  function endWhenDone(): void {
    if (isEnded && working === 0) socket.end()
  }
}

/** One question to one server, `address` or `address:port`: see `parseServer`. */
export function exchangeDns(server: string, message: Uint8Array, transport: 'udp' | 'tcp', timeoutMs = 2_000): Promise<Uint8Array> {
  const at = parseServer(server)
  if (at === undefined) return Promise.reject(new WherryError('Invalid', `"${server}" is no address of a name server`))
  const { address, port } = at
  const late = () => new WherryError('Timeout', `name server ${server} gave no answer within ${timeoutMs} ms`)
  return new Promise((resolve, reject) => {
    if (transport === 'udp') {
      // A socket for each question: a port that nobody can guess (RFC 5452).
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      const timer = setTimeout(() => done(late()), timeoutMs)
      let isDone = false
      const done = (error: unknown, answer?: Uint8Array): void => {
        if (isDone) return
        isDone = true
        clearTimeout(timer)
        socket.close()
        if (answer) resolve(answer)
        else reject(error)
      }
      socket.on('error', done)
      socket.on('message', (answer) => {
        // Connected: the kernel lets through what this server sent, and nothing else.
        if (answer[0] === message[0] && answer[1] === message[1]) done(undefined, answer)
      })
      // A network that cannot be reached is told to the callback; to send all the same would throw where nobody catches.
      socket.connect(port, address, (error?: Error) => (error ? done(error) : socket.send(message)))
      return
    }
    let rest: Buffer = Buffer.alloc(0)
    const socket = connect(port, address, () => socket.write(framed(message)))
    const timer = setTimeout(() => socket.destroy(late()), timeoutMs)
    socket.once('error', reject)
    // A server may hang up in the middle of its answer.
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new WherryError('ServiceUnavailable', `name server ${server} hung up without an answer`))
    })
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      if (rest.length < 2 || rest.length < 2 + rest.readUInt16BE(0)) return
      resolve(rest.subarray(2, 2 + rest.readUInt16BE(0)))
      socket.destroy()
    })
  })
}

function framed(message: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(2 + message.length)
  out.writeUInt16BE(message.length, 0)
  out.set(message, 2)
  return out
}
