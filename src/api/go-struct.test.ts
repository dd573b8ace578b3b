import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goPodSpec } from '#api/core/v1/go-pod-template.ts'
import * as types from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import type { AnyType } from '#schema/schema.ts'

checkNames(
  'a block device is called by what it is of',
  types.RBDVolumeSource,
  'CephMonitors,RBDImage,FSType,RBDPool,RadosUser,Keyring,SecretRef,ReadOnly',
)
checkNames('a file system of the same is not', types.CephFSVolumeSource, 'Monitors,Path,User,SecretFile,SecretRef,ReadOnly')
checkNames('metadata of a template stands in its place', types.PersistentVolumeClaimTemplate, 'labels,Spec', {
  metadata: { labels: { a: 'b' } },
})

test('sources of a volume stand in an order of their own', () => {
  const names = (type: AnyType) => Object.keys(goStruct(type, {}) as object).join()
  assert.match(names(types.Volume), /RBD,Quobyte,FlexVolume,Cinder/)
  assert.match(names(types.PersistentVolumeSpec), /RBD,Quobyte,ISCSI,FlexVolume,Cinder,CephFS/)
})

// Texts recorded from the reference.
checkDiff(
  'what changes with the lines around it',
  goStruct(types.PersistentVolumeClaimSpec, { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }),
  goStruct(types.PersistentVolumeClaimSpec, { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } }),
  '@@ -1,6 +1,6 @@\n {\n  "AccessModes": [\n-  "ReadWriteOnce"\n+  "ReadWriteMany"\n  ],\n  "Selector": null,\n  "Resources": {\n',
)
checkDiff(
  'a pod shares its host by its security context',
  goPodSpec({ containers: [], securityContext: {} } as never),
  goPodSpec({ containers: [], securityContext: {}, hostPID: true } as never),
  '@@ -13,7 +13,7 @@\n  "NodeName": "",\n  "SecurityContext": {\n   "HostNetwork": false,\n-  "HostPID": false,\n+  "HostPID": true,\n   "HostIPC": false,\n   "ShareProcessNamespace": null,\n   "HostUsers": null,\n',
)
checkDiff(
  'maps in the order of their keys, with what Go escapes',
  goStruct(types.PodSpec, { nodeSelector: { b: '<' } }),
  goStruct(types.PodSpec, { nodeSelector: { b: '<', a: '' } }),
  '@@ -8,6 +8,7 @@\n  "ActiveDeadlineSeconds": null,\n  "DNSPolicy": "",\n  "NodeSelector": {\n+  "a": "",\n   "b": "\\u003c"\n  },\n  "ServiceAccountName": "",\n',
)

function checkNames(name: string, type: AnyType, wanted: string, value: object = {}): void {
  test(name, () => assert.equal(Object.keys(goStruct(type, value) as object).join(), wanted))
}

function checkDiff(name: string, before: unknown, after: unknown, wanted: string): void {
  test(name, () => assert.equal(goDiff(before, after), wanted))
}
