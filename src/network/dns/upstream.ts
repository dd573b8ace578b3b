import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { flags, headerBytes, rcodes, types } from './numbers.ts'
import { keyOf } from './query.ts'
import { type Response, readResponse } from './response.ts'
import { datagramBytes } from './stored-answer.ts'

/** One exchange with one name server, `address` or `address:port`; rejects when it gives no answer within `timeoutMs`. */
export type DnsExchange = (server: string, message: Uint8Array, transport: 'udp' | 'tcp', timeoutMs: number) => Promise<Uint8Array>

/** What is asked: a question and what its answer depends on. */
export interface Question {
  readonly key: string
  readonly isDnssecOk: boolean
  readonly isCheckingDisabled: boolean
}

/** Name servers that know the same, and in which order they are asked. */
export interface Upstream {
  readonly servers: readonly string[]
  /** Undefined: no server answered. A failure that a server tells of is an answer. */
  ask(question: Question): Promise<Response | undefined>
  /** Whether a question with this key is our own, come back: a server that we ask asks us. */
  isOwnProbe(key: string): boolean
  close(): void
}

export interface UpstreamOptions {
  /** In the order in which they are preferred. */
  readonly servers: readonly string[]
  readonly exchange: DnsExchange
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly answered?: (server: string, rcode: number, seconds: number) => void
  readonly failed?: (server: string) => void
}

/** What an attempt may take, and all of them: resolvers of clients ask again after 5 s. */
const attemptMs = 2_000
const questionMs = 4_500
const attemptsMax = 4
/** When the next server is asked beside one that is still silent: four times what it usually takes. */
const [patienceMinMs, patienceMaxMs, patienceAtFirstMs] = [100, 1_000, 400]
/** So many silences in a row, and a server is taken to be down. */
const silencesMax = 3
const retry: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 5_000, jitter: 0.2 }
/** A server that asks us is left alone for so long. */
const loopMs = 60_000

interface Server {
  readonly name: string
  /** Attempts in a row without an answer. */
  silences: number
  /** While it is silent: when the next question goes to it first. Like the others by what passes, whatever becomes of the time of day. */
  retryAtMs: number
  answeredAtMs: number
  usualMs: number
  knowsEdns: boolean
  loopUntilMs: number
  isProbed: boolean
}

