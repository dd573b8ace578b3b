import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { seededRandom } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createLiveVolume, type LiveOptions } from './live-volume.ts'
import { createTokenSource } from './tokens.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [] } } as unknown as Pod
const minuteMs = 60_000

/** A volume with a token of an hour, on a node whose time of day is `aheadMs` ahead of the server's. */
async function stage(aheadMs: number) {
  const clock = createVirtualClock(start)
  const node = createSimulatedProcess('node', clock)
  node.jump(aheadMs)
  /** Minutes after the first at which a token was issued. */
  const issued: number[] = []
  const client = {
    async act(_kind: unknown, _name: string, _subresource: string, body: { spec: { expirationSeconds: number } }) {
      issued.push((clock.now() - start) / minuteMs)
      const expirationTimestamp = rfc3339(clock.now() + body.spec.expirationSeconds * 1000)
      return { spec: body.spec, status: { token: `token-${issued.length}`, expirationTimestamp } }
    },
  } as unknown as Client
  const written: string[] = []
  const volume = createLiveVolume(
    {
      host: { writeFiles: async (_directory: string, files: ReadonlyMap<string, unknown>) => void written.push([...files.keys()].join()) },
      objects: {},
      tokens: createTokenSource(client, node.clock.now),
      allocatable: () => ({}),
      clock: node.clock,
      random: seededRandom(1),
      report: (_pod: Pod, error: unknown) => assert.fail(String(error)),
      ready: () => {},
    } as unknown as LiveOptions,
    pod,
    '/volume',
    { name: 'v', sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }], defaultMode: 0o644 },
  )
  await volume.write()
  return { clock, node, issued, close: () => volume.close() }
}

for (const [what, aheadMs] of [
  ['right', 0],
  ['two hours ahead', 7_200_000],
  ['two hours behind', -7_200_000],
] as const)
  test(`a token is renewed at 80 % of its life on a node whose clock is ${what}`, async () => {
    const { clock, issued, close } = await stage(aheadMs)
    await clock.advance(200 * minuteMs)
    assert.deepEqual(issued, [0, 48, 96, 144, 192])
    await close()
    assert.equal(clock.pending, 0)
  })

test('a token is renewed in time where the clock is set back', async () => {
  const { clock, node, issued, close } = await stage(7_200_000)
  await clock.advance(10 * minuteMs)
  node.jump(-7_200_000)
  await clock.advance(90 * minuteMs)
  assert.deepEqual(issued, [0, 48, 96])
  await close()
})
