import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMasterState } from './haproxy.ts'

const lines = (master: string, ...workers: string[]): string =>
  ['#<PID>          <type>          <reloads>       <uptime>        <version>', master, '# workers', ...workers, '# programs', ''].join(
    '\n',
  )

check('at its start', lines('2909  master  0 [failed: 0]  0d00h00m01s  2.6.12', '2910  worker  0  0d00h00m01s  2.6.12'), {
  reloads: 0,
  failed: 0,
  worker: 2910,
})
check(
  'an old worker that ends beside the new one',
  lines('2909  master  11 [failed: 2]  1d', '2963  worker  0  1s', '# old workers', '2910  worker  11  1d'),
  { reloads: 11, failed: 2, worker: 2963 },
)
check('none that takes connections', lines('2909  master  1 [failed: 1]  1d', '# old workers', '2910  worker  10  1d'), {
  reloads: 1,
  failed: 1,
  worker: undefined,
})
check('a master that begins anew says nothing', '', undefined)

function check(name: string, text: string, expected: ReturnType<typeof readMasterState>): void {
  test(name, () => assert.deepEqual(readMasterState(text), expected))
}
