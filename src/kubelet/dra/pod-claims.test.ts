import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ClaimRecord } from './claim-records.ts'
import { claimStatus } from './claim-status.ts'
import { containerClaims, podClaims, refusalOfClaim } from './pod-claims.ts'

const pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: {
    resourceClaims: [
      { name: 'plain', resourceClaimName: 'shared' },
      { name: 'made', resourceClaimTemplateName: 't' },
      { name: 'none', resourceClaimTemplateName: 't' },
    ],
    containers: [],
  },
  status: {
    resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'p-made-x' }, { name: 'none' }],
    extendedResourceClaimStatus: {
      resourceClaimName: 'p-extended',
      requestMappings: [
        { containerName: 'main', resourceName: 'example.com/gpu', requestName: 'r0' },
        { containerName: 'other', resourceName: 'example.com/gpu', requestName: 'r1' },
      ],
    },
  },
} as unknown as Pod

test('claims of a pod: named, made for it, needless, and those of extended resources', () => {
  assert.deepEqual(podClaims(pod), [
    { name: 'plain', claimName: 'shared', isOwned: false },
    { name: 'made', claimName: 'p-made-x', isOwned: true },
    { name: '', claimName: 'p-extended', isOwned: false },
  ])
})

test('what a container uses of them', () => {
  const container = {
    name: 'main',
    resources: {
      claims: [{ name: 'plain', request: 'a' }, { name: 'plain', request: 'b' }, { name: 'made' }],
      requests: { 'example.com/gpu': '1' },
    },
  }
  assert.deepEqual(
    containerClaims(pod, container as never),
    new Map([
      ['shared', ['a', 'b']],
      ['p-made-x', ['']],
      ['p-extended', ['r0']],
    ]),
  )
  assert.deepEqual(containerClaims(pod, { name: 'third' } as never), new Map())
})

test('why a pod may not use a claim', () => {
  const check = (isOwned: boolean, claim: object, refusal: string | undefined) =>
    assert.equal(refusalOfClaim(pod, { name: 'c', claimName: 'c', isOwned }, claim as unknown as ResourceClaim), refusal)
  const metadata = { name: 'c', namespace: 'n', uid: 'cu' }
  const owned = { ...metadata, ownerReferences: [{ uid: 'u', controller: true }] }
  const status = { reservedFor: [{ uid: 'u' }], allocation: {} }
  check(false, { metadata, status }, undefined)
  check(true, { metadata: owned, status }, undefined)
  check(true, { metadata, status }, 'ResourceClaim n/c was not created for Pod n/p (Pod is not owner)')
  check(false, { metadata, status: { ...status, reservedFor: [{ uid: 'v' }] } }, 'pod p (u) is not allowed to use ResourceClaim c (cu)')
  check(false, { metadata, status: { reservedFor: [{ uid: 'u' }] } }, 'ResourceClaim c: not allocated')
})

test('an entry for each claim and request, no device twice, none of another request', () => {
  const device = (deviceName: string, requestNames: string[], cdiDeviceIds: string[]) => ({
    poolName: 'pool',
    deviceName,
    requestNames,
    cdiDeviceIds,
  })
  const record: ClaimRecord = {
    uid: 'cu',
    name: 'shared',
    namespace: 'n',
    podUids: new Set(['u']),
    drivers: new Map([['d', [device('one', ['a'], ['v/c=1']), device('two', ['b'], ['v/c=1']), device('three', [], [])]]]),
    isPrepared: true,
  }
  const wanted = [{ name: 'plain' }, { name: 'plain', request: 'a/first' }, { name: 'made' }]
  const statuses = claimStatus(pod, { name: 'main', resources: { claims: wanted } } as never, {
    claim: (name) => (name === 'shared' ? record : undefined),
    health: (_driver, _pool, name) => ({ health: name === 'one' ? 'Unhealthy' : 'Unknown', message: name === 'one' ? 'hot' : '' }),
  })
  const one = { resourceID: 'v/c=1', health: 'Unhealthy', message: 'hot' }
  const three = { resourceID: 'd/pool/three', health: 'Unknown' }
  assert.deepEqual(statuses, [
    { name: 'claim:plain', resources: [one, three] },
    { name: 'claim:plain/a/first', resources: [one, three] },
  ])
})
