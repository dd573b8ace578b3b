import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { framesOf } from './frames.ts'
import type { IncludeObject } from './table.ts'

/** A bookmark of a watch for tables is a row as well, of an object of which nothing is known. */

check('Secret', ['', '', 0, '<unknown>'])
check('Service', ['', '', '<none>', '<unknown>', '<none>', '<unknown>', '<none>'])
check('StatefulSet', ['', '0/0', '<unknown>', '', ''])
check('CSIDriver', ['', true, false, false, '<unset>', false, '<none>', '<unknown>'])
check('StorageClass', ['', '', 'Delete', 'Immediate', false, '<unknown>'])
check('CronJob', ['', '', '<none>', '<unset>', 0, '<none>', '<unknown>', '', '', '<none>'])
check('LimitRange', ['', '0001-01-01T00:00:00Z'])

function check(name: string, cells: readonly unknown[]): void {
  test(`of ${name}`, () => {
    assert.deepEqual(bookmark(kinds.find(({ kind }) => kind === name)!, 'Metadata', true).rows[0].cells, cells)
  })
}

function bookmark(kind: (typeof kinds)[number], include: IncludeObject, end: boolean) {
  const frames = framesOf(kind, { encoding: 'json', as: 'Table' }, include, createVirtualClock(0))
  return JSON.parse(Buffer.from(frames.bookmark(7, end)).toString()).object
}

for (const include of ['None', 'Metadata', 'Object'] as const)
  test(`every kind has one, with ${include}`, () => {
    for (const kind of kinds.filter(({ verbs }) => verbs === undefined || verbs.includes('watch'))) {
      const { rows, columnDefinitions, metadata } = bookmark(kind, include, true)
      assert.deepEqual(metadata, { resourceVersion: '7' }, kind.kind)
      assert.equal(rows.length, 1, kind.kind)
      assert.ok(rows[0].cells.length >= columnDefinitions.length, kind.kind)
      assert.doesNotMatch(JSON.stringify(rows[0].cells), /null|undefined|NaN/, kind.kind)
      // Who asked for no objects is told the end of the beginning all the same.
      assert.equal(rows[0].object.metadata.annotations['k8s.io/initial-events-end'], 'true', kind.kind)
      const { object } = bookmark(kind, include, false).rows[0]
      assert.equal(object === null, include === 'None', kind.kind)
    }
  })
