import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareTraces, type Traces } from './traces.ts'

const nothing: Traces = {
  containers: [],
  sandboxes: [],
  mounts: [],
  addresses: [],
  cgroups: [],
  networkNamespaces: [],
  processes: [],
  podFolders: [],
}

const check = (title: string, expected: Partial<Traces>, actual: Partial<Traces>, words: readonly string[]) =>
  test(title, () => assert.deepEqual(compareTraces({ ...nothing, ...expected }, { ...nothing, ...actual }), words))

check('what is as it was says nothing', { containers: ['a', 'b'] }, { containers: ['b', 'a'] }, [])
check('what is gone is told', { containers: ['a', 'b'] }, { containers: ['b'] }, ['1 containers lost, as a'])
check('what is too much is told, sort by sort', { mounts: ['/x 0'] }, { mounts: ['/x 0', '/x 1'], cgroups: ['/y', '/z'] }, [
  '1 mounts left over, as /x 1',
  '2 cgroups left over, as /y',
])
check('another process of the same number is another', { processes: ['7 100'] }, { processes: ['7 200'] }, [
  '1 processes lost, as 7 100',
  '1 processes left over, as 7 200',
])
