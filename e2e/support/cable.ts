/** A cable between clients and a server that can be pulled: bytes are handed through untouched until it is. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Cable {
  readonly port: number
  /** Breaks every connection; new ones are let through. */
  cut(): void
  /** Breaks every connection and refuses new ones until `join`. */
  pull(): void
  join(): void
  close(): Promise<void>
}

export async function layCable(to: number): Promise<Cable> {
  const sockets = new Set<Socket>()
  let pulled = false
  const server = createServer((near) => {
    if (pulled) return void near.destroy()
    const far = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      // A reset is what this is for: both ends learn of it by the socket's end.
      one.on('error', () => other.destroy())
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    cut,
    pull() {
      pulled = true
      cut()
    },
    join() {
      pulled = false
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
