import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from '#api/coordination/v1/lease.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { seededRandom } from '#lib/random.ts'
import { runLeaderElection } from './leader-election.ts'
import { createScene, type Scene } from './testing.ts'

interface Candidate {
  readonly name: string
  leads: boolean
  /** From when to when it led, by the virtual clock. */
  readonly terms: { from: number; to: number }[]
  /** Its connection to the server. */
  connected: boolean
  stop(): Promise<void>
}

/** A candidate with a connection of its own, which a test can break without its knowing. */
function candidate(scene: Scene, name: string, lead?: (signal: AbortSignal) => Promise<void>): Candidate {
  const { clock, random, log, server } = scene
  const stopping = new AbortController()
  const self: Candidate = {
    name,
    leads: false,
    terms: [],
    connected: true,
    async stop() {
      stopping.abort(new Error('stopped'))
      await running
    },
  }
  const client = createClient(createLocalTransport((request) => (self.connected ? server.transport(request) : new Promise(() => {}))))
  const running = runLeaderElection({
    client,
    clock,
    random: random.fork(name),
    log: log.with({ candidate: name }),
    namespace: 'kube-system',
    name: 'lock',
    identity: name,
    signal: stopping.signal,
    lead: async (signal) => {
      self.leads = true
      const term = { from: clock.now(), to: Infinity }
      self.terms.push(term)
      await (lead?.(signal) ?? new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })))
      term.to = clock.now()
      self.leads = false
    },
  })
  return self
}

const lease = ({ client }: Scene) => client.get(Lease, 'lock', 'kube-system')

test('of several candidates one leads, and the others wait without asking', async () => {
  const scene = createScene()
  const all = ['a', 'b', 'c'].map((name) => candidate(scene, name))
  await scene.clock.advance(60_000)
  assert.equal(all.filter((one) => one.leads).length, 1)
  const leader = all.find((one) => one.leads)!
  const { spec } = await lease(scene)
  assert.equal(spec.holderIdentity, leader.name)
  assert.deepEqual([spec.leaseDurationSeconds, spec.leaseTransitions], [15, 0])
  assert.match(spec.renewTime ?? '', /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/)
  const before = scene.server.requests.length
  await scene.clock.advance(60_000)
  const asked = scene.server.requests.slice(before)
  // One renewal in two seconds is all that is said.
  assert.ok(asked.length <= 31 && asked.every((request) => request.startsWith('PUT')), asked.join('\n'))
  for (const one of all) await one.stop()
  assert.equal(scene.clock.pending, 0)
})

test('a leader that leaves in order is followed at once', async () => {
  const scene = createScene()
  const a = candidate(scene, 'a')
  await scene.clock.advance(1_000)
  const b = candidate(scene, 'b')
  await scene.clock.advance(5_000)
  assert.deepEqual([a.leads, b.leads], [true, false])
  await a.stop()
  await scene.clock.advance(100)
  assert.deepEqual([a.leads, b.leads], [false, true])
  assert.equal((await lease(scene)).spec.leaseTransitions, 1)
  await b.stop()
  assert.equal((await lease(scene)).spec.holderIdentity, '')
})

test('a leader cut off stops before another begins', async () => {
  const scene = createScene()
  const a = candidate(scene, 'a')
  await scene.clock.advance(1_000)
  const b = candidate(scene, 'b')
  await scene.clock.advance(7_000)
  a.connected = false
  for (let i = 0; i < 400 && !b.leads; i += 1) {
    await scene.clock.advance(100)
    assert.ok(!(a.leads && b.leads), 'two lead at once')
  }
  assert.ok(b.leads && !a.leads)
  const gapMs = b.terms[0]!.from - a.terms[0]!.to
  assert.ok(gapMs >= 4_000, `only ${gapMs} ms between the one and the other`)
  // The old one, connected again, does not take it back.
  a.connected = true
  await scene.clock.advance(60_000)
  assert.deepEqual([a.leads, b.leads], [false, true])
  await a.stop()
  await b.stop()
})

test('a server that is away for less than the deadline costs nobody the lead', async () => {
  const scene = createScene()
  const a = candidate(scene, 'a')
  await scene.clock.advance(3_000)
  scene.server.fail('ServiceUnavailable', 3, (request) => request.method === 'PUT')
  await scene.clock.advance(30_000)
  assert.ok(a.leads)
  assert.equal(a.terms.length, 1)
  await a.stop()
})

test('somebody else who touches the lease costs nobody the lead; one who takes it does', async () => {
  const scene = createScene()
  const a = candidate(scene, 'a')
  await scene.clock.advance(3_000)
  await scene.client.patch(Lease, 'lock', { type: 'merge', body: { metadata: { labels: { a: 'b' } } } }, { namespace: 'kube-system' })
  await scene.clock.advance(10_000)
  assert.equal(a.terms.length, 1)
  await scene.client.patch(Lease, 'lock', { type: 'merge', body: { spec: { holderIdentity: 'thief' } } }, { namespace: 'kube-system' })
  await scene.clock.advance(3_000)
  assert.equal(a.leads, false)
  // The thief does not renew.
  await scene.clock.advance(30_000)
  assert.equal(a.leads, true)
  await a.stop()
})

test('the lease is not handed back before all that was begun has ended', async () => {
  const scene = createScene()
  let end = () => {}
  const a = candidate(scene, 'a', () => new Promise((resolve) => (end = resolve)))
  await scene.clock.advance(1_000)
  const b = candidate(scene, 'b')
  const stopped = a.stop()
  await scene.clock.advance(3_000)
  assert.deepEqual([a.leads, b.leads], [true, false])
  assert.equal((await lease(scene)).spec.holderIdentity, 'a')
  end()
  await stopped
  await scene.clock.advance(100)
  assert.equal(b.leads, true)
  await b.stop()
})

test('the same identity takes its own lease back at once after a crash', async () => {
  const scene = createScene()
  const crashed = candidate(scene, 'a')
  await scene.clock.advance(3_000)
  crashed.connected = false
  const again = candidate(scene, 'a')
  await scene.clock.advance(100)
  assert.equal(again.leads, true)
  await again.stop()
  await scene.clock.advance(20_000)
  void crashed.stop()
  await scene.clock.advance(1_000)
})

test('whatever the clocks do between two readings, no two lead at once, and soon somebody does', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seededRandom(seed)
    const scene = createScene(random.fork('clock'))
    const all = ['a', 'b', 'c'].map((name) => candidate(scene, name))
    // One after the other is cut off for good, until the last leads.
    for (let left = all.length; left > 0; left -= 1) {
      await scene.clock.advance(20_000 + random.below(3_000))
      const leaders = all.filter((one) => one.leads)
      assert.equal(leaders.length, 1, `seed ${seed}, ${left} left`)
      if (left > 1) leaders[0]!.connected = false
    }
    const terms = all.flatMap((one) => one.terms).toSorted((a, b) => a.from - b.from)
    assert.ok(terms.length >= 3, `seed ${seed}: ${terms.length} terms`)
    for (const [index, { from }] of terms.entries()) assert.ok(index === 0 || terms[index - 1]!.to < from, `seed ${seed}, term ${index}`)
    const ends = all.map((one) => one.stop())
    await scene.clock.advance(20_000)
    await Promise.all(ends)
  }
})
