import type { MetricFamily, MetricSample } from './metric-text.ts'
import type { FileSystemStats, GroupStats, InterfaceCounters, MachineStats, Pressure } from './stats-host.ts'

/** A control group with what it is called. */
export interface NamedGroup {
  /** `/kubepods/…`; `/` for the machine. */
  readonly id: string
  readonly stats: GroupStats
  /** Ids of containers and sandboxes; '' for groups above them, as are all that follow. */
  readonly name: string
  readonly image: string
  readonly container: string
  readonly pod: string
  readonly namespace: string
  readonly interfaces?: readonly InterfaceCounters[]
  readonly fileDescriptors?: number
  readonly sockets?: number
  /** Of the machine. */
  readonly fileSystems?: readonly FileSystemStats[]
}

/**
 * `/metrics/cadvisor`: the families, labels and units of cAdvisor as the kubelet switches it on, so that dashboards and alerts made for it go on
 * working. What this node does not measure (load averages, soft limits of processes) is left out and not shown as zero.
 */
export function cadvisorMetrics(groups: readonly NamedGroup[], machine: MachineStats, now: number): MetricFamily[] {
  return [...machineMetrics(machine), ...families.map((family) => familyOf(family, groups)), lastSeen(groups, now), scrapeError]
}

interface Value {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number | undefined
}
type Read = (group: NamedGroup) => number | undefined | readonly Value[]
type FamilyRow = readonly [name: string, type: 'counter' | 'gauge', help: string, read: Read, isTimed?: false]

const cpu =
  (pick: (one: NonNullable<GroupStats['cpu']>) => number | undefined): Read =>
  ({ stats }) =>
    stats.cpu && pick(stats.cpu)
const memory =
  (pick: (one: NonNullable<GroupStats['memory']>) => number | undefined): Read =>
  ({ stats }) =>
    stats.memory && pick(stats.memory)
const network =
  (pick: (one: InterfaceCounters) => number): Read =>
  ({ interfaces = [] }) =>
    interfaces.map((one) => ({ labels: { interface: one.name }, value: pick(one) }))
const disk =
  (pick: (one: NonNullable<GroupStats['io']>[number]) => number): Read =>
  ({ stats }) =>
    (stats.io ?? []).map((one) => ({ labels: { device: one.device }, value: pick(one) }))
const fileSystem =
  (pick: (one: FileSystemStats) => number): Read =>
  ({ fileSystems = [] }) =>
    fileSystems.map((one) => ({ labels: { device: one.device }, value: pick(one) }))
const throttled = (pick: (one: NonNullable<GroupStats['cpu']>) => number | undefined): Read =>
  cpu((one) => (one.quotaMicroseconds === undefined ? undefined : pick(one)))
const pressure =
  (resource: 'cpu' | 'memory' | 'io', kind: keyof Pressure): Read =>
  ({ stats }) =>
    seconds(stats.pressure?.[resource]?.[kind].totalMicroseconds, 1e6)
const seconds = (count: number | undefined, parts = 1e9): number | undefined => (count === undefined ? undefined : count / parts)

