import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { addressPool } from './address-pool.ts'

/** The addresses that a range gives out by itself, in the order of their goodness: those that people choose from come last. */
function check(
  range: string,
  want: { readonly first: string; readonly last: string; readonly reserved: readonly [first: string, last: string] | 'none' },
): void {
  test(`${range} gives ${want.first} to ${want.last}, and ${want.reserved === 'none' ? 'keeps none for people' : `${want.reserved.join(' to ')} last`}`, () => {
    const pool = addressPool(range.includes(':') ? 'IPv6' : 'IPv4', () => [range])
    const random = seededRandom(1)
    const left = (only: readonly string[]) => pool.pick((value) => !only.includes(value), random)
    assert.equal(left([want.first]), want.first)
    assert.equal(left([want.last]), want.last)
    if (want.reserved === 'none') return
    const [first, last] = want.reserved
    assert.equal(left([first]), first)
    assert.equal(left([first, last]) !== undefined, true)
    // One that is not reserved goes before those that are.
    assert.equal(left([first, last, want.first]), want.first)
  })
}

// KEP 3070: a sixteenth of the range, between 16 and 256 addresses.
check('10.96.0.0/29', { first: '10.96.0.1', last: '10.96.0.6', reserved: 'none' })
check('10.96.0.0/24', { first: '10.96.0.17', last: '10.96.0.254', reserved: ['10.96.0.1', '10.96.0.16'] })
check('10.96.0.0/22', { first: '10.96.0.65', last: '10.96.3.254', reserved: ['10.96.0.1', '10.96.0.64'] })
check('10.96.0.0/19', { first: '10.96.1.1', last: '10.96.31.254', reserved: ['10.96.0.1', '10.96.1.0'] })
check('fd00::/120', { first: 'fd00::11', last: 'fd00::ff', reserved: ['fd00::1', 'fd00::10'] })
