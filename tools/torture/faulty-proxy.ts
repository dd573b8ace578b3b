import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and the server, knows only bytes, and breaks connections wherever they are: in the middle of a frame, too. */
export interface FaultyProxy {
  readonly port: number
  /** Ends all connections, without a word. */
  cut(): void
  /** Nothing goes through until `resume`: the server's buffers fill up. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

/** Listens on a free port of the loopback address, and goes on to that one. */
export async function createFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isPaused = false
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const [from, to] of [pair, [upstream, client]] as const) {
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => {
        if (!isPaused) from.resume()
      })
      // An error is always followed by the close, which is what counts.
      from.on('error', () => undefined)
      from.on('close', end)
    }
    if (isPaused) for (const socket of pair) socket.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      for (const [client, upstream] of [...pairs]) {
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
    },
    pause() {
      isPaused = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    resume() {
      isPaused = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    async close() {
      for (const pair of [...pairs]) for (const socket of pair) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
