import { defaultServiceCidrName, ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Objects } from '../contract.ts'

/**
 * The ranges of all ServiceCIDRs that addresses may be given out of: not those on their way out, nor those said to be unready. The server's
 * own come first, and stand for the ServiceCIDR that is made of them as long as that is not there.
 */
export function readyRanges(objects: Objects, own: readonly string[]): readonly string[] {
  const ranges = objects.list(ServiceCIDR) as readonly ServiceCIDR[]
  const [defaults, others] = [ranges.filter(isDefault), ranges.filter((range) => !isDefault(range))]
  return [...(defaults.length === 0 ? own : defaults.flatMap(readyOf)), ...others.flatMap(readyOf)]
}

const isDefault = ({ metadata }: ServiceCIDR): boolean => metadata.name === defaultServiceCidrName

function readyOf({ metadata, spec, status }: ServiceCIDR): readonly string[] {
  // Without a condition nobody has looked at it yet, which does not speak against it.
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return metadata.deletionTimestamp === undefined && (ready === undefined || ready.status === 'True') ? (spec.cidrs ?? []) : []
}
