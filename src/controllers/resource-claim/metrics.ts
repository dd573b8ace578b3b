import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Cache, ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { entryAnnotation } from './plan-pod.ts'

const made = 'resourceclaim_controller_creates_total'
const stability = 'ALPHA'

/** The reference's. */
export const resourceClaimMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: made, help: 'ResourceClaims that were made, or were to be.', stability, labels: ['status', 'admin_access'] },
  {
    type: 'gauge',
    name: 'resourceclaim_controller_resource_claims',
    help: 'ResourceClaims that there are, by whether they have devices, how they may use them, and who made them.',
    stability,
    labels: ['allocated', 'admin_access', 'source'],
    read: (cache: Cache) => {
      const all = cache.list(ResourceClaim).map((claim) => [`${claim.status.allocation !== undefined}`, accessOf(claim), sourceOf(claim)])
      return [...Map.groupBy(all, (labels) => labels.join())].map(([, same]) => ({ labels: same[0]!, value: same.length }))
    },
  },
]

/** What became of the claims that a look was to make. */
export function measureClaims({ commands }: Plan, { became }: MeasuredOutcome): readonly Measure[] {
  return inOrder(commands).flatMap((command): readonly Measure[] => {
    const end = command.do === 'create' && command.kind === ResourceClaim ? became(command) : undefined
    if (command.do !== 'create' || end === undefined) return []
    return [{ metric: made, labels: [end === 'done' ? 'success' : 'failure', accessOf(command.object as unknown as ResourceClaim)] }]
  })
}

const accessOf = ({ spec }: Pick<ResourceClaim, 'spec'>): string =>
  `${(spec.devices?.requests ?? []).some(({ exactly }) => exactly?.adminAccess === true)}`

function sourceOf({ metadata: { annotations } }: ResourceClaim): string {
  if (annotations?.['resource.kubernetes.io/extended-resource-claim'] === 'true') return 'extended_resource'
  return annotations?.[entryAnnotation] ? 'resource_claim_template' : ''
}
