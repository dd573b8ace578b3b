import type { Pod } from '#api/core/v1/pod.ts'
import { canonicalQuantity, formatQuantity, quantityOf, quantityToNumber } from '#lib/quantity.ts'
import type { PodStats } from '../stats/summary.ts'
import { type Observations, type StarvedResource, signals } from './signals.ts'
import { quantityOfAmount, type Threshold } from './thresholds.ts'

export interface EvictionMessage {
  readonly message: string
  /** Of the event, for programs. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Why this pod had to go, in the reference's words: what ran short, and which of its containers used more than they asked for. */
export function evictionMessage(
  resource: StarvedResource,
  pod: Pod,
  stats: PodStats | undefined,
  thresholds: readonly Threshold[],
  observations: Observations,
): EvictionMessage {
  let message = `The node was low on resource: ${resource}. `
  const threshold = thresholds.find(({ signal }) => signals[signal].resource === resource && observations[signal] !== undefined)
  if (threshold !== undefined) {
    const observed = observations[threshold.signal]!
    const format = resource === 'memory' || resource === 'ephemeral-storage' ? 'BinarySI' : 'DecimalSI'
    const quantity = formatQuantity(quantityOf(quantityOfAmount(threshold.value, observed), format))
    message += `Threshold quantity: ${quantity}, available: ${formatQuantity(quantityOf(observed.available, format))}. `
  }
  if (stats === undefined) return { message, annotations: {} }

  const annotations: Record<string, string> = {}
  const podRequest = resource === 'memory' ? pod.spec.resources?.requests?.['memory'] : undefined
  if (podRequest !== undefined && stats.memory !== undefined) {
    const used = bytes(stats.memory.workingSetBytes ?? 0)
    message += `Pod ${pod.metadata.name} was using ${used}, request is ${canonicalQuantity(podRequest)}, has larger consumption of ${resource}. `
    annotations['offending_pod'] = pod.metadata.name
    annotations['offending_pod_usage'] = used
  }
  // Ephemeral containers can ask for nothing, so that they would always be to blame: they are left out.
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const names: string[] = []
  const uses: string[] = []
  for (const { name, memory, rootfs, logs } of stats.containers) {
    const container = containers.find((one) => one.name === name)
    const used =
      resource === 'memory'
        ? memory?.workingSetBytes
        : resource === 'ephemeral-storage' && rootfs?.usedBytes !== undefined && logs?.usedBytes !== undefined
          ? rootfs.usedBytes + logs.usedBytes
          : undefined
    const request = container?.resources?.requests?.[resource] ?? '0'
    if (container === undefined || used === undefined || used <= quantityToNumber(request)) continue
    message += `Container ${name} was using ${bytes(used)}, request is ${canonicalQuantity(request)}, has larger consumption of ${resource}. `
    names.push(name)
    uses.push(bytes(used))
  }
  annotations['offending_containers'] = names.join(',')
  annotations['offending_containers_usage'] = uses.join(',')
  annotations['starved_resource'] = resource
  return { message, annotations }
}

const bytes = (count: number): string => formatQuantity(quantityOf(count, 'BinarySI'))
