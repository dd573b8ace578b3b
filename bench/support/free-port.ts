import { once } from 'node:events'
import { createServer } from 'node:net'

/** The first of `count` ports in a row on which nobody listens. */
export async function freePorts(count = 1): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const first = await listenOnce(0)
    if (first === undefined) continue
    const rest = await Promise.all(Array.from({ length: count - 1 }, (_, i) => listenOnce(first + i + 1)))
    if (rest.every((port) => port !== undefined)) return first
  }
  throw new Error(`no ${count} ports in a row are free`)
}

/** Undefined where it cannot be had. */
async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch {
    // Somebody has it.
    return undefined
  }
  const { port: given } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return given
}

const triesMax = 100