const families: readonly FamilyRow[] = [
  ['container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds.', startOf, false],
  ['container_spec_cpu_period', 'gauge', 'CPU period of the container.', cpu((one) => one.periodMicroseconds), false],
  ['container_spec_cpu_quota', 'gauge', 'CPU quota of the container.', cpu((one) => one.quotaMicroseconds), false],
  ['container_spec_cpu_shares', 'gauge', 'CPU share of the container.', cpu((one) => one.shares), false],
  ['container_spec_memory_limit_bytes', 'gauge', 'Memory limit for the container.', memory((one) => one.limitBytes ?? 0), false],
  [
    'container_spec_memory_swap_limit_bytes',
    'gauge',
    'Memory swap limit for the container.',
    memory((one) => (one.swapLimitBytes === undefined ? 0 : (one.limitBytes ?? 0) + one.swapLimitBytes)),
    false,
  ],
  [
    'container_spec_memory_reservation_limit_bytes',
    'gauge',
    'Memory reservation limit for the container.',
    memory((one) => one.reservationBytes ?? 0),
    false,
  ],
  ['container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', cpuTotal],
  [
    'container_cpu_user_seconds_total',
    'counter',
    'Cumulative user cpu time consumed in seconds.',
    cpu((one) => seconds(one.userNanoSeconds)),
  ],
  [
    'container_cpu_system_seconds_total',
    'counter',
    'Cumulative system cpu time consumed in seconds.',
    cpu((one) => seconds(one.systemNanoSeconds)),
  ],
  ['container_cpu_cfs_periods_total', 'counter', 'Number of elapsed enforcement period intervals.', throttled((one) => one.periods)],
  [
    'container_cpu_cfs_throttled_periods_total',
    'counter',
    'Number of throttled period intervals.',
    throttled((one) => one.throttledPeriods),
  ],
  [
    'container_cpu_cfs_throttled_seconds_total',
    'counter',
    'Total time duration the container has been throttled.',
    throttled((one) => seconds(one.throttledNanoSeconds)),
  ],
  ['container_cpu_cfs_burst_periods_total', 'counter', 'Number of periods when burst occurs.', throttled((one) => one.burstPeriods)],
  [
    'container_cpu_cfs_burst_seconds_total',
    'counter',
    'Total time duration the container has been bursted.',
    throttled((one) => seconds(one.burstNanoSeconds)),
  ],
  ['container_memory_cache', 'gauge', 'Number of bytes of page cache memory.', memory((one) => one.cacheBytes)],
  ['container_memory_rss', 'gauge', 'Size of RSS in bytes.', memory((one) => one.rssBytes)],
  ['container_memory_kernel_usage', 'gauge', 'Size of kernel memory allocated in bytes.', memory((one) => one.kernelBytes)],
  ['container_memory_mapped_file', 'gauge', 'Size of memory mapped files in bytes.', memory((one) => one.mappedFileBytes)],
  ['container_memory_swap', 'gauge', 'Container swap usage in bytes.', memory((one) => one.swapBytes)],
  ['container_memory_failcnt', 'counter', 'Number of memory usage hits limits', memory((one) => one.failures)],
  [
    'container_memory_usage_bytes',
    'gauge',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    memory((one) => one.usageBytes),
  ],
  ['container_memory_max_usage_bytes', 'gauge', 'Maximum memory usage recorded in bytes', memory((one) => one.maxUsageBytes)],
  ['container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', memory((one) => one.workingSetBytes)],
  ['container_memory_total_active_file_bytes', 'gauge', 'Current total active file in bytes.', memory((one) => one.activeFileBytes)],
  ['container_memory_total_inactive_file_bytes', 'gauge', 'Current total inactive file in bytes.', memory((one) => one.inactiveFileBytes)],
  ['container_memory_failures_total', 'counter', 'Cumulative count of memory allocation failures.', memoryFailures],
  ['container_oom_events_total', 'counter', 'Count of out of memory events observed for the container', memory((one) => one.oomKills)],
  ['container_fs_inodes_free', 'gauge', 'Number of available Inodes', fileSystem((one) => one.inodesFree)],
  ['container_fs_inodes_total', 'gauge', 'Number of Inodes', fileSystem((one) => one.inodes)],
  [
    'container_fs_limit_bytes',
    'gauge',
    'Number of bytes that can be consumed by the container on this filesystem.',
    fileSystem((one) => one.capacityBytes),
  ],
  [
    'container_fs_usage_bytes',
    'gauge',
    'Number of bytes that are consumed by the container on this filesystem.',
    fileSystem((one) => one.capacityBytes - one.availableBytes),
  ],
  ['container_fs_reads_bytes_total', 'counter', 'Cumulative count of bytes read', disk((one) => one.readBytes)],
  ['container_fs_reads_total', 'counter', 'Cumulative count of reads completed', disk((one) => one.reads)],
  ['container_fs_writes_bytes_total', 'counter', 'Cumulative count of bytes written', disk((one) => one.writeBytes)],
  ['container_fs_writes_total', 'counter', 'Cumulative count of writes completed', disk((one) => one.writes)],
  ['container_blkio_device_usage_total', 'counter', 'Blkio Device bytes usage', blockDevices],
  ['container_network_receive_bytes_total', 'counter', 'Cumulative count of bytes received', network((one) => one.receiveBytes)],
  ['container_network_receive_packets_total', 'counter', 'Cumulative count of packets received', network((one) => one.receivePackets)],
  [
    'container_network_receive_packets_dropped_total',
    'counter',
    'Cumulative count of packets dropped while receiving',
    network((one) => one.receiveDropped),
  ],
  [
    'container_network_receive_errors_total',
    'counter',
    'Cumulative count of errors encountered while receiving',
    network((one) => one.receiveErrors),
  ],
  ['container_network_transmit_bytes_total', 'counter', 'Cumulative count of bytes transmitted', network((one) => one.transmitBytes)],
  ['container_network_transmit_packets_total', 'counter', 'Cumulative count of packets transmitted', network((one) => one.transmitPackets)],
  [
    'container_network_transmit_packets_dropped_total',
    'counter',
    'Cumulative count of packets dropped while transmitting',
    network((one) => one.transmitDropped),
  ],
  [
    'container_network_transmit_errors_total',
    'counter',
    'Cumulative count of errors encountered while transmitting',
    network((one) => one.transmitErrors),
  ],
  ['container_processes', 'gauge', 'Number of processes running inside the container.', ({ stats }) => stats.processIds.length],
  ['container_file_descriptors', 'gauge', 'Number of open file descriptors for the container.', (group) => group.fileDescriptors],
  ['container_sockets', 'gauge', 'Number of open sockets for the container.', (group) => group.sockets],
  [
    'container_threads_max',
    'gauge',
    'Maximum number of threads allowed inside the container, infinity if value is zero',
    ({ stats }) => (stats.threads === undefined ? undefined : (stats.threadsMax ?? 0)),
  ],
  ['container_threads', 'gauge', 'Number of threads running inside the container', ({ stats }) => stats.threads],
  ...(['cpu', 'memory', 'io'] as const).flatMap((resource): FamilyRow[] => {
    const name = resource === 'cpu' ? 'CPU' : resource === 'io' ? 'IO' : resource
    return [
      [
        `container_pressure_${resource}_stalled_seconds_total`,
        'counter',
        `Total time duration no tasks in the container could make progress due to ${name} congestion.`,
        pressure(resource, 'full'),
      ],
      [
        `container_pressure_${resource}_waiting_seconds_total`,
        'counter',
        `Total time duration tasks in the container have waited due to ${name} congestion.`,
        pressure(resource, 'some'),
      ],
    ]
  }),
]

