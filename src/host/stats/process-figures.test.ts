import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { processFigures } from './process-figures.ts'

test('a process knows what it takes', () => {
  const before = processFigures()
  const file = openSync('/dev/null', 'r')
  const { openFiles, openFilesMax, residentBytes, virtualBytes, cpuSeconds } = processFigures()
  closeSync(file)
  assert.equal(openFiles, before.openFiles + 1)
  assert.ok(openFilesMax > openFiles)
  assert.ok(virtualBytes > residentBytes && residentBytes > 0)
  assert.ok(cpuSeconds >= before.cpuSeconds && cpuSeconds > 0)
})
