import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Objects } from '../contract.ts'

/** The ranges of all ServiceCIDRs that addresses may be given out of: not those on their way out, nor those said to be unready. */
export function readyRanges(objects: Objects): readonly string[] {
  return (objects.list(ServiceCIDR) as readonly ServiceCIDR[]).flatMap(({ metadata, spec, status }) => {
    // Without a condition nobody has looked at it yet, which does not speak against it.
    const ready = status.conditions?.find(({ type }) => type === 'Ready')
    return metadata.deletionTimestamp === undefined && (ready === undefined || ready.status === 'True') ? (spec.cidrs ?? []) : []
  })
}
