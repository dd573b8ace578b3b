import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { WherryError } from '#lib/errors.ts'

type Handler = (message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array | undefined>

/** How long a TCP client may be silent (RFC 7766 leaves it to the server), and how many there may be. */
const idleMs = 10_000
const mostConnections = 256

/** Serves DNS on one address, UDP and TCP. */
export async function listenDns(
  address: string,
  port: number,
  handler: Handler,
  onError: (error: unknown) => void,
): Promise<{ close: () => Promise<void> }> {
  const udp = createSocket('udp4')
  udp.on('message', (message, from) => {
    handler(message, 'udp').then((answer) => answer && udp.send(answer, from.port, from.address), onError)
  })
  const tcp = createServer((socket) => serveStream(socket, handler, onError))
  tcp.maxConnections = mostConnections
  await Promise.all([
    new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, address, resolve)),
    new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, address, resolve)),
  ])
  udp.on('error', onError)
  tcp.on('error', onError)
  return {
    async close() {
      await Promise.all([new Promise<void>((resolve) => udp.close(resolve)), new Promise((resolve) => tcp.close(resolve))])
    },
  }
}

/** Each message stands behind its length in two bytes (RFC 1035, 4.2.2). */
function serveStream(socket: Socket, handler: Handler, onError: (error: unknown) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.setTimeout(idleMs, () => socket.destroy())
  // A client that breaks off is its own matter.
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const message = rest.subarray(2, 2 + rest.readUInt16BE(0))
      rest = rest.subarray(2 + message.length)
      handler(message, 'tcp').then((answer) => answer && socket.write(framed(answer)), onError)
    }
  })
}

/** One question to one server, `address` or `address:port`. */
export function exchangeDns(server: string, message: Uint8Array, transport: 'udp' | 'tcp', timeoutMs = 2_000): Promise<Uint8Array> {
  const [address, port = '53'] = server.split(':') as [string, string?]
  const late = () => new WherryError('Timeout', `name server ${server} gave no answer within ${timeoutMs} ms`)
  return new Promise((resolve, reject) => {
    if (transport === 'udp') {
      // A socket for each question: a port that nobody can guess (RFC 5452).
      const socket = createSocket('udp4')
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
      socket.on('message', (answer, from) => {
        if (from.address === address && answer[0] === message[0] && answer[1] === message[1]) done(undefined, answer)
      })
      // A network that cannot be reached is told to the callback; to send all the same would throw where nobody catches.
      socket.connect(Number(port), address, (error?: Error) => (error ? done(error) : socket.send(message)))
      return
    }
    let rest: Buffer = Buffer.alloc(0)
    const socket = connect(Number(port), address, () => socket.write(framed(message)))
    socket.setTimeout(timeoutMs, () => socket.destroy(late()))
    socket.once('error', reject)
    // A server may hang up in the middle of its answer.
    socket.once('close', () => reject(new WherryError('ServiceUnavailable', `name server ${server} hung up without an answer`)))
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      if (rest.length < 2 || rest.length < 2 + rest.readUInt16BE(0)) return
      resolve(rest.subarray(2, 2 + rest.readUInt16BE(0)))
      socket.destroy()
    })
  })
}

function framed(message: Uint8Array): Uint8Array {
  const out = Buffer.alloc(2 + message.length)
  out.writeUInt16BE(message.length, 0)
  out.set(message, 2)
  return out
}
