import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { testPods } from '../eviction/testing.ts'
import { createMetrics } from './metrics.ts'

const metrics = createMetrics({
  pods: testPods([{ name: 'one' }]) as never,
  nodeName: 'node',
  clock: createVirtualClock(0),
  processFigures: () => ({ residentBytes: 1, virtualBytes: 2, cpuSeconds: 3, openFiles: 4, openFilesMax: 5 }),
})

check('kubelet_node_name{node="node"} 1')
check('process_resident_memory_bytes 1')
check('process_virtual_memory_bytes 2')
check('process_cpu_seconds_total 3')
check('process_open_fds 4')
check('process_max_fds 5')
check(/^kubernetes_build_info\{.*git_version="v1\.36\.3",.*major="1",minor="36",.*\} 1$/)

function check(line: string | RegExp): void {
  test(`/metrics shows ${line}`, async () => {
    const lines = (await metrics.text('/metrics'))!.split('\n')
    assert.ok(lines.some((one) => (typeof line === 'string' ? one === line : line.test(one))))
  })
}
