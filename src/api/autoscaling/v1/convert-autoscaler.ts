import { roundTrip, withoutRoundTripAnnotations } from '#api/autoscaling/round-trip.ts'
import * as v1 from '#api/autoscaling/v1/types.ts'
import { defaultMetrics } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import * as v2 from '#api/autoscaling/v2/types.ts'
import { goStruct } from '#api/go-struct.ts'
import { decode } from '#schema/decode.ts'
import { encodeJson } from '#schema/json.ts'
import { type AnyType, list, type Of } from '#schema/schema.ts'
import { metricFromV2, metricStatusFromV2, metricStatusToV2, metricToV2 } from './convert-metric.ts'

/** The same autoscaler in the words of autoscaling/v2. Annotations that cannot be read say nothing. */
export function toV2(autoscaler: v1.HorizontalPodAutoscaler): v2.HorizontalPodAutoscaler {
  const { metadata, spec, status, ...rest } = autoscaler
  const { targetCPUUtilizationPercentage: cpu, ...kept } = spec
  const { currentCPUUtilizationPercentage: currentCpu, ...keptStatus } = status ?? {}
  const annotations = metadata?.annotations ?? {}
  const others = read(list(v1.MetricSpec), annotations[roundTrip.metrics])?.map(metricToV2) ?? []
  const metrics = [...others, ...(cpu === undefined ? [] : defaultMetrics(cpu))]
  const behavior = readBehavior(annotations[roundTrip.behavior])
  const conditions = read(list(v1.HorizontalPodAutoscalerCondition), annotations[roundTrip.conditions])
  const ofCpu: v2.MetricStatus[] =
    currentCpu === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } }]
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: withoutRoundTripAnnotations(metadata),
    spec: { ...kept, metrics: metrics.length > 0 ? metrics : defaultMetrics(), ...(behavior && { behavior }) },
    status: {
      ...keptStatus,
      desiredReplicas: keptStatus.desiredReplicas ?? 0,
      currentMetrics: read(list(v1.MetricStatus), annotations[roundTrip.currentMetrics])?.map(metricStatusToV2) ?? ofCpu,
      ...(conditions && { conditions }),
    },
  }
}

/** And back: the first metric of the processor's use becomes a field, what v1 has no field for becomes annotations. */
export function fromV2(autoscaler: v2.HorizontalPodAutoscaler): v1.HorizontalPodAutoscaler {
  const { metadata, spec, status, ...rest } = autoscaler
  const { metrics = [], behavior, ...kept } = spec
  const { currentMetrics, conditions = [], ...keptStatus } = status ?? {}
  const measured = currentMetrics ?? []
  const cpu = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization
  const currentCpu = measured.findLast(
    ({ type, resource }) => type === 'Resource' && resource?.name === 'cpu' && resource.current.averageUtilization !== undefined,
  )?.resource?.current.averageUtilization
  const others = metrics.filter((metric) => !isCpuUtilization(metric)).map(metricFromV2)
  const added: Record<string, string> = {}
  if (others.length > 0) added[roundTrip.metrics] = written(v1.MetricSpec, others)
  if (measured.length > 0) added[roundTrip.currentMetrics] = written(v1.MetricStatus, measured.map(metricStatusFromV2))
  if (behavior !== undefined) added[roundTrip.behavior] = JSON.stringify(goStruct(v2.HorizontalPodAutoscalerBehavior, behavior))
  if (conditions.length > 0) added[roundTrip.conditions] = written(v1.HorizontalPodAutoscalerCondition, conditions)
  const bare = withoutRoundTripAnnotations(metadata)
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(added).length === 0 ? bare : { ...bare, annotations: { ...bare.annotations, ...added } },
    spec: { ...kept, minReplicas: kept.minReplicas ?? 1, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) },
    status: {
      ...keptStatus,
      currentReplicas: keptStatus.currentReplicas ?? 0,
      desiredReplicas: keptStatus.desiredReplicas ?? 0,
      ...(currentCpu !== undefined && { currentCPUUtilizationPercentage: currentCpu }),
    },
  }
}

const isCpuUtilization = ({ type, resource }: v2.MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

const written = (type: AnyType, items: readonly unknown[]): string => `[${items.map((item) => encodeJson(type, item)).join(',')}]`

function read<T extends AnyType>(type: T, text: string | undefined): Of<T> | undefined {
  const value = parse(text)
  if (value === undefined) return undefined
  const { value: decoded, errors } = decode(type, value)
  return errors.length === 0 ? (decoded as Of<T>) : undefined
}

/** The reference writes its own structure here, with Go's names. */
function readBehavior(text: string | undefined): v2.HorizontalPodAutoscalerBehavior | undefined {
  const value = parse(text)
  if (value === undefined) return undefined
  const { value: decoded, errors } = decode(v2.HorizontalPodAutoscalerBehavior, lowered(value))
  return errors.length > 0 || Object.keys(decoded as object).length === 0 ? undefined : (decoded as v2.HorizontalPodAutoscalerBehavior)
}

const lowered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lowered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name.slice(0, 1).toLowerCase() + name.slice(1), lowered(item)]))
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
