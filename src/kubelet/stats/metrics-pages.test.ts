import assert from 'node:assert/strict'
import { test } from 'node:test'
import { madePod, madeStats } from '../eviction/testing.ts'
import type { PodRecord } from '../interfaces.ts'
import { cadvisorMetrics, type NamedGroup } from './cadvisor-metrics.ts'
import { createCpuRates } from './cpu-rates.ts'
import { type MetricFamily, metricText } from './metric-text.ts'
import type { PodGroups } from './pod-groups.ts'
import { resourceMetrics } from './resource-metrics.ts'
import type { GroupStats, MachineStats } from './stats-host.ts'
import { volumeMetrics } from './volume-metrics.ts'

const at = 1_767_225_600_123
const counters = {
  pageFaults: 7,
  majorPageFaults: 1,
  kernelBytes: 0,
  mappedFileBytes: 0,
  activeFileBytes: 0,
  inactiveFileBytes: 0,
  cacheBytes: 0,
}
const group: GroupStats = {
  at,
  createdAt: 1_767_225_500_500,
  processIds: [1, 2, 3],
  threads: 5,
  cpu: { usageNanoSeconds: 1.5e9, userNanoSeconds: 1e9, shares: 2, periodMicroseconds: 100_000, periods: 9, throttledPeriods: 4 },
  memory: { ...counters, usageBytes: 2_000_000, workingSetBytes: 1_500_000, rssBytes: 1, swapBytes: 10, swapLimitBytes: 100, oomKills: 2 },
  io: [{ device: '/dev/vda', major: 254, minor: 0, readBytes: 10, writeBytes: 20, reads: 1, writes: 2 }],
  pressure: { io: { some: lineOf(3_000_000), full: lineOf(2_500_000) } },
}

function lineOf(totalMicroseconds: number) {
  return { avg10: 0, avg60: 0, avg300: 0, totalMicroseconds }
}

const pod = madePod({ name: 'web' })
const record = { pod, withStatus: pod, sandboxId: 's', containers: [] } as PodRecord
const container = { name: 'main', kind: 'regular', id: 'c', attempt: 0, state: 'running', logPath: '' } as const
const groups: PodGroups = {
  record,
  pod: { path: '/pods/web', stats: group },
  containers: [{ container, path: '/pods/web/c', stats: group }],
}

