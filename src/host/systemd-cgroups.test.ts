import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CgroupHost } from '#kubelet/cgroups/cgroup-manager.ts'
import { WherryError } from '#lib/errors.ts'
import { slicePropertiesOf, systemdCgroupHost } from './systemd-cgroups.ts'

const POD = '/kubepods.slice/kubepods-podu_1.slice'

test('tells systemd of each slice before the kernel’s files are touched', async () => {
  const { host, calls } = make()
  await host.make(POD)
  assert.deepEqual(calls, ['StartTransientUnit kubepods.slice', 'StartTransientUnit kubepods-podu_1.slice', `make ${POD}`])
})

test('a slice that is there already is there', async () => {
  const { host, calls } = make(new WherryError('InternalError', 'busctl call ended with 1: Unit kubepods.slice was already loaded.'))
  await host.make(POD)
  assert.deepEqual(calls.at(-1), `make ${POD}`)
  await assert.rejects(make(new WherryError('InternalError', 'Access denied')).host.make(POD), /Access denied/)
})

test('limits the innermost slice, at systemd and at once', async () => {
  const { host, calls } = make()
  await host.limit(POD, { cpuShares: 1024 })
  assert.deepEqual(calls, ['SetUnitProperties kubepods-podu_1.slice', `limit ${POD}`])
})

test('stops a slice when its group is gone, and not before', async () => {
  const { host, calls } = make()
  assert.equal(await host.remove(POD), true)
  assert.deepEqual(calls, [`remove ${POD}`, 'StopUnit kubepods-podu_1.slice'])
  const busy = systemdCgroupHost({ ...make().kernel, remove: async () => false }, () => Promise.reject(new Error('not to be asked')))
  assert.equal(await busy.remove(POD), false)
})

test('limits as properties of a unit', () => {
  const all = { cpuShares: 1024, cpuQuota: 33_333, cpuPeriod: 100_000, memoryBytes: 2 ** 20, pids: 5 }
  assert.deepEqual(slicePropertiesOf(all, true), [
    ['CPUWeight', 't', '39'],
    ['CPUQuotaPerSecUSec', 't', '340000'],
    ['MemoryMax', 't', '1048576'],
    ['TasksMax', 't', '5'],
  ])
  assert.deepEqual(slicePropertiesOf({ cpuShares: 2, cpuQuota: 5_000, cpuPeriod: 10_000 }, true).slice(1, 3), [
    ['CPUQuotaPerSecUSec', 't', '500000'],
    ['CPUQuotaPeriodUSec', 't', '10000'],
  ])
  assert.deepEqual(slicePropertiesOf({ cpuShares: 2 }, false), [
    ['CPUShares', 't', '2'],
    ['CPUQuotaPerSecUSec', 't', '18446744073709551615'],
    ['MemoryLimit', 't', '18446744073709551615'],
    ['TasksMax', 't', '18446744073709551615'],
  ])
})

function make(failure?: Error) {
  const calls: string[] = []
  const kernel = {
    traits: { isUnified: true, hasSwap: false, hasHugePages: false, hasCpuQuota: true },
    make: async (path: string) => void calls.push(`make ${path}`),
    limit: async (path: string) => void calls.push(`limit ${path}`),
    remove: async (path: string) => {
      calls.push(`remove ${path}`)
      return true
    },
  } as unknown as CgroupHost
  const host = systemdCgroupHost(kernel, async (_command, args) => {
    calls.push(`${args[5]} ${args[7]}`)
    if (failure !== undefined) throw failure
    return { code: 0, stdout: '', stderr: '' }
  })
  return { host, kernel, calls }
}
