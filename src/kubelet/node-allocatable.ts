import {
  compareQuantity,
  formatQuantity,
  parseQuantity,
  quantityOf,
  quantityOfMilli,
  quantityToInteger,
  subQuantity,
} from '#lib/quantity.ts'
import type { KubeletConfiguration } from './configuration/kubelet-configuration.ts'

type Reservations = Pick<KubeletConfiguration, 'systemReserved' | 'kubeReserved' | 'reservedSystemCPUs' | 'evictionHard'>

/**
 * What pods may ask for, of what there is (Kubernetes documentation, "Reserve Compute Resources for System Daemons"): less what is kept back
 * for the machine and the agent, less the thresholds of memory and disk at which pods are evicted at once, and memory less all huge pages.
 */
export function nodeAllocatable(
  capacity: Readonly<Record<string, string>>,
  configuration: Reservations,
  more: { readonly cpuMilli: number; readonly memoryBytes: number } = { cpuMilli: 0, memoryBytes: 0 },
): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, amount] of Object.entries(capacity)) {
    let left = parseQuantity(amount)
    for (const reserved of nodeReservation(name, amount, configuration)) left = subQuantity(left, reserved)
    if (name === 'cpu') left = subQuantity(left, quantityOfMilli(more.cpuMilli))
    if (name === 'memory') {
      left = subQuantity(left, quantityOf(more.memoryBytes))
      for (const [other, pages] of Object.entries(capacity)) if (other.startsWith('hugepages-')) left = subQuantity(left, pages)
    }
    result[name] = compareQuantity(left, 0) < 0 ? '0' : formatQuantity(left)
  }
  return result
}

/** What is kept back of one resource; eviction thresholds too. */
function nodeReservation(name: string, capacity: string, configuration: Reservations): readonly string[] {
  const { reservedSystemCPUs, systemReserved, kubeReserved, evictionHard } = configuration
  const threshold = evictionHard[{ memory: 'memory.available', 'ephemeral-storage': 'nodefs.available' }[name] ?? '']
  if (name === 'cpu' && reservedSystemCPUs !== '') return [String(cpuCount(reservedSystemCPUs))]
  return [
    systemReserved[name] ?? '0',
    kubeReserved[name] ?? '0',
    ...(threshold === undefined ? [] : [threshold.endsWith('%') ? share(capacity, threshold) : threshold]),
  ]
}

const share = (capacity: string, percentage: string): string =>
  String(Math.floor((quantityToInteger(capacity) * Number(percentage.slice(0, -1))) / 100))

/** How many CPUs `0-3,8` names. */
const cpuCount = (cpus: string): number =>
  cpus.split(',').reduce((count, range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return count + last - first + 1
  }, 0)
