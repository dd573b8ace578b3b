import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJsonLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createNodeTracer } from './node-tracer.ts'
import { testTracer } from './testing.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const sampled = `00-${traceId}-b7ad6b7169203331-01`
const unsampled = sampled.replace(/01$/, '00')

check('by chance alone, always', undefined, 1_000_000, 'own')
check('by chance alone, never', undefined, 0, 'none')
check('as the caller wishes', sampled, 0, 'caller’s')
check('not where the caller does not wish it', unsampled, 1_000_000, 'none')
check('by chance, where the caller says nothing that is understood', 'yes', 1_000_000, 'own')

function check(title: string, traceparent: string | undefined, ratePerMillion: number, expected: 'own' | 'caller’s' | 'none'): void {
  test(`a request is traced ${title}`, async () => {
    const { tracer, spans } = testTracer(createVirtualClock(0), ratePerMillion)
    tracer.beginFor(traceparent, '/pods')?.end()
    await tracer.close()
    const [span] = spans
    assert.equal(span === undefined ? 'none' : span.traceId === traceId ? 'caller’s' : 'own', expected)
    if (expected !== 'none') assert.equal(span!.parentSpanId, expected === 'own' ? undefined : 'b7ad6b7169203331')
  })
}

test('some of many are traced, as many as are wished for', async () => {
  const { tracer } = testTracer(createVirtualClock(0), 100_000)
  const begun = Array.from({ length: 10_000 }, () => tracer.begin('a')).filter((span) => span !== undefined)
  assert.ok(begun.length > 850 && begun.length < 1_150, String(begun.length))
})

test('a collector that is away is told of once, and once when it is back; what is lost is counted', async () => {
  const clock = createVirtualClock(0)
  const registry = createRegistry()
  const lines: { readonly level: string; readonly message: string; readonly dropped?: number; readonly error?: unknown }[] = []
  let isAway = true
  const tracer = createNodeTracer({
    ...{ clock, registry, random: seededRandom(1), samplingRatePerMillion: 1_000_000 },
    log: createJsonLog((line) => lines.push(JSON.parse(line)), clock),
    async send() {
      if (isAway) throw new Error('nobody listens')
    },
  })
  const batch = async (): Promise<void> => {
    tracer.begin('a')!.end()
    await clock.advance(10_000)
  }
  for (let n = 0; n < 3; n += 1) await batch()
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn'],
  )
  assert.match(JSON.stringify(lines[0]), /nobody listens/)
  isAway = false
  for (let n = 0; n < 3; n += 1) await batch()
  assert.deepEqual(
    lines.map(({ level, dropped }) => `${level} ${dropped ?? ''}`),
    ['warn ', 'info 3'],
  )
  isAway = true
  await batch()
  assert.equal(lines.length, 3)
  assert.match(registry.text(), /^wherry_dropped_spans_total\{reason="refused"\} 4$/m)
})

test('a collector that takes no end keeps no agent from its own', async () => {
  const clock = createVirtualClock(0)
  const hanging = createNodeTracer({
    ...{ clock, registry: createRegistry(), random: seededRandom(1), samplingRatePerMillion: 1_000_000 },
    log: createJsonLog(() => {}, clock),
    send: () => new Promise(() => {}),
  })
  hanging.begin('a')!.end()
  const closed = hanging.close()
  await clock.advance(2_000)
  await closed
})