function startOf({ stats }: NamedGroup) {
  return Math.floor(stats.createdAt / 1000)
}

function cpuTotal({ stats }: NamedGroup): Value[] {
  return stats.cpu === undefined ? [] : [{ labels: { cpu: 'total' }, value: stats.cpu.usageNanoSeconds / 1e9 }]
}

/** cAdvisor tells both of the group alone and of all below it; the kernel counts the latter, and for a container they are the same. */
function memoryFailures({ stats: { memory: counts } }: NamedGroup): Value[] {
  if (counts === undefined) return []
  return (['container', 'hierarchy'] as const).flatMap((scope) => [
    { labels: { failure_type: 'pgfault', scope }, value: counts.pageFaults },
    { labels: { failure_type: 'pgmajfault', scope }, value: counts.majorPageFaults },
  ])
}

function blockDevices({ stats }: NamedGroup): Value[] {
  return (stats.io ?? []).flatMap(({ device, major, minor, readBytes, writeBytes }) => {
    const labels = { device, major: String(major), minor: String(minor) }
    return [
      { labels: { ...labels, operation: 'Read' }, value: readBytes },
      { labels: { ...labels, operation: 'Write' }, value: writeBytes },
    ]
  })
}

function familyOf([name, type, help, read, isTimed]: FamilyRow, groups: readonly NamedGroup[]): MetricFamily {
  const samples = groups.flatMap((group): MetricSample[] => {
    const found = read(group)
    const values: readonly Value[] = typeof found === 'object' ? found : [{ value: found }]
    return values.flatMap(({ labels, value }) =>
      value === undefined ? [] : [{ labels: { ...labelsOf(group), ...labels }, value, ...(isTimed !== false && { at: group.stats.at }) }],
    )
  })
  return { name, type, help, samples }
}

const labelsOf = ({ id, name, image, container, pod, namespace }: NamedGroup) => ({ container, id, image, name, namespace, pod })

const lastSeen = (groups: readonly NamedGroup[], now: number): MetricFamily => ({
  name: 'container_last_seen',
  type: 'gauge',
  help: 'Last time a container was seen by the exporter',
  samples: groups.map((group) => ({ labels: labelsOf(group), value: Math.floor(now / 1000), at: now })),
})

const scrapeError: MetricFamily = {
  name: 'container_scrape_error',
  type: 'gauge',
  help: '1 if there was an error while getting container metrics, 0 otherwise',
  samples: [{ labels: {}, value: 0 }],
}

function machineMetrics({ cpuCount, physicalCores, sockets, memoryBytes, swapBytes, ...ids }: MachineStats): MetricFamily[] {
  const labels = { boot_id: ids.bootId, machine_id: ids.machineId, system_uuid: ids.systemUuid }
  const one = (name: string, help: string, value: number): MetricFamily => ({ name, help, type: 'gauge', samples: [{ labels, value }] })
  return [
    one('machine_cpu_cores', 'Number of logical CPU cores.', cpuCount),
    one('machine_cpu_physical_cores', 'Number of physical CPU cores.', physicalCores),
    one('machine_cpu_sockets', 'Number of CPU sockets.', sockets),
    one('machine_memory_bytes', 'Amount of memory installed on the machine.', memoryBytes),
    one('machine_swap_bytes', 'Amount of swap memory available on the machine.', swapBytes),
    {
      name: 'machine_scrape_error',
      help: '1 if there was an error while getting machine metrics, 0 otherwise.',
      type: 'gauge',
      samples: [{ labels: {}, value: 0 }],
    },
  ]
}
