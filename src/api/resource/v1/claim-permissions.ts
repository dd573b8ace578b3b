import type { PermissionContext, PermissionQuestion } from '#api/kind.ts'
import type { AllocatedDeviceStatus, ResourceClaim } from '#api/resource/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { deepEqual } from '#schema/fields.ts'
import { checkDns1123Subdomain } from '#schema/formats.ts'
import { forbidden } from '#schema/validate.ts'

/**
 * Who may write a claim's status may still not bind it, nor speak for every driver (KEP-4817): an allocation needs the verb on
 * `resourceclaims/binding`, the devices of each driver one on `resourceclaims/driver`, for claims of the writer's own node or of any.
 */
export async function claimPermissions(
  next: ResourceClaim,
  previous: ResourceClaim | undefined,
  context: PermissionContext,
): Promise<readonly Cause[]> {
  if (context.subresource !== 'status' || previous === undefined) return []
  const binding = await bindingCauses(next, previous, context)
  // Without an allocation all that drivers said goes by itself.
  return next.status.allocation === undefined ? binding : [...binding, ...(await driverCauses(next, previous, context))]
}

async function bindingCauses({ status }: ResourceClaim, previous: ResourceClaim, context: PermissionContext): Promise<readonly Cause[]> {
  const { allocation, reservedFor = [] } = previous.status
  if (deepEqual(status.allocation, allocation) && deepEqual(status.reservedFor ?? [], reservedFor)) return []
  const { verb, may } = context
  const { allowed, refusal } = await may({ ...claims, verb, subresource: 'binding', namespace: '', name: '' })
  const why = `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${verb}" permission: ${refusal}`
  return allowed ? [] : [forbidden('status.allocation', why)]
}

async function driverCauses(next: ResourceClaim, previous: ResourceClaim, context: PermissionContext): Promise<readonly Cause[]> {
  const prefixes = isOfOwnNode(next, context) ? ['associated-node:', 'arbitrary-node:'] : ['arbitrary-node:']
  const verbs = prefixes.map((prefix) => prefix + context.verb)
  const causes: Cause[] = []
  const drivers = changedDrivers(next.status.devices ?? [], previous.status.devices ?? [])
  for (const driver of drivers.slice(0, driversAskedMax)) {
    let refusal: string | undefined
    for (const verb of verbs) {
      const answer = await context.may({ ...claims, verb, subresource: 'driver', namespace: next.metadata.namespace ?? '', name: driver })
      if (answer.allowed) {
        refusal = undefined
        break
      }
      refusal ??= answer.refusal
    }
    const why = `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission: ${refusal}`
    if (refusal !== undefined) causes.push(forbidden('status.devices', why))
  }
  return causes
}

/**
 * Each of them may be a question to a webhook, and they are asked before anything else is found wrong. Only devices that are allocated may
 * have a status, of which there are 32 at most, so that a write with more drivers than were there and may be there is refused in any case.
 */
const driversAskedMax = 64

const claims: Pick<PermissionQuestion, 'group' | 'version' | 'resource'> = {
  group: 'resource.k8s.io',
  version: 'v1',
  resource: 'resourceclaims',
}

/** Drivers whose devices came, went or changed, by name. */
function changedDrivers(next: readonly AllocatedDeviceStatus[], previous: readonly AllocatedDeviceStatus[]): readonly string[] {
  const keyOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus) => JSON.stringify([driver, pool, device, shareID])
  const before = new Map(previous.map((device) => [keyOf(device), device]))
  const drivers = new Set<string>()
  for (const device of next) {
    if (!deepEqual(before.get(keyOf(device)), device)) drivers.add(device.driver)
    before.delete(keyOf(device))
  }
  for (const { driver } of before.values()) drivers.add(driver)
  return [...drivers].sort()
}

/** Whether a program with a service account writes from the one node that the claim was allocated for. */
function isOfOwnNode({ status }: ResourceClaim, { user }: PermissionContext): boolean {
  const terms = status.allocation?.nodeSelector?.nodeSelectorTerms ?? []
  const [field, ...others] = terms[0]?.matchFields ?? []
  if (terms.length !== 1 || field === undefined || others.length > 0 || (terms[0]!.matchExpressions ?? []).length > 0) return false
  const isName = field.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1
  const nodes = user.extra?.['authentication.kubernetes.io/node-name'] ?? []
  const [node] = nodes
  if (!isName || node === undefined || nodes.length !== 1 || !/^system:serviceaccount:[^:]+:[^:]+$/.test(user.name)) return false
  return checkDns1123Subdomain(node).length === 0 && node === field.values![0]
}
