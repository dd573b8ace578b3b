import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import type { CgroupDriver, CgroupName } from './cgroup-names.ts'
import { cgroupParent, cgroupPath, podCgroup, uidOf } from './cgroup-names.ts'

const pod = podCgroup('1f-2e', 'Burstable')
const slices = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2e.slice'

check(['kubepods'], 'cgroupfs', '', '/kubepods', '/kubepods')
check(pod, 'cgroupfs', '', '/kubepods/burstable/pod1f-2e', '/kubepods/burstable/pod1f-2e')
check(pod, 'cgroupfs', '/wherry/one', '/wherry/one/kubepods/burstable/pod1f-2e', '/wherry/one/kubepods/burstable/pod1f-2e')
check(podCgroup('1f-2e', 'Guaranteed'), 'cgroupfs', '', '/kubepods/pod1f-2e', '/kubepods/pod1f-2e')
check(pod, 'systemd', '', slices, 'kubepods-burstable-pod1f_2e.slice')
check(['kubepods'], 'systemd', '/wherry', '/wherry.slice/wherry-kubepods.slice', 'wherry-kubepods.slice')

test('refuses what systemd would read as a dash', () => {
  assert.throws(
    () => cgroupPath(['kubepods', 'pod_x'], 'systemd'),
    (error) => isError(error, 'Invalid'),
  )
})

test('finds the pod in a directory name', () => {
  assert.equal(uidOf('pod1f-2e'), '1f-2e')
  assert.equal(uidOf('kubepods-burstable-pod1f_2e.slice'), '1f-2e')
  assert.equal(uidOf('kubepods-pod1f_2e.slice'), '1f-2e')
  assert.equal(uidOf('burstable'), undefined)
  assert.equal(uidOf('kubepods-burstable.slice'), undefined)
})

function check(name: CgroupName, driver: CgroupDriver, root: string, path: string, parent: string): void {
  test(`${driver} ${root} ${name.join(' ')}`, () => {
    assert.equal(cgroupPath(name, driver, root), path)
    assert.equal(cgroupParent(name, driver, root), parent)
  })
}
