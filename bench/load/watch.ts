import { setTimeout as delay } from 'node:timers/promises'
import { quantiles } from '../support/statistics.ts'
import { type Connections, openConnections } from './connections.ts'
import type { Load, Outcome, Target } from './load.ts'

/** The longest that a watcher may fall behind and still count as one that keeps up. */
const quietMs = 5_000
/** The reference allows 100 streams a connection. */
const watchesPerConnection = 90

/** The delay is from before the write is sent until the event's line is read, so it holds the write's own time. */
export async function watch(target: Target, load: Load & { do: 'watch' }): Promise<Outcome> {
  const { watches, writesPerSecond, seconds, namespace } = load
  const connections = await openConnections(target, Math.ceil(watches / watchesPerConnection))
  const writer = await openConnections(target, 1)
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const sentAt = new Map<string, number>()
  // Names of one run must not meet those of the run before.
  const run = process.hrtime.bigint().toString(36)
  const delays: number[] = []
  let bytes = 0
  let ended = 0
  try {
    await Promise.all(
      Array.from({ length: watches }, (_, i) =>
        follow(connections, i, `${path}?watch=true&resourceVersion=0`, {
          onLine(line, size) {
            bytes += size
            const written = sentAt.get(nameIn(line))
            if (written !== undefined) delays.push(performance.now() - written)
          },
          onEnd: () => (ended += 1),
        }),
      ),
    )
    process.send!({ measuring: true })
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < seconds * writesPerSecond; n += 1) {
      await delay(Math.max(0, startedAt + (n * 1000) / writesPerSecond - performance.now()))
      const name = `w-${run}-${n}`
      sentAt.set(name, performance.now())
      const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"payload":"${'x'.repeat(200)}"}}`
      writes.push(writer.send('POST', path, { body }))
    }
    await Promise.all(writes)
    const expected = writes.length * watches
    // What is late still comes; where nothing came for seconds, nothing will.
    for (let seen = -1, until = 0; delays.length < expected; await delay(20)) {
      if (delays.length > seen) until = performance.now() + quietMs
      else if (performance.now() > until) break
      seen = delays.length
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    const lost = expected - delays.length
    return {
      operations: delays.length,
      seconds: (performance.now() - startedAt) / 1000,
      latencyMs: quantiles(delays),
      cpuSeconds: (user + system) / 1e6,
      bytes,
      lost,
      kept: watches - ended,
    }
  } finally {
    connections.close()
    writer.close()
  }
}

interface Follower {
  onLine(line: string, sizeBytes: number): void
  onEnd(): void
}

/** Resolves when the server has begun to answer: later writes are seen. Asked to come again, as fairness asks many at once, it does, like any client. */
async function follow(connections: Connections, index: number, path: string, follower: Follower): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    if ((await ask(connections, index, path, follower)) === 'taken') return
    if (attempt === attemptsMax) throw new Error(`GET ${path}: refused ${attempt} times with status 429`)
    await delay(1_000)
  }
}

function ask(connections: Connections, index: number, path: string, { onLine, onEnd }: Follower): Promise<'taken' | 'refused'> {
  return new Promise((resolve, reject) => {
    const stream = connections.session(index).request({ ':method': 'GET', ':path': path, accept: 'application/json' })
    let rest = ''
    let isTaken = false
    stream.once('response', ({ ':status': status }) => {
      isTaken = status === 200
      if (isTaken) resolve('taken')
      else if (status === 429) resolve('refused')
      else reject(new Error(`GET ${path}: status ${status}`))
    })
    stream.on('data', (part: Buffer) => {
      if (!isTaken) return
      const lines = (rest + part.toString('latin1')).split('\n')
      rest = lines.pop()!
      for (const line of lines) onLine(line, line.length + 1)
    })
    stream.once('error', reject)
    stream.once('close', () => {
      reject(new Error(`GET ${path}: the server gave the watch up`))
      if (isTaken) onEnd()
    })
  })
}

/** The object's name, without parsing the event. */
function nameIn(line: string): string {
  const at = line.indexOf('"name":"') + 8
  return line.slice(at, line.indexOf('"', at))
}

const attemptsMax = 60
