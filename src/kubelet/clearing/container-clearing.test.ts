import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type MadePod, testPods } from '../eviction/testing.ts'
import type { ContainerRecord } from '../interfaces.ts'
import { shownTraces, testTracer } from '../tracing/testing.ts'
import { createContainerClearing } from './container-clearing.ts'

const container = (id: string, state: ContainerRecord['state']): ContainerRecord => ({
  name: 'main',
  kind: 'regular',
  id,
  attempt: 0,
  state,
  logPath: `/logs/${id}`,
})

function world(pods: readonly MadePod[], folders: readonly string[] = []) {
  const did: string[] = []
  const traces = testTracer(createVirtualClock(0))
  const clearing = createContainerClearing({
    runtime: {
      async removeContainer(id) {
        if (id === 'stuck') throw new WherryError('InternalError', 'device busy')
        did.push(`container ${id}`)
      },
      sandboxes: async (filter) => [{ id: `old-${filter?.podUid}` }] as never,
      async stopSandbox() {},
      removeSandbox: async (id) => void did.push(`sandbox ${id}`),
    },
    pods: testPods(pods),
    logs: { remove: async (path) => void did.push(`log ${path}`) },
    files: { list: async () => folders, remove: async (path) => void did.push(`folder ${path}`) },
    podLogsDirectory: '/logs',
    containerLogsDirectory: '/links',
    log: silentLog,
    tracer: traces.tracer,
  })
  return { clearing, did, traces }
}

test('only pods that are over lose what ended, with its logs', async () => {
  const { clearing, did } = world([
    { name: 'over', phase: 'Succeeded', sandboxId: undefined, containers: [container('a', 'exited'), container('b', 'exited')] },
    { name: 'runs', containers: [container('c', 'exited'), container('d', 'running')] },
    { name: 'ending', phase: 'Failed', sandboxId: 'still', containers: [container('e', 'exited')] },
    { name: 'half', phase: 'Failed', sandboxId: undefined, containers: [container('f', 'running')] },
  ])
  await clearing.removeEnded()
  assert.deepEqual(did, [
    'container a',
    'log /logs/a',
    'folder /links/over_default_main-a.log',
    'container b',
    'log /logs/b',
    'folder /links/over_default_main-b.log',
    'sandbox old-uid-over',
  ])
})

test('one that cannot be removed does not keep the others, and is told of', async () => {
  const { clearing, did, traces } = world([
    { name: 'over', phase: 'Failed', sandboxId: undefined, containers: [container('stuck', 'exited'), container('b', 'exited')] },
  ])
  await assert.rejects(clearing.removeEnded(), /1 ended containers could not be removed/)
  assert.deepEqual(did, ['container b', 'log /logs/b', 'folder /links/over_default_main-b.log', 'sandbox old-uid-over'])
  await traces.tracer.close()
  assert.deepEqual(shownTraces(traces.spans), ['Containers/GarbageCollect: 1 ended containers could not be removed'])
})

test('log folders of pods that are gone go; what is no pod’s folder stays', async () => {
  const { clearing, did } = world([{ name: 'one' }], ['default_one_uid-one', 'default_gone_uid-gone', 'lost+found', 'default_odd'])
  await clearing.removeStrayLogs()
  assert.deepEqual(did, ['folder /logs/default_gone_uid-gone'])
})
