import type { IPAddress } from '#api/networking/v1/ip-address.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { type Cidr, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'
import { patchSeen } from '../common/commands.ts'

export interface ServiceCidrsView {
  readonly now: Instant
  readonly ranges: readonly ServiceCIDR[]
  /** Needed only while a range is being deleted. */
  readonly addresses: readonly IPAddress[]
}

export const protectionFinalizer = 'networking.k8s.io/service-cidr-finalizer'

/**
 * A range is kept by a finalizer until every address that services hold in it lies in another range as well; then a moment longer, so that
 * no API server gives out an address of a range that it does not yet know to be going (KEP 1880).
 */
export function planServiceCidrs({ now, ranges, addresses }: ServiceCidrsView): Plan {
  const commands: Command[] = []
  let wakeAt: Instant = Infinity
  for (const range of ranges) {
    const { deletionTimestamp, finalizers = [] } = range.metadata
    if (deletionTimestamp === undefined) {
      if (!finalizers.includes(protectionFinalizer)) commands.push(withFinalizers(range, [...finalizers, protectionFinalizer]))
      else commands.push(...conditionOf(range, ready, now))
    } else if (!finalizers.includes(protectionFinalizer)) {
      // Somebody else keeps it.
    } else if (isNeeded(range, ranges, addresses)) commands.push(...conditionOf(range, terminating, now))
    else {
      const endsAt = Date.parse(deletionTimestamp) + graceMs
      if (now >= endsAt)
        commands.push(
          withFinalizers(
            range,
            finalizers.filter((name) => name !== protectionFinalizer),
          ),
        )
      else wakeAt = Math.min(wakeAt, endsAt)
    }
  }
  return { commands, wakeAt }
}

// The reference's: time for all allocators to learn of the deletion.
const graceMs = 10_000

const withFinalizers = (range: ServiceCIDR, finalizers: readonly string[]): Command =>
  patchSeen(ServiceCIDR, range, { metadata: { finalizers } })

interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

const ready: Condition = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
const terminating: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
}

function conditionOf(range: ServiceCIDR, wanted: Condition, now: Instant): Command[] {
  const before = range.status.conditions ?? []
  const present = before.find(({ type }) => type === wanted.type)
  if (present?.status === wanted.status && (present.reason ?? '') === wanted.reason && present.message === wanted.message) return []
  const conditions = [{ ...wanted, lastTransitionTime: rfc3339(now) }]
  return [{ do: 'apply', kind: ServiceCIDR, name: range.metadata.name, body: { status: { conditions } }, subresource: 'status' }]
}

/** Whether an address that a service holds would be in no range any more. */
function isNeeded(range: ServiceCIDR, ranges: readonly ServiceCIDR[], addresses: readonly IPAddress[]): boolean {
  const others = ranges.filter(({ metadata }) => metadata.name !== range.metadata.name).flatMap(cidrsOf)
  const own = cidrsOf(range)
  if (own.every((cidr) => others.some((other) => other.prefix <= cidr.prefix && holds(other, cidr.address)))) return false
  return addresses.some(({ metadata: { name, labels = {} } }) => {
    const address = parseIp(name)
    if (labels['ipaddress.kubernetes.io/managed-by'] !== 'ipallocator.k8s.io' || address === undefined) return false
    return own.some((cidr) => holds(cidr, address)) && !others.some((cidr) => holds(cidr, address))
  })
}

const cidrsOf = ({ spec }: ServiceCIDR): readonly Cidr[] => (spec.cidrs ?? []).flatMap((text) => parseCidr(text) ?? [])

const holds = ({ address: base, prefix }: Cidr, address: Uint8Array): boolean =>
  base.length === address.length && Buffer.compare(maskCidr({ address: base, prefix }), maskCidr({ address, prefix })) === 0
