/**
 * What runs in the pods of `wherry network check`: Node and this file alone, so it imports nothing of ours. As `target` it answers, as `asker` it
 * asks what the variable ASKS holds, prints a line of JSON for each answer, and ends.
 */
import { createSocket, type Socket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { connect, createServer, isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** One thing to try. */
export interface Ask {
  readonly id: string
  /** `tcp`: a connection, whose answer is who we seem to be; `open`: a connection; `udp`: a datagram and back; `full`: one of the interface's whole size; `dns`: a name. */
  readonly do: 'tcp' | 'open' | 'udp' | 'full' | 'dns'
  /** Of `dns`: the name. */
  readonly to: string
  readonly port: number
}

/** What came of it. */
export interface Answer {
  readonly id: string
  /** '' when it went well. */
  readonly problem: string
  /** Of `tcp` the address that the other side saw, of `dns` the addresses. */
  readonly seen?: readonly string[]
  readonly sizeBytes?: number
}

const tries = 3
/** Between two: an answer that somebody is not there may be a moment old. */
const pauseMs = 500
const timeoutMs = 2_000
/** Asked at the same time. */
const atOnce = 16
/** IP and UDP headers. */
const headerBytes = { v4: 28, v6: 48 }

function answerAll(port: number): void {
  // The first process of a container gets no signal that it does not ask for.
  process.on('SIGTERM', () => process.exit(0))
  createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(plain(socket.remoteAddress ?? ''))
  }).listen(port)
  const sockets = [createSocket('udp4'), createSocket({ type: 'udp6', ipv6Only: true })]
  for (const socket of sockets) {
    // A pod without IPv6 has one of them only.
    socket.on('error', () => socket.close())
    socket.on('message', (message, from) => socket.send(message, from.port, from.address))
    socket.bind(port)
  }
}

async function askAll(asks: readonly Ask[]): Promise<void> {
  const waiting = [...asks]
  const worker = async (): Promise<void> => {
    for (let ask = waiting.shift(); ask !== undefined; ask = waiting.shift()) console.log(JSON.stringify(await insist(ask)))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** One lost packet says nothing. */
async function insist(ask: Ask): Promise<Answer> {
  for (let left = tries; ; left -= 1) {
    try {
      return { id: ask.id, problem: '', ...(await once(ask)) }
    } catch (error) {
      if (left === 1) return { id: ask.id, problem: (error as Error).message }
      await delay(pauseMs)
    }
  }
}

async function once({ do: what, to, port }: Ask): Promise<Partial<Answer>> {
  if (what === 'dns') return { seen: await resolve(to) }
  if (what === 'udp') return exchange(to, port, Buffer.from('wherry'))
  if (what === 'full') return exchange(to, port, Buffer.alloc(mtu() - (isIPv6(to) ? headerBytes.v6 : headerBytes.v4), 'w'))
  return { seen: [await dial(to, port, what === 'tcp')] }
}

function dial(host: string, port: number, isAnswered: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect({ host, port }, () => {
      if (!isAnswered) socket.destroy()
    })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    socket.on('data', (bytes) => {
      said += bytes.toString()
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(plain(said)))
  })
}

function exchange(host: string, port: number, message: Buffer): Promise<Partial<Answer>> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const end = (error?: Error | null): void => {
      clearTimeout(timer)
      socket.close()
      if (error) reject(error)
      else resolve({ sizeBytes: message.length })
    }
    const timer = setTimeout(() => end(new Error(`no answer within ${timeoutMs / 1000} s to ${message.length} bytes`)), timeoutMs)
    socket.once('error', end)
    socket.once('message', (answer) => end(answer.equals(message) ? undefined : new Error('another answer than what was sent')))
    socket.send(message, port, host, (error) => {
      if (error) end(error)
    })
  })
}

async function resolve(name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (addresses.length > 0) return addresses
  const [first] = found
  throw first?.status === 'rejected' ? first.reason : new Error('no address')
}

function mtu(): number {
  return Number(readFileSync('/sys/class/net/eth0/mtu', 'utf8'))
}

/** An IPv4 client at an IPv6 socket is shown as one of IPv6. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

// Last, when everything above is there.
if (process.argv[2] === 'target') answerAll(Number(process.env['PORT']))
if (process.argv[2] === 'asker') await askAll(JSON.parse(process.env['ASKS'] ?? '[]') as Ask[])
