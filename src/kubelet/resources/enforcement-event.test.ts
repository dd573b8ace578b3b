import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Enforcement } from '../cgroups/cgroup-manager.ts'
import { enforcementEvent } from './enforcement-event.ts'

check({ of: 'pods', path: '/kubepods' }, 'Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods')
check({ of: 'kube', path: '/kube' }, 'Normal NodeAllocatableEnforced Updated limits on kube reserved cgroup /kube')
check(
  { of: 'pods', path: '/kubepods', error: new Error('device busy') },
  'Warning FailedNodeAllocatableEnforcement Failed to update Node Allocatable Limits ["kubepods"]: device busy',
)
check(
  { of: 'system', path: '/system.slice', error: new Error('none') },
  'Warning FailedNodeAllocatableEnforcement Failed to enforce System Reserved Cgroup Limits on "/system.slice": none',
)

function check(outcome: Enforcement, told: string): void {
  test(`tells of the share of ${outcome.of}: ${told}`, () => {
    const { type, reason, message } = enforcementEvent(outcome)
    assert.equal(`${type} ${reason} ${message}`, told)
  })
}
