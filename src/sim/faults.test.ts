import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpRequest, Transport } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from './clock.ts'
import { type ConnectionFault, createFaultyNetwork, resourceOf } from './faults.ts'

const always = { client: 'c', fromMs: 100, toMs: 200 }

test('the resource of a path', () => {
  const cases: readonly [string, string][] = [
    ['/api/v1/pods?watch=1', 'pods'],
    ['/api/v1/namespaces/default/pods/web/status', 'pods'],
    ['/api/v1/namespaces/default', 'namespaces'],
    ['/apis/apps/v1/namespaces/x/replicasets', 'replicasets'],
    ['/apis/apps/v1/deployments', 'deployments'],
  ]
  for (const [path, expected] of cases) assert.equal(resourceOf(path), expected)
})

writes('nothing before its time', 50, { ...always, kind: 'failing write', how: 'refused', share: 1 }, { done: 1, answer: 200 })
writes('nothing after it', 250, { ...always, kind: 'failing write', how: 'refused', share: 1 }, { done: 1, answer: 200 })
writes('refused', 150, { ...always, kind: 'failing write', how: 'refused', share: 1 }, { done: 0, answer: 'ServiceUnavailable' })
writes('timed out', 150, { ...always, kind: 'failing write', how: 'timed out', share: 1 }, { done: 1, answer: 'Timeout' })
writes('conflict', 150, { ...always, kind: 'failing write', how: 'conflict', share: 1 }, { done: 0, answer: 409 })
writes(
  'of another resource',
  150,
  { ...always, resource: 'nodes', kind: 'failing write', how: 'refused', share: 1 },
  { done: 1, answer: 200 },
)
writes('of another client', 150, { ...always, client: 'd', kind: 'failing write', how: 'refused', share: 1 }, { done: 1, answer: 200 })
writes('reads only', 150, { ...always, kind: 'failing read', share: 1 }, { done: 1, answer: 200 })

watches('as they come', [], ['1@0', '2@120', '3@140', 'end@300'])
watches('late, but in order', [{ ...always, kind: 'late watch', delayMs: 50 }], ['1@0', '2@169', '3@171', 'end@300'])
watches(
  'again',
  [{ ...always, kind: 'repeated events', share: 1 }],
  ['1@0', '2@120', '1@120', '2@120', '3@140', '1@140', '3@140', 'end@300'],
)
watches('broken off', [{ ...always, fromMs: 130, kind: 'dropped watch', how: 'closed' }], ['1@0', '2@120', 'ServiceUnavailable@130'])
watches('expired', [{ ...always, fromMs: 130, kind: 'dropped watch', how: 'expired' }], ['1@0', '2@120', 'Expired@130', 'end@130'])

function writes(name: string, atMs: number, fault: ConnectionFault, expected: { done: number; answer: unknown }): void {
  test(`a write: ${name}`, async () => {
    const clock = createVirtualClock(0)
    let done = 0
    const server: Transport = async () => {
      done += 1
      return { status: 200, headers: {}, body: new Uint8Array() }
    }
    const transport = faulty(clock, [fault], server)
    await clock.advance(atMs)
    const answer = await transport({ method: 'PATCH', path: '/api/v1/namespaces/x/pods/p', headers: {} }).then(
      ({ status }) => status,
      (error: { code: string }) => error.code,
    )
    assert.deepEqual({ done, answer }, expected)
  })
}

/** The server sends 1 at once, 2 after 120 ms, 3 after 140 and ends after 300. */
function watches(name: string, faults: readonly ConnectionFault[], expected: readonly string[]): void {
  test(`a watch: ${name}`, async () => {
    const clock = createVirtualClock(0)
    async function* events() {
      for (const [text, atMs] of [
        ['1', 0],
        ['2', 120],
        ['3', 140],
        ['', 300],
      ] as const) {
        await new Promise<void>((resolve) => clock.schedule(atMs, resolve))
        if (text !== '') yield new TextEncoder().encode(`${text}\n`)
      }
    }
    const transport = faulty(clock, faults, async () => ({ status: 200, headers: {}, body: events() }))
    const seen: string[] = []
    const note = (what: string) => seen.push(`${what}@${clock.now()}`)
    const reading = (async () => {
      const { body } = await transport({ method: 'GET', path: '/api/v1/pods?watch=1', headers: {} })
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        const text = new TextDecoder().decode(piece).trim()
        note(text.startsWith('{') ? JSON.parse(text).object.reason : text)
      }
      note('end')
    })().catch((error: { code: string }) => note(error.code))
    await clock.advance(1_000)
    await reading
    assert.deepEqual(seen, expected)
  })
}

function faulty(
  clock: VirtualClock,
  faults: readonly ConnectionFault[],
  server: (request: HttpRequest) => ReturnType<Transport>,
): Transport {
  const network = createFaultyNetwork(faults, seededRandom(1))
  network.start(clock, () => {})
  return network.through(server, 'c', clock)
}
