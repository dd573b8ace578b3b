import { createClient } from '#client/http.ts'
import { createStubServer, type StubServer } from '#client/testing/stub-server.ts'
import type { Log } from '#lib/log.ts'
import { createJsonLog } from '#lib/log.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'

/** What a test of the loop stands on: a small server, virtual time, and the log's lines to look at. */
export interface Scene {
  readonly server: StubServer
  readonly client: ReturnType<typeof createClient>
  readonly clock: VirtualClock
  readonly random: Random
  readonly log: Log
  readonly lines: { readonly level: string; readonly message: string; readonly [field: string]: unknown }[]
}

/** At the beginning of 2026, with an empty server. `restless`: see `createVirtualClock`. */
export function createScene(restless?: Random): Scene {
  const server = createStubServer()
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'), restless)
  const lines: Scene['lines'] = []
  const log = createJsonLog((line) => lines.push(JSON.parse(line)), clock, 'debug')
  return { server, client: createClient(server.transport), clock, random: seededRandom(7), log, lines }
}
