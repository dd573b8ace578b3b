import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import { isPodLevelResource, podRequests } from '#api/core/v1/resources.ts'
import { parseQuantity } from '#lib/quantity.ts'
import type { PodUsage, Sample } from './metrics-reader.ts'
import type { Measure, Values } from './pod-replicas.ts'
import type { Problem } from './target.ts'

/** Thousandths, rounded up. */
export function milliOf(text: string): bigint {
  const { nano } = parseQuantity(text)
  const milli = nano / 1_000_000n
  return nano % 1_000_000n > 0n ? milli + 1n : milli
}

/** Use of a resource by pod: of one container, or of all of them, where all of them say. */
export function resourceSamples(usage: readonly PodUsage[], resource: string, container?: string): Map<string, Sample> {
  const samples = new Map<string, Sample>()
  for (const { pod, at, windowMs, containers } of usage) {
    const counted = container === undefined ? containers : containers.filter(({ name }) => name === container).slice(0, 1)
    const values = counted.map((one) => one.usage[resource])
    if (values.length === 0 || values.includes(undefined)) continue
    const milli = values.reduce((sum, text) => sum + milliOf(text!), 0n)
    samples.set(pod, { at, windowMs, milli })
  }
  return samples
}

/** Against a share, in percent, of what the pods ask for. */
export function utilizationMeasure(pods: readonly Pod[], resource: string, target: number, container?: string): Measure | Problem {
  const requests = new Map<string, bigint>()
  for (const pod of pods) {
    const request = requestOf(pod, resource, container)
    if (typeof request !== 'bigint') return request
    requests.set(pod.metadata.name, request)
  }
  return {
    of(values) {
      // What is said of pods that are not among ours does not count.
      const known = [...values].filter(([pod]) => requests.has(pod))
      const requested = known.reduce((sum, [pod]) => sum + requests.get(pod)!, 0n)
      if (requested === 0n) return { problem: 'no metrics returned matched known pods' }
      const used = total(known.map(([, milli]) => milli))
      const percent = Number((used * 100n) / requested)
      return { ratio: percent / target, milli: used / BigInt(known.length), percent }
    },
    whenMissing: (pod) => ((requests.get(pod) ?? 0n) * BigInt(Math.max(100, target))) / 100n,
  }
}

/** Against an average, in thousandths. */
export const averageMeasure = (target: bigint): Measure => ({
  of(values: Values) {
    const milli = total([...values.values()]) / BigInt(values.size)
    return { ratio: Number(milli) / Number(target), milli }
  },
  whenMissing: () => target,
})

const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n)

/** What the pod asks for as a whole (KEP-2837), else what its containers and sidecars do together; of one container, what that does. */
function requestOf({ metadata: { name }, spec }: Pod, resource: string, container: string | undefined): bigint | Problem {
  const isWhole = Object.keys(spec.resources?.requests ?? {}).some(isPodLevelResource)
  if (isWhole && container === undefined) {
    const request = podRequests(spec)[resource]
    return request === undefined ? { problem: `missing pod-level request for ${resource} in Pod ${name}` } : ceilMilli(request.nano)
  }
  const all = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]
  const counted = container === undefined ? all : all.filter((one) => one.name === container).slice(0, 1)
  if (container !== undefined && counted.length === 0) return { problem: `container ${container} not found in Pod ${name}` }
  let sum = 0n
  for (const one of counted) {
    const request = one.resources?.requests?.[resource]
    if (request === undefined) return { problem: `missing request for ${resource} in container ${one.name} of Pod ${name}` }
    sum += milliOf(request)
  }
  return sum
}

const ceilMilli = (nano: bigint): bigint => (nano + 999_999n) / 1_000_000n
