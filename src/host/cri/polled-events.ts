import type { Runtime, RuntimeEvent } from '#kubelet/runtime.ts'
import { type Clock, sleep } from '#lib/clock.ts'

/** What is looked at. */
export type Looked = Pick<Runtime, 'containers' | 'sandboxes'>

/**
 * Events of a runtime that tells none: what changed between one look and the next, a second apart. A container that started and ended in
 * between shows as both. The first look tells nothing, for whoever subscribes lists by himself. An error of a look ends it.
 */
export async function* polledEvents(runtime: Looked, clock: Clock, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  let before = await look(runtime)
  while (!signal.aborted) {
    await sleep(clock, POLL_MS, signal).catch(() => {})
    if (signal.aborted) return
    const now = await look(runtime)
    yield* changes(before, now)
    before = now
  }
}

/** The reference's relist period. */
const POLL_MS = 1_000

type Stand = 'created' | 'running' | 'ended'

/** Pure: what must have happened for `before` to become `now`. */
export function changes(before: ReadonlyMap<string, Stand>, now: ReadonlyMap<string, Stand>): RuntimeEvent[] {
  const events: RuntimeEvent[] = []
  for (const [id, stand] of now) {
    const former = before.get(id)
    if (former === stand) continue
    if (former === undefined) events.push({ type: 'created', id })
    if (stand !== 'created' && former !== 'running') events.push({ type: 'started', id })
    if (stand === 'ended') events.push({ type: 'stopped', id })
  }
  for (const id of before.keys()) if (!now.has(id)) events.push({ type: 'deleted', id })
  return events
}

async function look(runtime: Looked): Promise<ReadonlyMap<string, Stand>> {
  const [sandboxes, containers] = await Promise.all([runtime.sandboxes(), runtime.containers()])
  const stands = new Map<string, Stand>()
  for (const { id, ready } of sandboxes) stands.set(id, ready ? 'running' : 'ended')
  for (const { id, state } of containers) stands.set(id, state === 'created' ? 'created' : state === 'running' ? 'running' : 'ended')
  return stands
}
