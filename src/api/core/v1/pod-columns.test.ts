import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podColumns } from './pod-columns.ts'

const now = Date.parse('2026-01-01T01:00:00Z')
const ready = [{ type: 'Ready', status: 'True' }]
const running = { running: { startedAt: null } }
const ended = (exitCode: number, reason?: string) => ({ terminated: { exitCode, reason, finishedAt: '2026-01-01T00:55:00Z' } })
const status = (state: object, more: object = {}) => ({ name: 'c', state, lastState: {}, ready: false, restartCount: 0, ...more })

interface Case {
  readonly spec?: object
  readonly status?: object
  readonly metadata?: object
}

/** READY, STATUS and RESTARTS as `kubectl get pods` shows them. */
function check(title: string, { spec, status: given, metadata }: Case, wanted: string): void {
  test(title, () => {
    const pod = {
      metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
      spec: { containers: [{ name: 'c' }], ...spec },
      status: { phase: 'Running', ...given },
    }
    assert.equal(
      podColumns
        .slice(0, 4)
        .map(({ cell }) => cell(pod as never, now))
        .join(' | '),
      wanted,
    )
  })
}

check('waiting for a node', { status: { phase: 'Pending' } }, '0/1 | Pending | 0 | 60m')
check(
  'held at its gates',
  { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } },
  '0/1 | SchedulingGated | 0 | 60m',
)
check('up', { status: { conditions: ready, containerStatuses: [status(running, { ready: true })] } }, '1/1 | Running | 0 | 60m')
check(
  'crashing',
  { status: { containerStatuses: [status({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 2, lastState: ended(1) })] } },
  '0/1 | CrashLoopBackOff | 2 (5m ago) | 60m',
)
check('done', { status: { phase: 'Succeeded', containerStatuses: [status(ended(0, 'Completed'))] } }, '0/1 | Completed | 0 | 60m')
check('failed without a reason', { status: { phase: 'Failed', containerStatuses: [status(ended(3))] } }, '0/1 | ExitCode:3 | 0 | 60m')
check(
  'one of two done',
  {
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    status: { conditions: ready, containerStatuses: [status(ended(0, 'Completed')), status(running, { ready: true })] },
  },
  '1/2 | Running | 0 | 60m',
)
check(
  'first of two init containers',
  {
    spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
    status: { phase: 'Pending', initContainerStatuses: [status(running, { name: 'i' })] },
  },
  '0/1 | Init:0/2 | 0 | 60m',
)
check(
  'a failed init container',
  {
    spec: { initContainers: [{ name: 'i' }] },
    status: { phase: 'Pending', initContainerStatuses: [status(ended(1, 'Error'), { name: 'i', restartCount: 1 })] },
  },
  '0/1 | Init:Error | 1 | 60m',
)
check(
  'a sidecar counts',
  {
    spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
    status: {
      conditions: ready,
      initContainerStatuses: [status(running, { name: 's', started: true, ready: true, restartCount: 1 })],
      containerStatuses: [status(running, { ready: true })],
    },
  },
  '2/2 | Running | 1 | 60m',
)
check(
  'on its way out',
  { metadata: { deletionTimestamp: '2026-01-01T00:59:00Z' }, status: { containerStatuses: [status(running, { ready: true })] } },
  '1/1 | Terminating | 0 | 60m',
)
check(
  'deleted, but over before',
  {
    metadata: { deletionTimestamp: '2026-01-01T00:59:00Z' },
    status: { phase: 'Succeeded', containerStatuses: [status(ended(0, 'Completed'))] },
  },
  '0/1 | Completed | 0 | 60m',
)
