import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { planDrain } from './plan-drain.ts'

const owned = (kind: string, controller = true) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'owner', uid: '1', controller }],
})
const running = { phase: 'Running' }

check('a replica', owned('ReplicaSet'), running, 'evict')
check('one of a DaemonSet comes back at once', owned('DaemonSet'), running, 'stay')
check('a static one ends with its node', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, running, 'stay')
check('one without a controller would be lost', {}, running, 'alone')
check('an owner that is no controller makes nothing anew', owned('ConfigMap', false), running, 'alone')
check('one that has ended is not lost', {}, { phase: 'Succeeded' }, 'evict')
check('nor one that failed', {}, { phase: 'Failed' }, 'evict')

function check(title: string, metadata: object, status: object, expected: 'evict' | 'alone' | 'stay'): void {
  test(title, () => {
    const pod = { metadata: { name: 'pod', ...metadata }, spec: {}, status } as unknown as Pod
    const nothing = { evict: [], alone: [], stay: [] }
    assert.deepEqual(planDrain([pod]), { ...nothing, [expected]: [pod] })
  })
}
