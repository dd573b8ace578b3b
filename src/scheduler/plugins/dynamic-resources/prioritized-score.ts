import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'

/** As many alternatives as a request can have (API: FirstAvailableDeviceRequestMaxSize): the first one is worth so much. */
const alternativesMax = 8

/** Whether a claim leaves a choice, so that nodes differ by what they can give. */
export const leavesChoice = ({ spec }: ResourceClaim): boolean =>
  (spec.devices.requests ?? []).some(({ firstAvailable = [] }) => firstAvailable.length > 0)

/** How well the wishes of a claim are met by these alternatives (`request/subrequest`): the sum over its requests (KEP-4816). */
export function prioritizedScore({ spec }: ResourceClaim, chosen: ReadonlySet<string>): number {
  let score = 0
  for (const { name, firstAvailable = [] } of spec.devices.requests ?? [])
    for (const [index, alternative] of firstAvailable.entries())
      if (chosen.has(`${name}/${alternative.name}`)) score += alternativesMax - index
  return score
}
