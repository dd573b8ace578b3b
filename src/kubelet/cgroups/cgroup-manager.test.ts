import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type CgroupHost, createCgroupManager } from './cgroup-manager.ts'

const pod = (uid: string, cpu: string) =>
  ({ metadata: { uid, name: uid }, spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } }) as unknown as Pod

/** Groups that outlive their managers, with their shares. */
function machine() {
  const groups = new Map<string, number>()
  const host: CgroupHost = {
    make: async (path) => void groups.set(path, groups.get(path) ?? 1024),
    traits: {} as CgroupHost['traits'],
    limit: async (path, { cpuShares }) => void groups.set(path, cpuShares),
    read: async (path) => ({ cpuShares: groups.get(path)! }),
    memoryUsageBytes: async () => undefined,
    limitCpus: async () => {},
    children: async (path) =>
      [...groups.keys()]
        .flatMap((one) => (one.startsWith(`${path}/`) ? [one.slice(path.length + 1)] : []))
        .filter((one) => !one.includes('/')),
    kill: async () => {},
    remove: async (path) => groups.delete(path) || true,
  }
  return {
    host,
    shares: () => groups.get('/kubepods/burstable'),
    manager: () => createCgroupManager({ host, clock: createVirtualClock(0) }),
  }
}

test('burstable pods keep their weight when the agent starts anew', async () => {
  const { shares, manager } = machine()
  const first = manager()
  await first.ensureTree()
  assert.equal(shares(), 2)
  const pods = [pod('a', '1'), pod('b', '2')]
  for (const one of pods) await first.ensurePod(one)
  assert.equal(shares(), 3072)

  const second = manager()
  await second.ensureTree()
  assert.equal(shares(), 3072)
  for (const one of [...pods, ...pods]) await second.adopt!(one)
  assert.equal(shares(), 3072)
  await second.ensurePod(pod('c', '1'))
  assert.equal(shares(), 4096)
  await second.removePod('a')
  assert.equal(shares(), 3072)
  for (const uid of ['b', 'c']) await second.removePod(uid)
  assert.equal(shares(), 2)
})

test('tells that pods are held to their share, once the kernel took it', async () => {
  const { host } = machine()
  const clock = createVirtualClock(0)
  const told: string[] = []
  let isTaken = false
  const manager = createCgroupManager({
    host: { ...host, limit: async (path) => (path === '/kubepods' && !isTaken ? Promise.reject(new Error('device busy')) : undefined) },
    clock,
    allocatable: () => ({ memoryBytes: 1 }),
    reserved: [{ whose: 'kube', path: '/kube', share: { pids: 1 } }],
    onEnforced: ({ of, path, error }) => told.push(`${of} ${path} ${error === undefined ? 'held' : 'tried'}`),
  })
  await manager.ensureTree()
  assert.deepEqual(told.splice(0), ['pods /kubepods tried', 'kube /kube held'])
  isTaken = true
  await clock.advance(60_000)
  assert.deepEqual(told, ['pods /kubepods held'])
  manager.close()
})
