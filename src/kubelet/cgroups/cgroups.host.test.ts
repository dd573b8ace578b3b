import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { createCgroupManager } from './cgroup-manager.ts'

const top = `/wherry-test-${process.pid}`
const root = `${top}/one`
const version1 = !existsSync('/sys/fs/cgroup/cgroup.controllers')
const manager = createCgroupManager({ host: cgroupHost(), clock: systemClock, root })
after(() => manager.removeTree())

test('makes the tree, a pod and its limits, corrects them, and removes a pod with what runs in it', async () => {
  await manager.ensureTree()
  await manager.ensureTree()
  assert.deepEqual(await manager.known(), [])

  const parent = await manager.ensurePod(podWith('u-1', { requests: { cpu: '100m' }, limits: { memory: '64Mi' } }))
  assert.equal(parent, `${root}/kubepods/burstable/podu-1`)
  await manager.ensurePod(podWith('u-2', { requests: { cpu: '200m' } }))
  assert.deepEqual(await manager.known(), ['u-1', 'u-2'])
  assert.equal(read('memory', `${parent}/memory.limit_in_bytes`, `${parent}/memory.max`), `${64 << 20}`)
  assert.equal(read('cpu', `${root}/kubepods/burstable/cpu.shares`, `${root}/kubepods/burstable/cpu.weight`), version1 ? '307' : '12')

  await manager.ensurePod(podWith('u-1', { requests: { cpu: '100m' }, limits: { memory: '32Mi' } }))
  assert.equal(read('memory', `${parent}/memory.limit_in_bytes`, `${parent}/memory.max`), `${32 << 20}`)

  const child = spawn('sleep', ['600'])
  const gone = once(child, 'exit')
  writeFileSync(version1 ? `/sys/fs/cgroup/memory${parent}/cgroup.procs` : `/sys/fs/cgroup${parent}/cgroup.procs`, `${child.pid}`)
  await manager.removePod('u-1')
  assert.deepEqual((await gone)[1], 'SIGKILL')
  await manager.removePod('u-1')
  assert.deepEqual(await manager.known(), ['u-2'])
  assert.equal(read('cpu', `${root}/kubepods/burstable/cpu.shares`, `${root}/kubepods/burstable/cpu.weight`), version1 ? '204' : '8')
})

test('leaves nothing behind, and nothing else alone the less', async () => {
  await manager.removeTree()
  await manager.removeTree()
  assert.ok(!existsSync(`/sys/fs/cgroup/${version1 ? 'cpu' : ''}${top}`))
  assert.ok(existsSync('/sys/fs/cgroup'))
})

function read(controller: string, file1: string, file2: string): string {
  return readFileSync(version1 ? `/sys/fs/cgroup/${controller}${file1}` : `/sys/fs/cgroup${file2}`, 'utf8').trim()
}

function podWith(uid: string, resources: object): Pod {
  return { metadata: { uid, name: uid, namespace: 'default' }, spec: { containers: [{ name: 'c', resources }] } } as unknown as Pod
}
