import { defaultServiceCidrName, ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'

export interface DefaultServiceCidrView {
  readonly now: Instant
  /** Of the API server: the primary one, and perhaps one of the other family. */
  readonly cidrs: readonly string[]
  readonly range: ServiceCIDR | undefined
}

/**
 * Made anew when it is gone, given the second range once the API server has one, and said to be ready unless somebody says otherwise. One that
 * says other ranges is left alone: addresses have been given out of them, and which ones hold is an administrator's to say (KEP 1880).
 */
export function planDefaultServiceCidr({ now, cidrs, range }: DefaultServiceCidrView): Plan {
  if (range === undefined) {
    const object = { metadata: { name: defaultServiceCidrName }, spec: { cidrs } }
    return { commands: [{ do: 'create', kind: ServiceCIDR, object, ifExists: 'keep' }], wakeAt: Infinity }
  }
  const { cidrs: present = [] } = range.spec
  if (cidrs.length === 2 && present.length === 1 && present[0] === cidrs[0])
    return {
      commands: [{ do: 'update', kind: ServiceCIDR, object: { ...range, spec: { cidrs: [...cidrs] } } as ServiceCIDR }],
      wakeAt: Infinity,
    }
  const isJudged = range.status.conditions?.some(({ type, status }) => type === 'Ready' && status !== 'Unknown') ?? false
  if (range.metadata.deletionTimestamp !== undefined || !same(present, cidrs) || isJudged) return settled
  return { commands: [sayReady(now)], wakeAt: Infinity }
}

const sayReady = (now: Instant): Command => ({
  do: 'apply',
  kind: ServiceCIDR,
  name: defaultServiceCidrName,
  body: { status: { conditions: [readyCondition(rfc3339(now))] } },
  subresource: 'status',
})

/** Who says so. */
export const defaultServiceCidrOwner = 'kubernetes-service-cidr-controller'

/** `now`: RFC 3339. */
export const readyCondition = (now: string) => ({
  type: 'Ready',
  status: 'True',
  lastTransitionTime: now,
  message: 'Kubernetes default Service CIDR is ready',
})
