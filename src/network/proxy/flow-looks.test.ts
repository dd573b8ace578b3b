import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createFlowLooks } from './flow-looks.ts'
import type { Flow, FlowProtocol } from './host.ts'
import type { ForwardedPort } from './stale-flows.ts'

const flowTo = (endpoint: string): Flow => ({ destination: '10.96.0.7', destinationPort: 53, replySource: endpoint, replyPort: 53 })
const ports = (...serving: readonly string[]) =>
  (['udp', 'tcp'] as const).map(
    (protocol): ForwardedPort => ({
      ...{ protocol, port: 53, nodePort: 0, addresses: ['10.96.0.7'] },
      serving: serving.map((address) => `${address}:53`),
    }),
  )

/** A kernel with a flow of each protocol to each of a, b and c, whose looks last until they are let go on. */
function world() {
  let failure: Error | undefined
  const clock = createVirtualClock(0)
  const asked: { readonly protocol: FlowProtocol; readonly end: () => readonly string[] }[] = []
  const looks = createFlowLooks({
    host: {
      forgetFlows: (_family, protocol, isStale) =>
        new Promise((resolve, reject) =>
          asked.push({
            protocol,
            end() {
              const stale = ['a', 'b', 'c'].filter((endpoint) => isStale(flowTo(endpoint)))
              if (failure) reject(failure)
              else resolve(3)
              return stale
            },
          }),
        ),
    },
    families: ['ip'],
    clock,
    log: silentLog,
  })
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  /** What the look that is under way forgets. */
  const end = async (): Promise<string> => {
    const look = asked.shift()
    const stale = look?.end()
    await turns()
    return look === undefined ? 'none' : `${look.protocol} ${stale}`
  }
  const change = (serving: string, hasLeft: boolean) => looks.changed('one', 'ip', ports(...serving), hasLeft)
  return { clock, looks, change, end, fail: (error?: Error) => (failure = error) }
}

test('nothing is forgotten before the rules are written, and of TCP only where somebody left', async () => {
  const { looks, change, end } = world()
  change('a', true)
  assert.equal(await end(), 'none')
  looks.written()
  assert.deepEqual([await end(), await end(), await end()], ['udp b,c', 'tcp b,c', 'none'])
  change('ab', false)
  looks.written()
  assert.deepEqual([await end(), await end()], ['udp c', 'none'])
})

test('who leaves while flows are looked through is looked for once that is written', async () => {
  const { looks, change, end } = world()
  change('ab', true)
  looks.written()
  change('a', true)
  assert.deepEqual([await end(), await end()], ['udp b,c', 'tcp b,c'], 'one that is forgotten early may come again')
  assert.equal(await end(), 'none', 'not before the rules are written')
  looks.written()
  assert.deepEqual([await end(), await end(), await end()], ['udp b,c', 'tcp b,c', 'none'])
})

test('flows to who joins while they are looked through stay', async () => {
  const { looks, change, end } = world()
  change('a', true)
  looks.written()
  change('ab', false)
  looks.written()
  assert.deepEqual([await end(), await end()], ['udp c', 'tcp c'])
  assert.deepEqual([await end(), await end()], ['udp c', 'none'])
})

test('that somebody left is not forgotten by what changes before the look, nor with rules that were refused', async () => {
  const { looks, change, end } = world()
  change('c', false)
  looks.written()
  change('a', true)
  change('a', false)
  looks.written()
  change('ab', false)
  looks.written()
  change('abc', false)
  assert.equal(await end(), 'udp ')
  assert.deepEqual([await end(), await end(), await end()], ['udp ', 'tcp ', 'none'], 'by whom the rules to come lead to as well')
  looks.written()
  assert.deepEqual([await end(), await end()], ['udp ', 'none'])
})

test('a look that fails keeps no later one', async () => {
  const { looks, change, end, fail } = world()
  change('a', true)
  looks.written()
  fail(new Error('no memory'))
  await end()
  fail()
  change('a', false)
  looks.written()
  assert.equal(await end(), 'udp b,c')
  const settled = looks.settled()
  await looks.stop()
  await settled
})

test('where a look takes long, the next one waits, and no longer than a second; one that waits is given up at the end', async () => {
  const { clock, looks, change, end } = world()
  for (const [tookMs, restMs] of [
    [50, 400],
    [300, 1_000],
  ] as const) {
    change('a', true)
    looks.written()
    await clock.advance(tookMs)
    await end()
    await clock.advance(tookMs)
    await end()
    change('a', true)
    looks.written()
    await clock.advance(restMs - 1)
    assert.equal(await end(), 'none')
    await clock.advance(1)
    assert.deepEqual([await end(), await end()], ['udp b,c', 'tcp b,c'])
  }
  change('a', true)
  looks.written()
  await clock.advance(300)
  await end()
  await end()
  change('a', true)
  looks.written()
  await looks.stop()
  assert.deepEqual([clock.pending, await end()], [0, 'none'])
})
