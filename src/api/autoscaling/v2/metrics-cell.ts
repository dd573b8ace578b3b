import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '#api/autoscaling/v2/types.ts'

/** What is measured against what is wanted: `cpu: 20%/80%, 3/10 (avg) + 1 more...` */
export function metricsCell(specs: readonly MetricSpec[] = [], statuses: readonly MetricStatus[] | undefined): string {
  if (specs.length === 0) return '<none>'
  const cells = specs.map((spec, i) => metricCell(spec, statuses?.[i]))
  return cells.length > SHOWN_MAX ? `${cells.slice(0, SHOWN_MAX).join(', ')} + ${cells.length - SHOWN_MAX} more...` : cells.join(', ')
}

const SHOWN_MAX = 2
const unknown = '<unknown>'

function metricCell(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = spec
  switch (spec.type) {
    case 'External':
      return valueCell(external?.target, status?.external?.current)
    case 'Object':
      return valueCell(object?.target, status?.object?.current)
    case 'Pods':
      return `${status?.pods === undefined ? unknown : (status.pods.current.averageValue ?? '0')}/${pods?.target.averageValue ?? '0'}`
    case 'Resource':
      return `${resource?.name}: ${resourceCell(resource?.target, status?.resource?.current)}`
    case 'ContainerResource':
      return `${containerResource?.name}: ${resourceCell(containerResource?.target, status?.containerResource?.current)}`
    default:
      return '<unknown type>'
  }
}

function valueCell(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  return `${current === undefined ? unknown : (current.value ?? '0')}/${target?.value ?? '0'}`
}

function resourceCell(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current === undefined ? unknown : (current.averageValue ?? '0')}/${target.averageValue}`
  const measured = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`
  return `${measured}/${target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`
}
