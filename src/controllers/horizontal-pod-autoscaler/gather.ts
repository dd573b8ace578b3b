import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec } from '#api/autoscaling/v2/types.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import type { MetricName, MetricsReader, PodUsage, Sample } from './metrics-reader.ts'
import { groupOf, type KindOf, noKind, type Problem, resourceOf } from './target.ts'

/** What was said of one metric of an autoscaler, and how long that took. */
export type Answer = Said & { readonly tookMs: number }

export type Said =
  | { readonly of: 'usage'; readonly pods: readonly PodUsage[] }
  | { readonly of: 'pods'; readonly samples: ReadonlyMap<string, Sample> }
  | { readonly of: 'object'; readonly milli: bigint }
  | { readonly of: 'external'; readonly milli: readonly bigint[] }
  | Problem

/** Asks for every metric that the autoscaler names, side by side; use of resources, which all pods tell together, is asked for once. */
export async function gatherMetrics(
  { metadata: { namespace }, spec }: HorizontalPodAutoscaler,
  selector: string,
  reader: MetricsReader,
  kindOf: KindOf,
  elapsedMs: () => number,
): Promise<readonly Answer[]> {
  const beganMs = elapsedMs()
  let usage: Promise<Said> | undefined
  const askUsage = () => answer(resourceApi, async () => notEmpty('usage', resourceApi, await reader.podUsage(namespace, selector)))
  return Promise.all((spec.metrics ?? []).map(async (metric) => ({ ...(await ask(metric)), tookMs: elapsedMs() - beganMs })))

  function ask(metric: MetricSpec): Promise<Said> {
    if (metric.pods !== undefined) {
      const name = nameOf(metric.pods.metric)
      return answer(customApi, async () => {
        const samples = await reader.podsMetric(namespace, selector, name)
        return samples.size === 0 ? nothing(customApi) : { of: 'pods', samples }
      })
    }
    if (metric.object !== undefined) return askObject(metric.object.describedObject, nameOf(metric.object.metric))
    if (metric.external !== undefined) {
      const name = nameOf(metric.external.metric)
      return answer(externalApi, async () => {
        const milli = await reader.externalMetric(namespace, name)
        return milli.length === 0 ? nothing(externalApi) : { of: 'external', milli }
      })
    }
    usage ??= askUsage()
    return usage
  }

  function askObject(described: CrossVersionObjectReference, metric: MetricName): Promise<Said> {
    return answer(customApi, async () => {
      // What cannot be read as a version has no group that anybody knows.
      const group = groupOf(described.apiVersion ?? '') ?? ''
      if (group === '' && described.kind === 'Namespace')
        return { of: 'object', milli: await reader.objectMetric(namespace, 'namespace', metric) }
      const kind = kindOf(group, described.kind)
      if (kind === undefined) {
        const shown = group === '' ? described.kind : `${described.kind}.${group}`
        return {
          problem: `unable to fetch metrics from ${customApi}: unable to map kind ${shown} to resource: ${noKind(group, described.kind)}`,
        }
      }
      const object = { resource: resourceOf(kind), name: described.name }
      return { of: 'object', milli: await reader.objectMetric(namespace, object, metric) }
    })
  }
}

const resourceApi = 'resource metrics API'
const customApi = 'custom metrics API'
const externalApi = 'external metrics API'

const nothing = (api: string): Problem => ({ problem: `no metrics returned from ${api}` })
const notEmpty = (of: 'usage', api: string, pods: readonly PodUsage[]): Said => (pods.length === 0 ? nothing(api) : { of, pods })

const nameOf = ({ name, selector }: MetricIdentifier): MetricName => ({ name, selector: formatSelector(selectorOf(selector)) })

/** That a metric cannot be had is an answer too, and no reason to ask again at once. */
async function answer(api: string, ask: () => Promise<Said>): Promise<Said> {
  try {
    return await ask()
  } catch (error) {
    return { problem: `unable to fetch metrics from ${api}: ${error instanceof Error ? error.message : String(error)}` }
  }
}
