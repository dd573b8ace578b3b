import { durationMs } from '#lib/duration.ts'

/** How processor time is told to the kernel (cgroups(7), cpu controller; sched-bwc in the kernel's documentation). */

/** Linux' smallest weight: what a container without requests gets. */
export const MIN_SHARES = 2
export const MAX_SHARES = 262_144
/** Thousandths of a processor below which two limits are the same to the kernel: its least quota in the usual period. */
export const MIN_LIMIT_MILLI = 10
/** The kernel's own period, and that of KubeletConfiguration.cpuCFSQuotaPeriod where nobody sets it. */
export const CPU_PERIOD_US = 100_000
/** KubeletConfiguration.cpuCFSQuotaPeriod. */
export const cpuPeriodUs = (period: string | undefined): number =>
  period === undefined ? CPU_PERIOD_US : Math.floor(durationMs(period) * 1000)
/** The kernel refuses less. */
const MIN_QUOTA_US = 1000
const SHARES_PER_CPU = 1024

/** Weight of thousandths of a processor: 1024 for each whole one. */
export const cpuShares = (milli: number): number =>
  milli === 0 ? MIN_SHARES : Math.min(Math.max(Math.floor((milli * SHARES_PER_CPU) / 1000), MIN_SHARES), MAX_SHARES)

/** Microseconds of processor time in each period; 0: no limit. */
export const cpuQuota = (milli: number, periodUs = CPU_PERIOD_US): number =>
  milli === 0 ? 0 : Math.max(Math.floor((milli * periodUs) / 1000), MIN_QUOTA_US)

/** cgroup v2's `cpu.weight` of v1's shares: 2 … 262144 onto 1 … 10000 (KEP-2254). */
export const cpuWeight = (shares: number): number =>
  shares >= MAX_SHARES ? 10_000 : 1 + Math.floor(((Math.max(shares, MIN_SHARES) - 2) * 9999) / 262_142)
