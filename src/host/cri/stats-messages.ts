/** The statistics of CRI v1 (k8s.io/cri-api v0.36, pkg/apis/runtime/v1/api.proto), as data. A value that a runtime does not know is absent. */

import type { AnyField } from '#schema/schema.ts'
import { double, field, int64, list, map, message, string, uint64 } from '#schema/schema.ts'
import { ContainerMetadata, PodSandboxMetadata } from './messages.ts'

const cri = <F extends Record<string, AnyField>>(name: string, fields: F) => message(`runtime.v1.${name}`, fields)
const stringMap = () => map(string())

export const UInt64Value = cri('UInt64Value', { value: field(1, uint64()) })
const counter = (number: number) => field(number, UInt64Value, { pointer: true })

// --- file systems ------------------------------------------------------------------------------------------------------------------

export const FilesystemIdentifier = cri('FilesystemIdentifier', { mountpoint: field(1, string()) })
export const FilesystemUsage = cri('FilesystemUsage', {
  timestamp: field(1, int64()),
  fsId: field(2, FilesystemIdentifier),
  usedBytes: counter(3),
  inodesUsed: counter(4),
})
export const ImageFsInfoResponse = cri('ImageFsInfoResponse', {
  imageFilesystems: field(1, list(FilesystemUsage)),
  containerFilesystems: field(2, list(FilesystemUsage)),
})

// --- containers --------------------------------------------------------------------------------------------------------------------

/** `total` in nanoseconds, averages in per cent. Pressure stall information, as proc(5) has it. */
export const PsiData = cri('PsiData', {
  total: field(1, uint64()),
  avg10: field(2, double()),
  avg60: field(3, double()),
  avg300: field(4, double()),
})
export const PsiStats = cri('PsiStats', { full: field(1, PsiData), some: field(2, PsiData) })
const pressure = (number: number) => field(number, PsiStats, { pointer: true })

export const ContainerAttributes = cri('ContainerAttributes', {
  id: field(1, string()),
  metadata: field(2, ContainerMetadata),
  labels: field(3, stringMap()),
  annotations: field(4, stringMap()),
})
export const CpuUsage = cri('CpuUsage', {
  timestamp: field(1, int64()),
  usageCoreNanoSeconds: counter(2),
  usageNanoCores: counter(3),
  psi: pressure(4),
})
export const MemoryUsage = cri('MemoryUsage', {
  timestamp: field(1, int64()),
  workingSetBytes: counter(2),
  availableBytes: counter(3),
  usageBytes: counter(4),
  rssBytes: counter(5),
  pageFaults: counter(6),
  majorPageFaults: counter(7),
  psi: pressure(8),
})
export const IoUsage = cri('IoUsage', { timestamp: field(1, int64()), psi: pressure(2) })
export const SwapUsage = cri('SwapUsage', {
  timestamp: field(1, int64()),
  swapAvailableBytes: counter(2),
  swapUsageBytes: counter(3),
})
export const ContainerStats = cri('ContainerStats', {
  attributes: field(1, ContainerAttributes),
  cpu: field(2, CpuUsage),
  memory: field(3, MemoryUsage),
  writableLayer: field(4, FilesystemUsage, { pointer: true }),
  swap: field(5, SwapUsage, { pointer: true }),
  io: field(6, IoUsage, { pointer: true }),
})
export const ContainerStatsFilter = cri('ContainerStatsFilter', {
  id: field(1, string()),
  podSandboxId: field(2, string()),
  labelSelector: field(3, stringMap()),
})
export const ListContainerStatsRequest = cri('ListContainerStatsRequest', {
  filter: field(1, ContainerStatsFilter, { pointer: true }),
})
export const ListContainerStatsResponse = cri('ListContainerStatsResponse', { stats: field(1, list(ContainerStats)) })

// --- sandboxes ---------------------------------------------------------------------------------------------------------------------

export const NetworkInterfaceUsage = cri('NetworkInterfaceUsage', {
  name: field(1, string()),
  rxBytes: counter(2),
  rxErrors: counter(3),
  txBytes: counter(4),
  txErrors: counter(5),
})
export const NetworkUsage = cri('NetworkUsage', {
  timestamp: field(1, int64()),
  defaultInterface: field(2, NetworkInterfaceUsage, { pointer: true }),
  interfaces: field(3, list(NetworkInterfaceUsage)),
})
export const ProcessUsage = cri('ProcessUsage', { timestamp: field(1, int64()), processCount: counter(2) })
export const PodSandboxAttributes = cri('PodSandboxAttributes', {
  id: field(1, string()),
  metadata: field(2, PodSandboxMetadata),
  labels: field(3, stringMap()),
  annotations: field(4, stringMap()),
})
export const LinuxPodSandboxStats = cri('LinuxPodSandboxStats', {
  cpu: field(1, CpuUsage),
  memory: field(2, MemoryUsage),
  network: field(3, NetworkUsage, { pointer: true }),
  process: field(4, ProcessUsage),
  containers: field(5, list(ContainerStats)),
  io: field(6, IoUsage),
})
export const PodSandboxStats = cri('PodSandboxStats', {
  attributes: field(1, PodSandboxAttributes),
  linux: field(2, LinuxPodSandboxStats),
})
export const PodSandboxStatsFilter = cri('PodSandboxStatsFilter', { id: field(1, string()), labelSelector: field(2, stringMap()) })
export const ListPodSandboxStatsRequest = cri('ListPodSandboxStatsRequest', {
  filter: field(1, PodSandboxStatsFilter, { pointer: true }),
})
export const ListPodSandboxStatsResponse = cri('ListPodSandboxStatsResponse', { stats: field(1, list(PodSandboxStats)) })
