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
import { prepare, readWorld } from './present.ts'
import { createServerProcess, type ServerProcess } from './server-process.ts'
import { startWatchers } from './watchers.ts'
import { startWriting } from './writers.ts'

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

export interface TortureResult {
  readonly rounds: number
  readonly writes: number
  readonly kills: number
  readonly cuts: number
  /** How often an informer was told 410 and began anew. */
  readonly expired: number
  /** Objects that were compared with what had been acknowledged of them. */
  readonly compared: number
  readonly events: number
  /** From the end of the writing until the last cache was equal. */
  readonly longestSettleMs: number
}

/**
 * Kills and cuts whatever can be killed and cut while informers watch and writers write, round after round. After each round everything
 * acknowledged is there as it was acknowledged, nothing is handed out twice, and every informer's cache equals the list. Throws otherwise.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { rounds, seed, informers = 100, updatesPerSecond = 500, roundMs = 2_500, report = () => undefined } = options
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
    const sum = { rounds, writes: 0, kills: 0, cuts: 0, expired: 0, compared: 0, events: 0, longestSettleMs: 0 }
    for (let round = 1; round <= rounds; round += 1) {
      const chance = random.fork(`round ${round}`)
      const writing = startWriting({ transport: direct, ledger, random: chance.fork('writers'), updatesPerSecond, writers: 8 })
      // Every other round the server stays up, so that what was cut goes on from where it was.
      const kills = round % 2 === 0
      const cuts = await disturb({ server, proxies, chance, roundMs, kills, forgets: round % 6 === 0 })
      const writes = await writing.stop()
      const startedAt = performance.now()
      const world = await readWorld(direct)
      const compared = ledger.check(world.objects)
      world.checkClaims()
      await watchers.settled(world)
      const settleMs = Math.round(performance.now() - startedAt)
      Object.assign(sum, {
        kills: sum.kills + Number(kills),
        cuts: sum.cuts + cuts,
        writes: sum.writes + writes,
        compared: sum.compared + compared,
      })
      Object.assign(sum, { expired: watchers.expired(), events: watchers.events() })
      sum.longestSettleMs = Math.max(sum.longestSettleMs, settleMs)
      report(
        `round ${round}: ${writes} writes acknowledged, ${cuts} cuts, ${world.objects.size} objects, ${compared} compared, ` +
          `${informers} caches equal after ${settleMs} ms, 410 so far ${sum.expired}`,
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
const cutEveryMs = 200

interface Disturbance {
  readonly server: ServerProcess
  readonly proxies: readonly FaultyProxy[]
  readonly chance: Random
  readonly roundMs: number
  readonly kills: boolean
  /** Whether the dead server's history is forgotten, so that every watch has to begin anew. */
  readonly forgets: boolean
}

/** One round's faults: connections cut or held, and perhaps one kill in the middle. Answers the number of cuts. */
async function disturb({ server, proxies, chance, roundMs, kills, forgets }: Disturbance): Promise<number> {
  const killAt = roundMs * (0.2 + 0.6 * chance.next())
  let cuts = 0
  let isKilled = !kills
  for (const startedAt = performance.now(); performance.now() - startedAt < roundMs; ) {
    await new Promise((resolve) => setTimeout(resolve, cutEveryMs))
    const proxy = proxies[chance.below(proxies.length)]!
    if (chance.below(4) === 0) proxy.pause()
    else {
      proxy.resume()
      proxy.cut()
      cuts += 1
    }
    if (isKilled || performance.now() - startedAt < killAt) continue
    isKilled = true
    await server.kill()
    if (forgets) await server.forgetHistory()
    await server.start()
  }
  if (!isKilled) {
    await server.kill()
    await server.start()
  }
  for (const proxy of proxies) proxy.resume()
  return cuts
}
