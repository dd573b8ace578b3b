import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import type { NodeShare, ReservedGroup } from '../cgroups/cgroup-manager.ts'
import type { KubeletConfiguration } from '../configuration/kubelet-configuration.ts'
import type { MachineFacts } from '../interfaces.ts'
import { parseCpuSet } from './cpu/cpu-set.ts'

/** What there is to be divided. */
export interface NodeCapacity {
  readonly cpuMilli: number
  readonly memoryBytes: number
  readonly pids: number
}

export const capacityOf = ({
  cpuCount,
  memoryBytes,
  processLimit,
}: Pick<MachineFacts, 'cpuCount' | 'memoryBytes' | 'processLimit'>): NodeCapacity => ({
  cpuMilli: cpuCount * 1000,
  memoryBytes,
  pids: processLimit,
})

/** Who may use how much of the machine. */
export interface NodeShares {
  /** All pods together. The eviction threshold lies within it: pods are evicted before they come to its end. */
  readonly pods: NodeShare
  /** Groups of the machine's own services that are held to what is reserved for them. */
  readonly ofServices: readonly ReservedGroup[]
  readonly reserved: { readonly cpuMilli: number }
  /** What the memory manager has to keep back in all, by resource. */
  readonly keptMemory: Readonly<Record<string, string>>
}

type Reservations = Pick<
  KubeletConfiguration,
  | 'systemReserved'
  | 'kubeReserved'
  | 'reservedSystemCPUs'
  | 'evictionHard'
  | 'enforceNodeAllocatable'
  | 'systemReservedCgroup'
  | 'kubeReservedCgroup'
>

/** From what is reserved, and what is enforced of it (Kubernetes documentation, "Reserve Compute Resources for System Daemons"). */
export function nodeShares(capacity: NodeCapacity, configuration: Reservations): NodeShares {
  const { systemReserved, kubeReserved, reservedSystemCPUs, enforceNodeAllocatable: enforced } = configuration
  const amount = (name: string, of: (text: string) => number) => of(systemReserved[name] ?? '0') + of(kubeReserved[name] ?? '0')
  const cpuMilli = reservedSystemCPUs === '' ? amount('cpu', quantityToMilli) : parseCpuSet(reservedSystemCPUs).size * 1000
  const memoryBytes = amount('memory', quantityToInteger)
  const isHeld = enforced.includes('pods')
  const less = (all: number, kept: number) => Math.max(0, all - (isHeld ? kept : 0))
  const services = (['system', 'kube'] as const).flatMap((whose) => {
    const reserved = whose === 'system' ? systemReserved : kubeReserved
    const path = whose === 'system' ? configuration.systemReservedCgroup : configuration.kubeReservedCgroup
    const isWhole = enforced.includes(`${whose}-reserved`)
    if (path === '' || !(isWhole || enforced.includes(`${whose}-reserved-compressible`))) return []
    return [{ whose, path, share: shareOf(reserved, isWhole) }]
  })
  return {
    pods: {
      cpuMilli: less(capacity.cpuMilli, cpuMilli),
      memoryBytes: less(capacity.memoryBytes, memoryBytes),
      pids: less(capacity.pids, amount('pid', quantityToInteger)),
    },
    ofServices: services,
    reserved: { cpuMilli },
    keptMemory: { memory: String(memoryBytes + thresholdBytes(configuration.evictionHard['memory.available'], capacity.memoryBytes)) },
  }
}

/** Processor time can be shared out without harm; memory and processes only where that is asked for. */
const shareOf = (reserved: Readonly<Record<string, string>>, isWhole: boolean): NodeShare => ({
  ...(reserved['cpu'] !== undefined && { cpuMilli: quantityToMilli(reserved['cpu']) }),
  ...(isWhole && reserved['memory'] !== undefined && { memoryBytes: quantityToInteger(reserved['memory']) }),
  ...(isWhole && reserved['pid'] !== undefined && { pids: quantityToInteger(reserved['pid']) }),
})

function thresholdBytes(threshold: string | undefined, capacityBytes: number): number {
  if (threshold === undefined) return 0
  return threshold.endsWith('%') ? Math.floor((capacityBytes * Number(threshold.slice(0, -1))) / 100) : quantityToInteger(threshold)
}
