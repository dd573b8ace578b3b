import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { sleep } from '../clock.ts'
import { seededRandom } from '../random.ts'
import { type ActiveSpan, beginTrace, inSpan, outsideSpans, spanOf } from './active-span.ts'
import type { Span } from './span.ts'

const startMs = Date.parse('2026-01-01T00:00:00Z')
const nothing = async (): Promise<void> => {}
const broken = async (): Promise<never> => {
  throw new Error('broken')
}

check('what is awaited is a part of it', ['root 0-30', ' a 0-10', '  b 0-10', ' c 10-30'], async (root, pass) => {
  await inSpan('a', () => inSpan('b', () => pass(10)))
  await inSpan('c', () => pass(20))
  root.end()
})
check('side by side', ['root 0-20', ' a 0-10', ' b 0-20'], async (root, pass) => {
  await Promise.all([inSpan('a', () => pass(10)), inSpan('b', () => pass(20))])
  root.end()
})
check('a failure, of which only who fails is marked', ['root 0-0', ' a 0-0 broken'], async (root) => {
  await inSpan('a', broken).catch(() => {})
  root.end()
})
check('a result that is a failure', ['root 0-0 bad', ' a 0-0 bad'], async (root) => {
  root.end(await inSpan('a', async () => 'bad', { problemOf: (result) => result }))
})
check('kind and attributes, some of them known late', ['root 0-0', ' a 0-0 client x=1 y=2'], async (root) => {
  await inSpan('a', async (span) => span!.note({ y: '2' }), { kind: 'client', attributes: { x: '1' } })
  root.end()
})
check('what outlives its caller is no part of it', ['root 0-0'], async (root) => {
  await outsideSpans(() => inSpan('a', nothing))
  root.end()
})
check('what begins after the end is not traced', ['root 0-0'], async (root) => {
  root.end()
  await inSpan('a', nothing)
})
check('ended twice', ['root 0-0 first'], async (root) => {
  root.end('first')
  root.end('second')
})

test('nothing is traced where nobody began it', async () => {
  await inSpan('a', async (span) => assert.equal(span, undefined))
})

test('a trace has a bound, and so has what others wrote into it', async () => {
  const kept: Span[] = []
  const root = begin(kept)
  await root.run(async () => {
    for (let n = 0; n < 2_000; n += 1) await inSpan('a', nothing, { attributes: { path: 'x'.repeat(5_000) } })
  })
  root.end('y'.repeat(5_000))
  assert.equal(kept.length, 1_000)
  assert.equal(kept[0]!.attributes['path']!.length, 1_024)
  assert.equal(kept.at(-1)!.problem!.length, 1_024)
})

test('a caller’s trace goes on, and whoever is asked can join it', async () => {
  const kept: Span[] = []
  const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
  const root = beginTrace({ clock: createVirtualClock(0), random: seededRandom(1), keep: (span) => kept.push(span) }, 'root', { parent })
  const seen = await spanOf(root, () => inSpan('a', async (span) => span!.traceparent))
  const [a, own] = kept
  assert.deepEqual([own!.traceId, own!.parentSpanId], [parent.traceId, parent.spanId])
  assert.equal(seen, `00-${parent.traceId}-${a!.spanId}-01`)
})

const begin = (kept: Span[], clock = createVirtualClock(startMs)): ActiveSpan =>
  beginTrace({ clock, random: seededRandom(1), keep: (span) => kept.push(span) }, 'root')

/** `expected`: a line a span, parts below what they are parts of, with times after the start. */
function check(
  title: string,
  expected: readonly string[],
  act: (root: ActiveSpan, pass: (ms: number) => Promise<void>) => Promise<void>,
): void {
  test(`traces ${title}`, async () => {
    const clock = createVirtualClock(startMs)
    const kept: Span[] = []
    const root = begin(kept, clock)
    const done = root.run(() => act(root, (ms) => sleep(clock, ms)))
    await clock.advance(1_000)
    await done
    const lines = (parent: string | undefined, indent: string): string[] =>
      kept
        .filter(({ parentSpanId }) => parentSpanId === parent)
        .toSorted((a, b) => a.name.localeCompare(b.name))
        .flatMap((span) => [`${indent}${shown(span)}`, ...lines(span.spanId, `${indent} `)])
    assert.deepEqual(lines(undefined, ''), expected)
    assert.equal(new Set(kept.map(({ traceId }) => traceId)).size, 1)
  })
}

const shown = ({ name, kind, startMs: from, endMs: to, attributes, isError, problem }: Span): string =>
  [
    `${name} ${from - startMs}-${to - startMs}`,
    ...(kind === 'internal' ? [] : [kind]),
    ...Object.entries(attributes).map((attribute) => attribute.join('=')),
    ...(isError ? [problem] : []),
  ].join(' ')
