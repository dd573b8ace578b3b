import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodSpec } from '#api/core/v1/types.ts'
import { applyStrategicPatch } from './strategic.ts'

/** Four times as many items may take about four times the processor time, and not sixteen times. */
function check(name: string, patchOf: (count: number) => object): void {
  test(name, () => {
    const few = 4_000
    costOf(few)
    const small = Math.min(costOf(few), costOf(few))
    const large = Math.min(costOf(4 * few), costOf(4 * few))
    assert.ok(large < 8 * small + 50, `${small} ms for ${few} items, ${large} ms for four times as many`)
  })

  function costOf(count: number): number {
    const document = { initContainers: many(count, (i) => ({ name: `c${i}` })) }
    const patch = patchOf(count)
    const before = process.threadCpuUsage()
    applyStrategicPatch(PodSpec, document, patch)
    return process.threadCpuUsage(before).user / 1000
  }
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

check('many items are deleted', (count) => ({
  initContainers: many(count, (i) => ({ name: `c${i * 2}`, $patch: 'delete' })),
}))
check('many items are put into another order', (count) => ({
  '$setElementOrder/initContainers': many(count, (i) => ({ name: `c${count - i}` })),
}))
