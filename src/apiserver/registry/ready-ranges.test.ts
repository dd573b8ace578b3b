import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Objects } from '../contract.ts'
import { readyRanges } from './ready-ranges.ts'

const own = ['10.96.0.0/12']

interface Given {
  readonly name: string
  readonly cidr: string
  /** Of the condition Ready; absent: nobody has looked at it. */
  readonly ready?: 'True' | 'False'
  readonly isGoing?: true
}

function check(title: string, given: readonly Given[], want: readonly string[]): void {
  test(title, () => {
    const objects = given.map(({ name, cidr, ready, isGoing }) => ({
      metadata: { name, ...(isGoing && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
      spec: { cidrs: [cidr] },
      status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }] },
    }))
    assert.deepEqual(readyRanges({ list: () => objects } as unknown as Objects, own), want)
  })
}

const byDefault = { name: 'kubernetes', cidr: '10.97.0.0/16' }
const other = { name: 'a', cidr: '10.98.0.0/16' }
check('before there is any, the server knows its own', [], own)
check('the one that is made of its own stands for it', [byDefault], ['10.97.0.0/16'])
check('others come behind, whatever their names', [other, byDefault], ['10.97.0.0/16', '10.98.0.0/16'])
check('others come behind its own as well', [other], [...own, '10.98.0.0/16'])
check('one that is on its way out gives no more', [byDefault, { ...other, isGoing: true }], ['10.97.0.0/16'])
check(
  'nor does one that is unready, or the default where it is so',
  [
    { ...byDefault, ready: 'False' },
    { ...other, ready: 'True' },
  ],
  ['10.98.0.0/16'],
)
