import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EvictionSettings, parseThresholds, quantityOfAmount, withContainerFs } from './thresholds.ts'

const MiB = 2 ** 20

check('the defaults', {}, [
  ['memory.available', { quantity: 100 * MiB }, 0],
  ['nodefs.available', { share: 0.1 }, 0],
  ['nodefs.inodesFree', { share: 0.05 }, 0],
  ['imagefs.available', { share: 0.15 }, 0],
  ['imagefs.inodesFree', { share: 0.05 }, 0],
  ['allocatableMemory.available', { quantity: 100 * MiB }, 0],
])
check('hard and soft ones of one signal', soft('memory.available', '300Mi', '90s', { evictionHard: { 'memory.available': '150Mi' } }), [
  ['memory.available', { quantity: 150 * MiB }, 0],
  ['memory.available', { quantity: 300 * MiB }, 90_000],
  ['allocatableMemory.available', { quantity: 150 * MiB }, 0],
])
check('nothing of it or all of it is off', { evictionHard: { 'memory.available': '0%', 'nodefs.available': '100%' } }, [])
check('pods without a bound of their own', { evictionHard: { 'memory.available': '1Gi' }, enforceNodeAllocatable: ['none'] }, [
  ['memory.available', { quantity: 1024 * MiB }, 0],
])
check('processes', { evictionHard: { 'pid.available': '1k' } }, [['pid.available', { quantity: 1000 }, 0]])

refuse('a signal that there is not', { evictionHard: { 'cpu.available': '1' } }, /evictionHard: unsupported eviction signal cpu\.available/)
refuse('less than nothing', { evictionHard: { 'memory.available': '-1' } }, /evictionHard\[memory\.available\] must not be negative: -1/)
refuse('nothing at all', { evictionHard: { 'memory.available': '0' } }, /must be positive: 0/)
refuse('more than everything', { evictionHard: { 'memory.available': '101%' } }, /must be <= 100%: 101%/)
refuse('no amount', { evictionHard: { 'memory.available': 'much' } }, /must be a quantity such as 100Mi, or a percentage such as 10%: much/)
refuse('a soft one without grace', { evictionSoft: { 'memory.available': '1Gi' } }, /grace period must be specified .* memory\.available/)
refuse('a grace that is none', soft('memory.available', '1Gi', 'long'), /evictionSoftGracePeriod\[memory\.available\] must be a duration/)
refuse('a grace before its time', soft('memory.available', '1Gi', '-1s'), /must not be negative: -1s/)
refuse('reclaim of an unknown signal', { evictionMinimumReclaim: { disk: '1Gi' } }, /evictionMinimumReclaim: unsupported/)

test('what has to be won back belongs to each threshold of the signal', () => {
  const [hard] = parseThresholds({ evictionHard: { 'nodefs.available': '1Gi' }, evictionMinimumReclaim: { 'nodefs.available': '500Mi' } })
  assert.deepEqual(hard?.minimumReclaim, { quantity: 500 * MiB })
})

test('shares are of the capacity, rounded down', () => {
  assert.equal(quantityOfAmount({ share: 0.05 }, { capacity: 1010 }), 50)
  assert.equal(quantityOfAmount({ quantity: 7 }, { capacity: 1 }), 7)
})

test('writable layers take the thresholds of the disk that they lie on, whatever was set for them', () => {
  const thresholds = parseThresholds({
    evictionHard: { 'nodefs.available': '10%', 'imagefs.available': '15%', 'containerfs.available': '50%' },
  })
  const of = (liesOnImageFs: boolean) =>
    withContainerFs(thresholds, liesOnImageFs).filter(({ signal }) => signal === 'containerfs.available')
  assert.deepEqual(
    [of(true), of(false)].map((found) => found.map(({ value }) => value)),
    [[{ share: 0.15 }], [{ share: 0.1 }]],
  )
})

function soft(signal: string, value: string, grace: string, more: EvictionSettings = {}): EvictionSettings {
  return { evictionHard: {}, ...more, evictionSoft: { [signal]: value }, evictionSoftGracePeriod: { [signal]: grace } }
}

function check(title: string, settings: EvictionSettings, expected: readonly unknown[]): void {
  test(title, () =>
    assert.deepEqual(
      parseThresholds(settings).map(({ signal, value, graceMs }) => [signal, value, graceMs]),
      expected,
    ),
  )
}

function refuse(title: string, settings: EvictionSettings, message: RegExp): void {
  test(`refuses ${title}`, () => assert.throws(() => parseThresholds(settings), { code: 'Invalid', message }))
}
