import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type ClaimStatus, type Expansion, failed, finished, inProgress, planExpansion } from './claim-expansion.ts'

interface Case {
  readonly has?: string
  readonly wants?: string
  readonly status?: object
  readonly modes?: readonly string[]
  readonly annotations?: Record<string, string>
  readonly readOnly?: boolean
  readonly known?: string
  readonly plans: Expansion
}

const pending = { allocatedResources: { storage: '2Gi' }, allocatedResourceStatuses: { storage: 'NodeResizePending' } }
const nothing = { do: 'nothing' } as const
const cases: Readonly<Record<string, Case>> = {
  'the size is the size': { wants: '1Gi', plans: nothing },
  'written otherwise, the same': { wants: '1024Mi', plans: nothing },
  'an older resizer leaves all to the node': { plans: { do: 'expand', capacity: '2Gi', marks: false, isDone: false } },
  'the resizer is done': { status: pending, plans: { do: 'expand', capacity: '2Gi', marks: true, isDone: false } },
  'begun by a process before': {
    status: { ...pending, allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } },
    plans: { do: 'expand', capacity: '2Gi', marks: true, isDone: false },
  },
  'the resizer is at it': { status: { ...pending, allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' } }, plans: nothing },
  'it cannot be': { status: { ...pending, allocatedResourceStatuses: { storage: 'NodeResizeInfeasible' } }, plans: nothing },
  'read only': { status: pending, readOnly: true, plans: { do: 'refuse' } },
  'this node has done it already': { status: pending, known: '2Gi', plans: nothing },
  'done by another node, for one': { has: '2Gi', known: '1Gi', status: { allocatedResources: { storage: '2Gi' } }, plans: nothing },
  'done by another node, for many': {
    has: '2Gi',
    known: '1Gi',
    status: { allocatedResources: { storage: '2Gi' } },
    modes: ['ReadWriteMany'],
    plans: { do: 'expand', capacity: '2Gi', marks: true, isDone: true },
  },
  'for many, and nodes have nothing to do': {
    has: '2Gi',
    known: '1Gi',
    status: { allocatedResources: { storage: '2Gi' } },
    modes: ['ReadWriteMany'],
    annotations: { 'volume.kubernetes.io/node-expansion-not-required': 'true' },
    plans: nothing,
  },
}

for (const [name, given] of Object.entries(cases)) {
  test(name, () => {
    const { has = '1Gi', wants = '2Gi', status, modes = ['ReadWriteOnce'], annotations, readOnly = false, known } = given
    const claim = { metadata: { annotations }, spec: { accessModes: modes }, status: { capacity: { storage: has }, ...status } }
    const volume = { spec: { capacity: { storage: wants } } }
    const plan = planExpansion(claim as unknown as PersistentVolumeClaim, volume as unknown as PersistentVolume, readOnly, known)
    assert.deepEqual(plan, given.plans)
  })
}

test('the status goes from pending over in progress to its end, or tells what failed', () => {
  const resizing = { type: 'FileSystemResizePending', status: 'True' }
  const other = { type: 'ModifyingVolume', status: 'True' }
  const status = { capacity: { storage: '1Gi' }, conditions: [resizing, other], ...pending } as unknown as ClaimStatus
  const begun = inProgress(status)
  assert.equal(begun.allocatedResourceStatuses?.['storage'], 'NodeResizeInProgress')
  assert.deepEqual(finished(begun, '2Gi'), {
    capacity: { storage: '2Gi' },
    conditions: [other],
    allocatedResources: { storage: '2Gi' },
  })
  const told = failed(begun, 'no room', false, '2026-01-01T00:00:00Z')
  assert.deepEqual(told.conditions?.at(-1), {
    type: 'NodeResizeError',
    status: 'True',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    message: 'failed to expand pvc with no room',
  })
  assert.equal(told.allocatedResourceStatuses?.['storage'], 'NodeResizeInProgress')
  assert.equal(failed(told, 'still none', true, '2026-01-02T00:00:00Z').allocatedResourceStatuses?.['storage'], 'NodeResizeInfeasible')
  assert.deepEqual(failed(told, 'still none', true, '2026-01-02T00:00:00Z').conditions, told.conditions)
})
