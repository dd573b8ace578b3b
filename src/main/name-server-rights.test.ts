import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Event } from '#api/core/v1/event.ts'
import { Service } from '#api/core/v1/service.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createEventRecorder } from '#loop/events.ts'
import { startTestPlane } from './test-plane.ts'

test('a node reads the settings of its name server, no other ConfigMap, and tells of what is wrong with them', async () => {
  const plane = await startTestPlane({ dnsAddress: '10.96.0.10' })
  const as = (name: string, ...groups: string[]) =>
    createClient(plane.transportAs({ name, groups: [...groups, 'system:authenticated'] }), { fieldManager: 'test' })
  const admin = as('admin', 'system:masters')
  const node = as('system:node:n', 'system:nodes')
  const cache = {
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    namespace: 'kube-system',
    fieldSelector: 'metadata.name=kube-dns',
  }
  const settings = createInformer(node, ConfigMap, cache)
  await settings.synced()
  const written = await admin.create(ConfigMap, { metadata: { name: 'kube-dns' }, data: { hosts: 'x' } }, { namespace: 'kube-system' })
  assert.ok(await settings.until(() => settings.list().length === 1, 5_000))
  await admin.create(ConfigMap, { metadata: { name: 'other' } }, { namespace: 'kube-system' })
  await assert.rejects(node.get(ConfigMap, 'other', 'kube-system'), (error) => isError(error, 'Forbidden'))
  await assert.rejects(node.list(ConfigMap, { namespace: 'kube-system' }), (error) => isError(error, 'Forbidden'))
  const recorder = createEventRecorder({ client: node, ...cache, component: 'dns', host: 'n' })
  recorder.record({ regarding: written, type: 'Warning', reason: 'InvalidDNSSetting', message: 'hosts: wrong' })
  await recorder.idle()
  const { items } = await admin.list(Event, { namespace: 'kube-system' })
  assert.deepEqual(
    items.map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`),
    ['InvalidDNSSetting kube-dns'],
  )
  const { spec } = await admin.get(Service, 'kube-dns', 'kube-system')
  assert.deepEqual(spec.clusterIPs, ['10.96.0.10'])
  await settings.close()
  await plane.stop()
})

test('a name server of two families has a Service of two', async () => {
  const plane = await startTestPlane({ dnsAddress: '10.96.0.10,fd00:10:96::a', serviceCIDRs: ['10.96.0.0/12', 'fd00:10:96::/112'] })
  const client = createClient(plane.transportAs({ name: 'admin', groups: ['system:masters'] }), {
    fieldManager: 'test',
  })
  const { spec } = await client.get(Service, 'kube-dns', 'kube-system')
  assert.deepEqual(
    [spec.clusterIPs, spec.ipFamilies],
    [
      ['10.96.0.10', 'fd00:10:96::a'],
      ['IPv4', 'IPv6'],
    ],
  )
  await plane.stop()
})
