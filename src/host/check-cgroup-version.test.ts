import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkCgroupVersion } from './check-cgroup-version.ts'

const split = mkdtempSync(join(tmpdir(), 'wherry-cgroup-v1-'))
const unified = mkdtempSync(join(tmpdir(), 'wherry-cgroup-v2-'))
writeFileSync(join(unified, 'cgroup.controllers'), 'cpu memory pids\n')
after(() => {
  for (const folder of [split, unified]) rmSync(folder, { recursive: true })
})

check('nothing said', {})
check('version 1 is allowed', { failCgroupV1: false, singleProcessOOMKill: true })
check('version 1 is not wanted', { failCgroupV1: true }, /^\/c\.yaml: kubelet\.failCgroupV1 is true, .* cgroup v1/)
check(
  'all processes are to end together',
  { singleProcessOOMKill: false },
  /^\/c\.yaml: kubelet\.singleProcessOOMKill must not be false with cgroup v1/,
)

/** `onVersion1`: the refusal there. Version 2 takes everything. */
function check(title: string, kubelet: Readonly<Record<string, unknown>>, onVersion1?: RegExp): void {
  test(title, () => {
    checkCgroupVersion({ kubelet }, '/c.yaml', unified)
    if (onVersion1) assert.throws(() => checkCgroupVersion({ kubelet }, '/c.yaml', split), { code: 'Invalid', message: onVersion1 })
    else checkCgroupVersion({ kubelet }, '/c.yaml', split)
  })
}
