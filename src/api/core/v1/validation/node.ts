import type { Node, Taint } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { formatQuantity, parseQuantity } from '#lib/quantity.ts'
import { repeats } from '#lib/repeats.ts'
import { parseCidr } from '#schema/ip.ts'
import {
  checkLabelValue,
  checkLegacyCidr,
  checkQualifiedName,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  required,
} from '#schema/validate.ts'
import { validateTaintEffect } from './affinity.ts'
import { validateQuantity } from './resources.ts'

/** What is wrong with a node by itself. */
export function validateNode(node: Node): Cause[] {
  const cidrs = node.spec.podCIDRs ?? []
  const families = cidrs.map((cidr) => parseCidr(cidr)?.address.length)
  const unreadable = families.indexOf(undefined)
  const isDual = cidrs.length === 2 && unreadable < 0 && families[0] !== families[1]
  return [
    ...validateTaints(node.spec.taints, 'metadata.taints'),
    ...validateNodeResources(node),
    ...validateDeclaredFeatures(node.status.declaredFeatures, 'status.declaredFeatures'),
    ...cidrs.flatMap((cidr, i) => invalidEach(`spec.podCIDRs[${i}]`, cidr, checkLegacyCidr(cidr))),
    ...(cidrs.length > 1 && unreadable >= 0 ? [undecided(unreadable, cidrs[unreadable]!)] : []),
    ...(cidrs.length > 1 && !isDual ? [invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family')] : []),
  ]
}

/** What the reference says of addresses whose family it cannot tell. */
const undecided = (index: number, cidr: string): Cause => ({
  reason: 'InternalError',
  message: `Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${index}]: <nil> (invalid CIDR address: ${cidr})`,
  field: 'spec.podCIDRs',
})

/** The reference looks at the node as a whole, and at its taints and amounts once more as part of the change. */
export const validateNodeUpdate = (next: Node, previous: Node): Cause[] => [...validateNode(next), ...validateNodeChange(next, previous)]

/** Of the spec: what was assigned once stays. Of the status: addresses are a set. */
export function validateNodeChange(next: Node, previous: Node): Cause[] {
  const causes: Cause[] = [
    ...validateNodeResources(next),
    ...validateDeclaredFeatures(next.status.declaredFeatures, 'status.declaredFeatures'),
    ...validateTaints(next.spec.taints, 'metadata.taints'),
  ]
  const before = previous.spec.podCIDRs ?? []
  const now = next.spec.podCIDRs ?? []
  const changes = before.length === 0 ? 0 : before.length !== now.length ? 1 : before.filter((cidr, i) => cidr !== now[i]).length
  for (let i = 0; i < changes; i += 1)
    causes.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  if (previous.spec.providerID && previous.spec.providerID !== next.spec.providerID)
    causes.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  if ((next.spec.externalID ?? '') !== (previous.spec.externalID ?? '')) causes.push(forbidden('spec.externalID', 'may not be updated'))
  const seen = new Set<string>()
  for (const [i, { type, address }] of (next.status.addresses ?? []).entries()) {
    const key = `${type} ${address}`
    if (seen.has(key)) causes.push(duplicate(`status.addresses[${i}]`, { Type: type, Address: address }))
    seen.add(key)
  }
  return causes
}

/** Names of what a node can do beyond its version (KEP-5328), in order and each once. */
function validateDeclaredFeatures(names: readonly string[] = [], path: string): Cause[] {
  return names.flatMap((name, i) => {
    const next = names[i + 1]
    if (next === undefined || name < next) return []
    const at = `${path}[${i + 1}]`
    return name === next ? [duplicate(at, next)] : [invalid(at, next, 'list must be sorted alphabetically')]
  })
}

/** The reference says `metadata.taints`, though they stand in the spec. */
function validateTaints(taints: readonly Taint[] = [], path: string): Cause[] {
  const isRepeated = repeats(taints.map(({ key, effect }) => `${key}\0${effect}`))
  return taints.flatMap((taint, i) => {
    const { key, value = '', effect, timeAdded } = taint
    const at = `${path}[${i}]`
    const problems = checkLabelValue(value)
    const causes: Cause[] = invalidEach(`${at}.key`, key, checkQualifiedName(key))
    if (problems.length > 0) causes.push(invalid(`${at}.value`, value, problems.join(';')))
    causes.push(...((effect as string) === '' ? [required(`${at}.effect`)] : validateTaintEffect(effect, `${at}.effect`)))
    if (isRepeated[i]) {
      const cause = duplicate(at, { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null })
      causes.push({ ...cause, message: `${cause.message}: taints must be unique by key and effect pair` })
    }
    return causes
  })
}

const validateNodeResources = ({ status }: Node): Cause[] =>
  (['capacity', 'allocatable'] as const).flatMap((list) =>
    Object.entries(status[list] ?? {}).flatMap(([name, text]) =>
      validateQuantity(name, formatQuantity(parseQuantity(text)), `status.${list}.${name}`),
    ),
  )
