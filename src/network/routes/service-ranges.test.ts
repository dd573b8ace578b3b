import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { fakeInformer } from '../proxy/testing/packet-world.ts'
import { followServiceRanges } from './service-ranges.ts'

test('the ranges of the settings and of all ServiceCIDRs, each once, until the object is gone', async () => {
  const objects = fakeInformer<ServiceCIDR>()
  const ranges = followServiceRanges(objects.informer, ['10.96.0.0/12'])
  const told: string[] = []
  ranges.onChange(() => told.push(ranges.list().join()))
  objects.put(range('kubernetes', ['10.96.0.0/12']))
  assert.deepEqual(told, [], 'it was there before')
  objects.put(range('more', ['10.112.0.0/16', 'fd00:0::/112']))
  objects.put(range('more', ['10.112.0.0/16', 'fd00:0::/112'], '2026-01-01T00:00:00Z'))
  const all = '10.96.0.0/12,10.112.0.0/16,fd00::/112'
  assert.deepEqual(told, [all])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, [all, all], 'all are known')
  for (const name of ['more', 'kubernetes']) objects.remove(range(name, []))
  assert.deepEqual(told.slice(2), ['10.96.0.0/12'])
  ranges.stop()
  objects.put(range('more', ['10.113.0.0/16']))
  assert.equal(told.length, 3)
})

const range = (name: string, cidrs: readonly string[], deletionTimestamp?: string): ServiceCIDR =>
  ({ kind: 'ServiceCIDR', metadata: { name, ...(deletionTimestamp && { deletionTimestamp }) }, spec: { cidrs } }) as unknown as ServiceCIDR
