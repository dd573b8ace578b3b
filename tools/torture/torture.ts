import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Transport } from '#lib/http.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import { createFaultyProxy, type FaultyProxy } from './faulty-proxy.ts'
import { createLedger } from './ledger.ts'
import { prepare, readWorld, type World } from './present.ts'
import { createServerProcess } from './server-process.ts'
import { startWatchers } from './watchers.ts'
import { startWriting } from './writers.ts'

/** How long, how much, and by which chance. */
export interface TortureOptions {
  readonly rounds: number
  /** Moments and choices; what the machine does beside is its own. */
  readonly seed: number
  readonly informers?: number
  readonly updatesPerSecond?: number
  /** How long is written in a round. */
  readonly roundMs?: number
  readonly report?: (line: string) => void
}

/** What it came to; without a throw, all of it was right. */
export interface TortureResult {
  readonly rounds: number
  /** Acknowledged ones. */
  readonly writes: number
  /** For how long it was written: the server was up, and nothing compared. */
  readonly writingMs: number
  readonly kills: number
  readonly cuts: number
  /** How often an informer was told 410 and began anew. */
  readonly expired: number
  /** Objects that were compared with what had been acknowledged of them, after a kill or a round. */
  readonly compared: number
  /** What informers told. */
  readonly events: number
  /** From the kill until the server was ready again. */
  readonly longestAwayMs: number
  /** From the end of the writing until the last cache was equal. */
  readonly longestSettleMs: number
}

/**
 * Kills the server in every round while informers watch through connections that are cut and writers write. After each kill everything
 * acknowledged is there as it was acknowledged, and nothing is handed out twice; after each round every informer's cache equals the list, and
 * none told of a change twice or out of order. Throws otherwise.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { rounds, seed, informers = 100, updatesPerSecond = 550, roundMs = 4_000, report = () => undefined } = options
  const random = seededRandom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'wherry-torture-'))
  const server = await createServerProcess(directory)
  const proxies: FaultyProxy[] = []
  const transports: (Transport & { close(): Promise<void> })[] = []
  const connect = (port: number): Transport => {
    const transport = createHttpsTransport({
      server: `https://127.0.0.1:${port}`,
      ca: server.ca(),
      token: server.token,
      clock: systemClock,
      random: systemRandom,
      requestTimeoutMs: 10_000,
    })
    transports.push(transport)
    return transport
  }
  let watchers: ReturnType<typeof startWatchers> | undefined
  try {
    await server.start()
    const direct = connect(server.port)
    await prepare(direct)
    for (let i = 0; i < connections; i += 1) proxies.push(await createFaultyProxy(server.port))
    watchers = startWatchers({ transports: proxies.map(({ port }) => connect(port)), count: informers })
    const ledger = createLedger()
    const startedAt = performance.now()
    const sum = {
      rounds,
      writes: 0,
      writingMs: 0,
      kills: 0,
      cuts: 0,
      expired: 0,
      compared: 0,
      events: 0,
      longestAwayMs: 0,
      longestSettleMs: 0,
    }

    /** Writes for so long, ends it by `end`, and answers how many were acknowledged. */
    async function write(chance: Random, forMs: number, end: () => void | Promise<void> = () => undefined): Promise<number> {
      const began = performance.now()
      const writing = startWriting({ transport: direct, ledger, random: chance, updatesPerSecond, writers })
      await new Promise((resolve) => setTimeout(resolve, forMs))
      sum.writingMs += Math.round(performance.now() - began)
      const ended = end()
      const writes = await writing.stop()
      await ended
      sum.writes += writes
      return writes
    }

    /** Nobody writes: what was acknowledged is there. */
    async function prove(): Promise<World> {
      const world = await readWorld(direct)
      sum.compared += ledger.check(world.objects)
      world.checkClaims()
      return world
    }

    for (let round = 1; round <= rounds; round += 1) {
      const chance = random.fork(`round ${round}`)
      const cutting = startCutting(proxies, chance.fork('cuts'))
      const killAtMs = Math.round(roundMs * (0.2 + 0.6 * chance.next()))
      const before = await write(chance.fork('before the kill'), killAtMs, () => server.kill())
      sum.kills += 1
      const killedAt = performance.now()
      // Every watch then has to begin anew, whenever it left off.
      if (round % forgetEvery === 0) await server.forgetHistory()
      await server.start()
      const awayMs = Math.round(performance.now() - killedAt)
      await prove()
      const after = await write(chance.fork('after the kill'), roundMs - killAtMs)
      sum.cuts += cutting.stop()
      const settlingAt = performance.now()
      const world = await prove()
      await watchers.settled(world)
      const settleMs = Math.round(performance.now() - settlingAt)
      sum.longestAwayMs = Math.max(sum.longestAwayMs, awayMs)
      sum.longestSettleMs = Math.max(sum.longestSettleMs, settleMs)
      Object.assign(sum, { expired: watchers.expired(), events: watchers.events() })
      const rate = (ms: number): string => ((sum.writes * 1_000) / ms).toFixed(0)
      report(
        `round ${round}/${rounds}: ${before} writes acknowledged, killed, ready after ${awayMs} ms, all there; ${after} more; ` +
          `${informers} caches equal to ${world.objects.size} objects after ${settleMs} ms; so far ${rate(sum.writingMs)}/s while writing, ` +
          `${rate(performance.now() - startedAt)}/s over all, ${sum.cuts} cuts, ${sum.expired} times 410`,
      )
    }
    return sum
  } catch (error) {
    throw new Error(`${(error as Error).message}\nthe server said:\n${server.log().slice(-2_000)}`, { cause: error })
  } finally {
    await watchers?.close()
    for (const transport of transports) await transport.close()
    for (const proxy of proxies) await proxy.close()
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Many informers on one connection break together, as those of one process do. */
const connections = 20
/** One of them, so each is cut every few seconds. */
const cutEveryMs = 200
const forgetEvery = 3
/** So many requests at once are needed for the rate, as each is on the disk before it is answered. */
const writers = 48

/** Cuts or holds a connection time and again. `stop` lets all go on, and answers the number of cuts. */
function startCutting(proxies: readonly FaultyProxy[], chance: Random): { stop(): number } {
  let cuts = 0
  const timer = setInterval(() => {
    const proxy = proxies[chance.below(proxies.length)]!
    if (chance.below(4) === 0) return proxy.pause()
    proxy.resume()
    proxy.cut()
    cuts += 1
  }, cutEveryMs)
  return {
    stop() {
      clearInterval(timer)
      for (const proxy of proxies) proxy.resume()
      return cuts
    },
  }
}
