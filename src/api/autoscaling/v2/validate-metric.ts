import type { MetricIdentifier, MetricSpec, MetricTarget } from '#api/autoscaling/v2/types.ts'
import { validateContainerResourceName } from '#api/core/v1/validation/resources.ts'
import { checkPathSegment } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { checkDns1123Label, forbidden, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'
import { type Versions, validateReference } from './validate-autoscaler.ts'

const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
type Source = (typeof sources)[number]
const fieldOf: Readonly<Record<string, Source>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  External: 'external',
  ContainerResource: 'containerResource',
}
const types = Object.keys(fieldOf).sort()

/** One metric: the source that its type names and no other. Of several given, the reference looks into the first. */
export function validateMetric(metric: MetricSpec, versions: Versions, path: string): Cause[] {
  const { type = '' } = metric
  const wanted = Object.hasOwn(fieldOf, type) ? fieldOf[type] : undefined
  const causes: Cause[] = type === '' ? [required(`${path}.type`, 'must specify a metric source type')] : []
  if (wanted === undefined) causes.push(notSupported(`${path}.type`, type, types))
  const present = sources.filter((name) => metric[name] !== undefined)
  if (present[0] !== undefined) causes.push(...validateSource(metric, present[0], versions, `${path}.${present[0]}`))
  if (wanted === undefined) causes.push(notSupported(`${path}.type`, type, types))
  else if (metric[wanted] === undefined) causes.push(required(`${path}.${wanted}`, 'must populate information for the given metric source'))
  if (present.length !== 1)
    for (const name of present) if (name !== wanted) causes.push(forbidden(`${path}.${name}`, 'must populate the given metric source only'))
  return causes
}

function validateSource(
  { object, external, pods, resource, containerResource }: MetricSpec,
  name: Source,
  versions: Versions,
  path: string,
): Cause[] {
  const at = `${path}.target`
  switch (name) {
    case 'object': {
      const { describedObject, metric, target } = object!
      const causes = [
        ...validateReference(describedObject, versions, `${path}.describedObject`),
        ...validateIdentifier(metric, `${path}.metric`),
        ...validateTarget(target, at),
      ]
      return target.value === undefined && target.averageValue === undefined
        ? [...causes, required(`${at}.averageValue`, 'must set either a target value or averageValue')]
        : causes
    }
    case 'external': {
      const { metric, target } = external!
      const causes = [...validateIdentifier(metric, `${path}.metric`), ...validateTarget(target, at)]
      if (target.value === undefined && target.averageValue === undefined)
        causes.push(required(`${at}.averageValue`, 'must set either a target value for metric or a per-pod target'))
      if (target.value !== undefined && target.averageValue !== undefined)
        causes.push(forbidden(`${at}.value`, 'may not set both a target value for metric and a per-pod target'))
      return causes
    }
    case 'pods': {
      const { metric, target } = pods!
      const causes = [...validateIdentifier(metric, `${path}.metric`), ...validateTarget(target, at)]
      return target.averageValue === undefined
        ? [...causes, required(`${at}.averageValue`, 'must specify a positive target averageValue')]
        : causes
    }
    case 'resource':
      return [...requireName(resource!.name, path), ...validateResourceTarget(resource!.target, at)]
    case 'containerResource': {
      const { name: resourceName = '', container = '', target } = containerResource!
      return [
        ...requireName(resourceName, path),
        ...(resourceName === '' ? [] : validateContainerResourceName(resourceName, `${path}.name`)),
        ...(container === ''
          ? [required(`${path}.container`, 'must specify a container')]
          : invalidEach(`${path}.container`, container, checkDns1123Label(container))),
        ...validateResourceTarget(target, at),
      ]
    }
  }
}

const requireName = (name: string | undefined, path: string): Cause[] =>
  name ? [] : [required(`${path}.name`, 'must specify a resource name')]

function validateResourceTarget(target: MetricTarget, path: string): Cause[] {
  const { averageUtilization, averageValue } = target
  const causes = validateTarget(target, path)
  if (averageUtilization === undefined && averageValue === undefined)
    causes.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'))
  if (averageUtilization !== undefined && averageValue !== undefined)
    causes.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'))
  return causes
}

function validateTarget({ type = '', value, averageValue, averageUtilization }: MetricTarget, path: string): Cause[] {
  const causes: Cause[] = type === '' ? [required(`${path}.type`, 'must specify a metric target type')] : []
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue')
    causes.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  for (const [name, text] of Object.entries({ value, averageValue }))
    if (text !== undefined && parseQuantity(text).nano <= 0n) causes.push(invalid(`${path}.${name}`, text, 'must be positive'))
  if (averageUtilization !== undefined && averageUtilization < 1)
    causes.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  return causes
}

const validateIdentifier = ({ name = '' }: MetricIdentifier, path: string): Cause[] =>
  name === '' ? [required(`${path}.name`, 'must specify a metric name')] : invalidEach(`${path}.name`, name, checkPathSegment(name))
