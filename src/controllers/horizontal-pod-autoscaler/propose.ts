import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '#api/autoscaling/v2/types.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { goSelector } from '#api/meta/v1/go-selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { formatQuantity, quantityOfMilli } from '#lib/quantity.ts'
import type { AutoscalerConfig } from './config.ts'
import type { Said } from './gather.ts'
import { byTotal, byTotalPerPod } from './object-replicas.ts'
import { replicasByPods } from './pod-replicas.ts'
import { averageMeasure, milliOf, resourceSamples, utilizationMeasure } from './resource-samples.ts'
import type { Problem } from './target.ts'
import { tolerancesOf } from './tolerances.ts'

export interface MetricQuestion {
  readonly now: Instant
  readonly config: AutoscalerConfig
  readonly autoscaler: HorizontalPodAutoscaler
  /** As the scale's spec and its status say. */
  readonly specReplicas: number
  readonly statusReplicas: number
  /** Those that the scale selects. */
  readonly pods: readonly Pod[]
}

export interface Proposal {
  readonly replicas: number
  /** What the metric is called in messages. */
  readonly name: string
  readonly status: MetricStatus
}

/** Why a metric proposes nothing: for the condition and its event, and, with more around it, for who looks at all metrics. */
export interface Refusal {
  readonly reason: string
  readonly cause: string
  readonly error: string
}

/** How many replicas one metric asks for. */
export function propose(metric: MetricSpec, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const { type } = metric
  if (type === 'Resource' && metric.resource) return ofResource(metric.resource, answer, question)
  if (type === 'ContainerResource' && metric.containerResource) return ofContainer(metric.containerResource, answer, question)
  if (type === 'Pods' && metric.pods) return ofPods(metric.pods, answer, question)
  if (type === 'Object' && metric.object) return ofObject(metric.object, answer, question)
  if (type === 'External' && metric.external) return ofExternal(metric.external, answer, question)
  const cause = `unknown metric source type "${type}"`
  return { reason: 'InvalidMetricSourceType', cause, error: cause }
}

/** No condition of the cluster makes such a metric say anything. */
export const isUnknownType = ({ type }: MetricSpec): boolean =>
  !['Resource', 'ContainerResource', 'Pods', 'Object', 'External'].includes(type)

function ofResource({ name, target }: ResourceMetricSource, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const found = byUsage(name, undefined, target, answer, question)
  if ('problem' in found) return refuse('FailedGetResourceMetric', found.problem, `failed to get ${name} resource metric value`)
  return { ...found, status: { type: 'Resource', resource: { name, current: found.current } } }
}

function ofContainer(source: ContainerResourceMetricSource, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const { name, container, target } = source
  const found = byUsage(name, container, target, answer, question)
  if ('problem' in found)
    return refuse('FailedGetContainerResourceMetric', found.problem, `failed to get ${container} container metric value`)
  return { ...found, status: { type: 'ContainerResource', containerResource: { name, container, current: found.current } } }
}

type Current = NonNullable<MetricStatus['resource']>['current']
type ByUsage = Omit<Proposal, 'status'> & { readonly current: Current }

/** Use of a resource by whole pods, or by one container of each. */
function byUsage(
  resource: string,
  container: string | undefined,
  { averageValue, averageUtilization }: MetricTarget,
  answer: Said,
  question: MetricQuestion,
): ByUsage | Problem {
  const { pods } = question
  if (averageValue === undefined && averageUtilization === undefined)
    return { problem: 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set' }
  const wanted = averageValue === undefined ? 'utilization' : 'usage'
  const failed = (problem: string): Problem => ({ problem: `failed to get ${resource} ${wanted}: ${problem}` })
  if (!('of' in answer) || answer.of !== 'usage') return failed(`unable to get metrics for resource ${resource}: ${problemOf(answer)}`)
  const found = replicasByPods({
    ...podQuestion(question),
    samples: resourceSamples(answer.pods, resource, container),
    resource,
    measure: () =>
      averageValue === undefined
        ? utilizationMeasure(pods, resource, averageUtilization!, container)
        : averageMeasure(milliOf(averageValue)),
  })
  if ('problem' in found) return failed(found.problem)
  const { replicas, measured } = found
  // Bytes are shown in binary units.
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI'
  const average = formatQuantity({ ...quantityOfMilli(measured.milli), format })
  if (averageValue !== undefined) return { replicas, name: `${resource} resource`, current: { averageValue: average } }
  const part = container === undefined ? '' : 'container '
  const name = `${resource} ${part}resource utilization (percentage of request)`
  return { replicas, name, current: { averageUtilization: measured.percent!, averageValue: average } }
}

function ofPods({ metric, target }: PodsMetricSource, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const refused = (problem: string) => refuse('FailedGetPodsMetric', problem, 'failed to get pods metric value')
  if (!('of' in answer) || answer.of !== 'pods') return refused(`unable to get metric ${metric.name}: ${problemOf(answer)}`)
  const measure = () => averageMeasure(milliOf(target.averageValue ?? '0'))
  const found = replicasByPods({ ...podQuestion(question), samples: answer.samples, measure })
  if ('problem' in found) return refused(found.problem)
  const current = { averageValue: shown(found.measured.milli) }
  return { replicas: found.replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } }
}

