import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encode } from 'dns-packet'
import { quantiles } from '../support/statistics.ts'

/** What became of a load of questions. */
export interface DnsOutcome {
  readonly perSecond: number
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly answered: number
  readonly lost: number
}

/** A datagram that got no answer within this time is lost, and its place is given to the next. */
const lostMs = 1_000

/**
 * Asks over one UDP socket, `window` questions on their way at a time, for so many seconds; the first fifth warms up and does not count. `names` gives the name of
 * each question by its number.
 */
export async function loadDns(port: number, names: (n: number) => string, window: number, seconds: number): Promise<DnsOutcome> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) })
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  // Made before, so that what is measured is not their making.
  const messages = Array.from({ length: 4_096 }, (_, n) =>
    encode({ type: 'query', id: 0, flags: 0x0100, questions: [{ type: 'A', name: names(n) }] }),
  )
  const sentAt = new Float64Array(65_536)
  const latencies: number[] = []
  let n = 0
  let lost = 0
  const startedAt = performance.now()
  const countFrom = startedAt + seconds * 200
  const until = startedAt + seconds * 1_000
  const send = (): void => {
    const id = n & 0xffff
    const message = Buffer.from(messages[n % messages.length]!)
    n += 1
    message.writeUInt16BE(id, 0)
    sentAt[id] = performance.now()
    socket.send(message)
  }
  const done = Promise.withResolvers<void>()
  socket.on('message', (answer) => {
    const id = answer.readUInt16BE(0)
    const now = performance.now()
    const sent = sentAt[id]!
    if (sent === 0) return
    sentAt[id] = 0
    if (now > countFrom) latencies.push(now - sent)
    if (now < until) send()
    else done.resolve()
  })
  const lookForLost = setInterval(() => {
    const now = performance.now()
    if (now > until + lostMs) return done.resolve()
    for (let id = 0; id < sentAt.length; id += 1)
      if (sentAt[id]! > 0 && now - sentAt[id]! > lostMs) {
        sentAt[id] = 0
        lost += 1
        if (now < until) send()
      }
  }, 100)
  for (let i = 0; i < window; i += 1) send()
  await done.promise
  clearInterval(lookForLost)
  socket.close()
  return { perSecond: latencies.length / (seconds * 0.8), latencyMs: quantiles(latencies), answered: latencies.length, lost }
}