const lines = (families: readonly MetricFamily[]) =>
  metricText(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

test('/metrics/resource: what metrics-server reads, with the time of each count', () => {
  assert.deepEqual(lines(resourceMetrics({ node: group, pods: [groups] })), [
    `container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 1.5 ${at}`,
    `container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 1.5e+06 ${at}`,
    'container_start_time_seconds{container="main",namespace="default",pod="web"} 1.7672255005e+09',
    `container_swap_limit_bytes{container="main",namespace="default",pod="web"} 100 ${at}`,
    `container_swap_usage_bytes{container="main",namespace="default",pod="web"} 10 ${at}`,
    `node_cpu_usage_seconds_total 1.5 ${at}`,
    `node_memory_working_set_bytes 1.5e+06 ${at}`,
    `node_swap_usage_bytes 10 ${at}`,
    `pod_cpu_usage_seconds_total{namespace="default",pod="web"} 1.5 ${at}`,
    `pod_memory_working_set_bytes{namespace="default",pod="web"} 1.5e+06 ${at}`,
    `pod_swap_usage_bytes{namespace="default",pod="web"} 10 ${at}`,
    'resource_scrape_error 0',
    'scrape_error 0',
  ])
})

test('/metrics/resource: a failure is told, and nothing else', () =>
  assert.deepEqual(lines(resourceMetrics(undefined)), ['resource_scrape_error 1', 'scrape_error 1']))

const machine: MachineStats = {
  bootedAt: 0,
  memoryBytes: 8e9,
  swapBytes: 0,
  cpuCount: 4,
  physicalCores: 2,
  sockets: 1,
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
}
const named: NamedGroup = {
  id: '/pods/web/c',
  stats: group,
  name: 'c',
  image: 'web:1',
  container: 'main',
  pod: 'web',
  namespace: 'default',
}
const labels = (more = '') => `{container="main",${more}id="/pods/web/c",image="web:1",name="c",namespace="default",pod="web"}`

test('/metrics/cadvisor: names, labels and units', () => {
  const shown = lines(cadvisorMetrics([named], machine, at))
  for (const line of [
    `container_cpu_usage_seconds_total{container="main",cpu="total",id="/pods/web/c",image="web:1",name="c",namespace="default",pod="web"} 1.5 ${at}`,
    `container_cpu_user_seconds_total${labels()} 1 ${at}`,
    `container_memory_working_set_bytes${labels()} 1.5e+06 ${at}`,
    `container_memory_failures_total{container="main",failure_type="pgmajfault",id="/pods/web/c",image="web:1",name="c",namespace="default",pod="web",scope="hierarchy"} 1 ${at}`,
    `container_oom_events_total${labels()} 2 ${at}`,
    `container_fs_writes_bytes_total{container="main",device="/dev/vda",id="/pods/web/c",image="web:1",name="c",namespace="default",pod="web"} 20 ${at}`,
    `container_blkio_device_usage_total{container="main",device="/dev/vda",id="/pods/web/c",image="web:1",major="254",minor="0",name="c",namespace="default",operation="Read",pod="web"} 10 ${at}`,
    `container_pressure_io_waiting_seconds_total${labels()} 3 ${at}`,
    `container_pressure_io_stalled_seconds_total${labels()} 2.5 ${at}`,
    `container_processes${labels()} 3 ${at}`,
    `container_threads_max${labels()} 0 ${at}`,
    `container_start_time_seconds${labels()} 1.7672255e+09`,
    `container_spec_memory_limit_bytes${labels()} 0`,
    'machine_cpu_cores{boot_id="b",machine_id="m",system_uuid="s"} 4',
    'container_scrape_error 0',
  ])
    assert.ok(shown.includes(line), `${line}\n\n${shown.filter((one) => one.startsWith(line.split('{')[0]!)).join('\n')}`)
})

test('/metrics/cadvisor: what was not measured is not there', () => {
  const shown = lines(cadvisorMetrics([named], machine, at)).join('\n')
  // Without a quota the kernel throttles nobody; without a reading there is no system time.
  for (const name of [
    'container_cpu_cfs_periods_total',
    'container_spec_cpu_quota',
    'container_cpu_system_seconds_total',
    'container_sockets',
    'container_pressure_cpu',
  ])
    assert.ok(!shown.includes(name), name)
})

test('labels may hold anything', () =>
  assert.equal(
    metricText([{ name: 'a', help: 'h', type: 'gauge', samples: [{ labels: { b: 'x"\\\ny' }, value: 1 }] }]),
    '# HELP a h\n# TYPE a gauge\na{b="x\\"\\\\\\ny"} 1\n',
  ))

test('claims are told once, however many pods use them; logs by container', () => {
  const volume = { name: 'data', time: '', capacityBytes: 10, usedBytes: 4, pvcRef: { namespace: 'default', name: 'mine' } }
  const stats = ['a', 'b'].map((name) => ({ ...madeStats(name, { logs: 5 }), volume: [volume] }))
  assert.deepEqual(lines(volumeMetrics(stats)), [
    'kubelet_container_log_filesystem_used_bytes{container="main",namespace="default",pod="a",uid="uid-a"} 5',
    'kubelet_container_log_filesystem_used_bytes{container="main",namespace="default",pod="b",uid="uid-b"} 5',
    'kubelet_volume_stats_capacity_bytes{namespace="default",persistentvolumeclaim="mine"} 10',
    'kubelet_volume_stats_used_bytes{namespace="default",persistentvolumeclaim="mine"} 4',
  ])
})

test('a rate is made of two counts, and of nothing older than two minutes', () => {
  const rates = createCpuRates()
  assert.ok(rates.isStale('a', 0))
  assert.equal(rates.take('a', 0, 0), undefined)
  assert.equal(rates.take('a', 1_000, 5e8), 5e8)
  assert.equal(rates.take('a', 1_100, 9e9), 5e8, 'a moment later it is still that')
  assert.equal(rates.take('a', 2_000, 1e8), undefined, 'the counter went back: it is another group')
  assert.equal(rates.take('a', 200_000, 9e9), undefined)
  assert.equal(rates.take('a', 201_000, 1e10), 1e9)
  assert.deepEqual([rates.isStale('a', 300_000), rates.isStale('a', 400_000)], [false, true])
  rates.forgetBefore(300_000)
  assert.ok(rates.isStale('a', 201_000))
})