/**
 * Asks name servers that know the same, the first that is well first. One that is silent for longer than usual is not waited for: the next is
 * asked beside it, and the first answer counts. A silent server gets a question only now and then, until it answers again; while all are down,
 * other questions fail at once instead of each waiting in vain.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { exchange, clock, random, log } = options
  const servers = options.servers.map(
    (name): Server => ({
      name,
      silences: 0,
      retryAtMs: 0,
      answeredAtMs: -1,
      usualMs: patienceAtFirstMs / 4,
      knowsEdns: true,
      loopUntilMs: 0,
      isProbed: false,
    }),
  )
  const probes = new Map<string, Server>()
  const ends = new Set<() => void>()

  function order(): Server[] {
    const nowMs = clock.monotonicMs()
    const able = servers.filter((server) => nowMs >= server.loopUntilMs)
    const well = able.filter(({ silences, retryAtMs }) => silences === 0 || nowMs >= retryAtMs)
    // One question at a time finds out whether a silent server is back.
    for (const server of well) if (server.silences > 0) server.retryAtMs = nowMs + attemptMs
    const ill = able.filter((server) => !well.includes(server) && (well.length > 0 || server.silences < silencesMax))
    const once = [...well, ...ill]
    return [...once, ...once].slice(0, attemptsMax)
  }

  function ask(question: Question): Promise<Response | undefined> {
    const line = order()
    if (line.length === 0) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      let next = 0
      let running = 0
      let told: Response | undefined
      let isDone = false
      let forgetPatience = (): void => {}
      const end = (response: Response | undefined): void => {
        if (isDone) return
        isDone = true
        forgetPatience()
        forgetEnd()
        ends.delete(giveUp)
        resolve(response)
      }
      const giveUp = (): void => end(told)
      const forgetEnd = clock.schedule(clock.now() + questionMs, giveUp)
      ends.add(giveUp)
      const askNext = (): void => {
        forgetPatience()
        if (isDone) return
        const server = line[next]
        if (server === undefined) {
          if (running === 0) giveUp()
          return
        }
        next += 1
        running += 1
        if (next < line.length) {
          const patienceMs = Math.min(Math.max(4 * server.usualMs, patienceMinMs), patienceMaxMs)
          forgetPatience = clock.schedule(clock.now() + patienceMs, askNext)
        }
        attempt(server, question).then((response) => {
          running -= 1
          // A server that cannot or will not say is no reason not to ask another (RFC 2308, 7).
          const isWord = response !== undefined && (response.rcode === rcodes.NOERROR || response.rcode === rcodes.NXDOMAIN)
          if (isWord) return end(response)
          told = response ?? told
          askNext()
        })
      }
      askNext()
    })
  }

  /** Never rejects: what went wrong is noted of the server. */
  async function attempt(server: Server, question: Question): Promise<Response | undefined> {
    // Found out since this question began.
    if (clock.monotonicMs() < server.loopUntilMs) return undefined
    if (!server.isProbed) probe(server)
    const startedMs = clock.monotonicMs()
    try {
      let response = await exchangeOnce(server, question, server.knowsEdns)
      if (response !== undefined && server.knowsEdns && !response.hasOpt && isUnaware(response.rcode)) {
        // A server from before EDNS (RFC 6891, 6.2.2).
        server.knowsEdns = false
        response = await exchangeOnce(server, question, false)
      }
      const tookMs = clock.monotonicMs() - startedMs
      if (response === undefined) throw new Error('the answer was none to the question')
      server.usualMs = 0.75 * server.usualMs + 0.25 * tookMs
      server.answeredAtMs = clock.monotonicMs()
      if (server.silences >= silencesMax) log.info('a name server answers again', { server: server.name })
      server.silences = 0
      options.answered?.(server.name, response.rcode, tookMs / 1000)
      return response
    } catch (error) {
      options.failed?.(server.name)
      // Others were answered meanwhile: one message was lost.
      if (server.answeredAtMs > startedMs) return undefined
      server.silences += 1
      server.retryAtMs = clock.monotonicMs() + backoff(retry, server.silences - 1, random)
      if (server.silences === silencesMax) log.warn('a name server gives no answers; others are asked', { server: server.name, error })
      return undefined
    }
  }

  async function exchangeOnce(server: Server, question: Question, withEdns: boolean): Promise<Response | undefined> {
    const message = messageOf(question, withEdns, random)
    const answer = await exchange(server.name, message, 'udp', attemptMs)
    const response = readResponse(answer, question.key)
    if (response?.isTruncated !== true) return response
    try {
      return readResponse(await exchange(server.name, message, 'tcp', attemptMs), question.key) ?? response
    } catch {
      // What came in the datagram is still an answer, and says itself that there is more.
      return response
    }
  }

  /** A question under a name that nobody else has: when it comes to us, this server asks us, and would for ever. */
  function probe(server: Server): void {
    server.isProbed = true
    const key = keyOf([`loop-${random.uuid()}`, random.uuid().slice(0, 8)], types.HINFO)
    probes.set(key, server)
    const question = { key, isDnssecOk: false, isCheckingDisabled: false }
    // What it answers says nothing; whether the question comes to us does.
    const forget = (): void => void probes.delete(key)
    exchange(server.name, messageOf(question, false, random), 'udp', attemptMs).then(forget, forget)
  }

  return {
    servers: options.servers,
    ask,
    isOwnProbe(key) {
      const server = probes.get(key)
      if (server === undefined) return false
      server.loopUntilMs = clock.monotonicMs() + loopMs
      server.isProbed = false
      log.error('a name server that is asked for names outside the cluster asks this one for them; it is left out', {
        server: server.name,
        again: `in ${loopMs / 1000} s`,
      })
      return true
    },
    close() {
      for (const end of [...ends]) end()
    },
  }
}

const isUnaware = (rcode: number): boolean => rcode === rcodes.FORMERR || rcode === rcodes.NOTIMP

/** A message of our own, under a number that nobody can guess (RFC 5452): what a client sent beside its question stays here. */
function messageOf({ key, isDnssecOk, isCheckingDisabled }: Question, withEdns: boolean, random: Random): Uint8Array {
  const end = headerBytes + key.length
  const message = Buffer.alloc(end + (withEdns ? 11 : 0))
  message.set(random.bytes(2), 0)
  message.writeUInt16BE(flags.RD | (isCheckingDisabled ? flags.CD : 0), 2)
  message[5] = 1
  message.write(key, headerBytes, 'latin1')
  if (withEdns) {
    message[11] = 1
    message[end + 2] = types.OPT
    message.writeUInt16BE(datagramBytes, end + 3)
    message[end + 7] = isDnssecOk ? 0x80 : 0
  }
  return message
}