function ofObject({ metric, target, describedObject }: ObjectMetricSource, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const reason = 'FailedGetObjectMetric'
  const failed = 'failed to get object metric value'
  const isWhole = target.type === 'Value' && target.value !== undefined
  if (!isWhole && (target.type !== 'AverageValue' || target.averageValue === undefined))
    return refuse(reason, 'invalid object metric source: neither a value target nor an average value target was set', failed)
  const inner = isWhole ? failed : `${failed}: failed to get ${metric.name} object metric`
  if (!('of' in answer) || answer.of !== 'object') {
    const { kind, name } = describedObject
    const { namespace } = question.autoscaler.metadata
    return refuse(reason, `unable to get metric ${metric.name}: ${problemOf(answer)} on ${kind} ${namespace}/${name}`, inner)
  }
  const tolerances = tolerancesOf(question.autoscaler, question.config.tolerance)
  const found = isWhole
    ? byTotal(answer.milli, milliOf(target.value!), tolerances, question)
    : byTotalPerPod(answer.milli, milliOf(target.averageValue!), tolerances, question)
  if ('problem' in found) return refuse(reason, found.problem, inner)
  const current = isWhole ? { value: shown(found.milli) } : { averageValue: shown(found.milli) }
  const name = isWhole ? `${describedObject.kind} metric ${metric.name}` : externalName(metric.name, metric.selector)
  return { replicas: found.replicas, name, status: { type: 'Object', object: { describedObject, metric, current } } }
}

function ofExternal({ metric, target }: ExternalMetricSource, answer: Said, question: MetricQuestion): Proposal | Refusal {
  const reason = 'FailedGetExternalMetric'
  const failed = `failed to get ${metric.name} external metric value`
  const isAverage = target.averageValue !== undefined
  if (!isAverage && target.value === undefined)
    return refuse(reason, 'invalid external metric source: neither a value target nor an average value target was set', failed)
  const inner = `${failed}: ${isAverage ? `failed to get ${metric.name} external metric` : `failed to get external metric ${metric.name}`}`
  if (!('of' in answer) || answer.of !== 'external') {
    const { namespace } = question.autoscaler.metadata
    const what = `${namespace}/${metric.name}/${selectorText(metric.selector)}`
    return refuse(reason, `unable to get external metric ${what}: ${problemOf(answer)}`, inner)
  }
  const sum = answer.milli.reduce((total, milli) => total + milli, 0n)
  const usage = sum > int64Max ? int64Max : sum
  const tolerances = tolerancesOf(question.autoscaler, question.config.tolerance)
  const found = isAverage
    ? byTotalPerPod(usage, milliOf(target.averageValue!), tolerances, question)
    : byTotal(usage, milliOf(target.value!), tolerances, question)
  if ('problem' in found) return refuse(reason, found.problem, inner)
  const current = isAverage ? { averageValue: shown(found.milli) } : { value: shown(found.milli) }
  const name = externalName(metric.name, metric.selector)
  return { replicas: found.replicas, name, status: { type: 'External', external: { metric, current } } }
}

const int64Max = (1n << 63n) - 1n

const podQuestion = ({ now, config, autoscaler, specReplicas, pods }: MetricQuestion) => ({
  now,
  config,
  tolerances: tolerancesOf(autoscaler, config.tolerance),
  current: specReplicas,
  pods,
})

const refuse = (reason: string, cause: string, around: string): Refusal => ({ reason, cause, error: `${around}: ${cause}` })
const problemOf = (answer: Said): string => ('problem' in answer ? answer.problem : 'nothing was asked')
const shown = (milli: bigint): string => formatQuantity(quantityOfMilli(milli))
const selectorText = (selector: LabelSelector | undefined): string => (selector === undefined ? 'nil' : goSelector(selector))
/** The reference calls averages of objects so, too. */
const externalName = (name: string, selector: LabelSelector | undefined): string => `external metric ${name}(${selectorText(selector)})`
