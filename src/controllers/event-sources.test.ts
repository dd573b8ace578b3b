import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { controllers, isCollectable } from './mod.ts'

/** Component of the events of the reference v1.36.3 (`source.component`), by folder and by controller here. */
const known: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'attach-detach': { 'attachdetach-controller': 'attachdetach-controller' },
  // The reference's approver tells nothing.
  'certificate-approver': { 'certificate-approver': 'certificate-approver' },
  cronjob: { 'cronjob-controller': 'cronjob-controller' },
  daemonset: { 'daemonset-controller': 'daemonset-controller' },
  deployment: { 'deployment-controller': 'deployment-controller' },
  'device-taint-eviction': { 'device-taint-eviction-controller': 'device-taint-eviction-controller' },
  disruption: { 'disruption-controller': 'controllermanager' },
  endpoints: { 'endpoint-controller': 'endpoint-controller' },
  endpointslice: { 'endpointslice-controller': 'endpoint-slice-controller' },
  'endpointslice-mirroring': { 'endpointslicemirroring-controller': 'endpoint-slice-mirroring-controller' },
  'ephemeral-volume': { ephemeral_volume: 'ephemeral_volume' },
  'garbage-collector': { 'generic-garbage-collector': 'garbage-collector-controller' },
  'horizontal-pod-autoscaler': { 'horizontal-pod-autoscaler': 'horizontal-pod-autoscaler' },
  'ip-address-repair': { 'ipallocator-repair-controller': 'ipallocator-repair-controller' },
  job: { 'job-controller': 'job-controller' },
  'local-provisioner': { 'local-provisioner': 'local-provisioner' },
  'node-ipam': { 'node-ipam-controller': 'cidrAllocator' },
  'node-lifecycle': { 'node-controller': 'node-controller' },
  'persistent-volume-binder': { 'persistentvolume-controller': 'persistentvolume-controller' },
  'persistent-volume-expander': { volume_expand: 'volume_expand' },
  replicaset: { 'replicaset-controller': 'replicaset-controller', 'replication-controller': 'replication-controller' },
  'resource-claim': { 'resource-claim-controller': 'resource_claim' },
  'service-lb': { 'service-controller': 'service-controller' },
  statefulset: { 'statefulset-controller': 'statefulset-controller' },
  'taint-eviction': { 'taint-eviction-controller': 'taint-eviction-controller' },
}

const own = controllers({
  served: createServedKinds(kinds.filter(isCollectable)),
  kinds,
  rootCa: 'PEM',
  apiServer: { addresses: ['192.0.2.7'], port: 6443, clusterIp: '10.96.0.1' },
  localVolumes: true,
})

for (const [folder, sources] of Object.entries(known))
  test(`events of ${folder} come from the reference’s component`, () => {
    for (const [name, component] of Object.entries(sources)) {
      const found = own.find((one) => one.name === name)
      assert.equal(found?.eventSource ?? found?.name, component)
    }
  })

test('every folder that tells events is known', () => {
  const telling = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'common' && entry.name !== 'testing')
    .filter(({ name }) => sourcesIn(name).some((text) => text.includes("do: 'event'") || text.includes('podEvents(')))
  assert.deepEqual(telling.map(({ name }) => name).toSorted(), Object.keys(known).toSorted())
})

const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(`${import.meta.dirname}/${folder}`)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(`${import.meta.dirname}/${folder}/${name}`, 'utf8'))
