import { createHash } from 'node:crypto'
import type { NodeSelector, NodeSelectorRequirement } from '#api/core/v1/types.ts'
import type { AllocationResult, DeviceAllocationConfiguration, DeviceRequestAllocationResult } from '#api/resource/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { formatUuid } from '#lib/random.ts'
import type { ClaimPicks, Pick } from './allocator.ts'
import { capacityTexts } from './capacity.ts'
import type { ClaimPlan } from './claim-plan.ts'

/** What was found for a claim, as its status shows it. Throws a `WherryError` for a slice that cannot be bound to nodes. */
export function allocationResult({ plan, picks }: ClaimPicks, nodeName: string): AllocationResult {
  const config = configurations(plan, picks)
  const nodeSelector = nodeSelectorOf(picks, nodeName, plan)
  return {
    devices: {
      results: picks.map((pick, index) => deviceResult(pick, index, plan)),
      ...(config.length > 0 && { config }),
    },
    ...(nodeSelector !== undefined && { nodeSelector }),
  }
}

function deviceResult(
  { device: { device, slice }, alternative, share }: Pick,
  index: number,
  plan: ClaimPlan,
): DeviceRequestAllocationResult {
  const { driver, pool } = slice.slice.spec
  const { tolerations, isAdmin, reference } = alternative
  const { bindingConditions, bindingFailureConditions } = device
  return {
    request: reference,
    driver,
    pool: pool.name,
    device: device.name,
    ...(isAdmin && { adminAccess: true }),
    ...(tolerations.length > 0 && { tolerations: [...tolerations] }),
    ...(bindingConditions !== undefined && { bindingConditions }),
    ...(bindingFailureConditions !== undefined && { bindingFailureConditions }),
    ...(share !== undefined && {
      shareID: shareId(plan, index),
      ...(share.size > 0 && { consumedCapacity: capacityTexts(share) }),
    }),
  }
}

/** No other share of any device has it: a claim has only one result of each place at a time, and another version when it gets the next ones. */
function shareId({ claim: { metadata } }: ClaimPlan, index: number): string {
  const text = `${metadata.uid}/${metadata.resourceVersion}/${index}`
  return formatUuid(createHash('sha256').update(text).digest().subarray(0, 16))
}

/** Those of each class once, with the requests that they are for, then those of the claim that are for what was chosen. */
function configurations({ claim, requests }: ClaimPlan, picks: readonly Pick[]): DeviceAllocationConfiguration[] {
  const chosen = requests.map(({ name, alternatives, hasChoice }) =>
    hasChoice ? (picks.find(({ alternative }) => alternative.request === name)?.alternative ?? alternatives[0]!) : alternatives[0]!,
  )
  const byClass = Map.groupBy(chosen, ({ deviceClass }) => deviceClass.metadata.name)
  const ofClasses = [...byClass.values()].flatMap((alternatives) =>
    (alternatives[0]!.deviceClass.spec.config ?? []).map((config) => ({
      source: 'FromClass' as const,
      requests: alternatives.map(({ reference }) => reference),
      ...config,
    })),
  )
  const ofClaim = (claim.spec.devices.config ?? []).flatMap(({ requests: meant = [], ...config }) => {
    const entry = { source: 'FromClaim' as const, ...(meant.length > 0 && { requests: meant }), ...config }
    if (meant.length === 0) return [entry]
    return chosen.filter(({ request, reference }) => meant.includes(request) || meant.includes(reference)).map(() => entry)
  })
  return [...ofClasses, ...ofClaim]
}

/** Where the devices can be used; undefined: everywhere. */
function nodeSelectorOf(picks: readonly Pick[], nodeName: string, { claim }: ClaimPlan): NodeSelector | undefined {
  const matchFields: NodeSelectorRequirement[] = []
  const matchExpressions: NodeSelectorRequirement[] = []
  for (const { device: each } of picks) {
    const { spec } = each.slice.slice
    const placed = spec.perDeviceNodeSelection === true ? each.device : spec
    if (placed.nodeName !== undefined || each.device.bindsToNode === true)
      return { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }] }
    const terms = placed.nodeSelector?.nodeSelectorTerms ?? []
    if (terms.length > 1)
      throw new WherryError(
        'InternalError',
        `create NodeSelector for claim ${claim.metadata.name}: unsupported ResourceSlice.NodeSelector with ${terms.length} terms`,
      )
    for (const term of terms) {
      addNew(matchFields, term.matchFields)
      addNew(matchExpressions, term.matchExpressions)
    }
  }
  if (matchFields.length + matchExpressions.length === 0) return undefined
  return {
    nodeSelectorTerms: [{ ...(matchExpressions.length > 0 && { matchExpressions }), ...(matchFields.length > 0 && { matchFields }) }],
  }
}

function addNew(to: NodeSelectorRequirement[], from: readonly NodeSelectorRequirement[] = []): void {
  for (const requirement of from) if (!to.some((present) => isSame(present, requirement))) to.push(requirement)
}

const isSame = (a: NodeSelectorRequirement, b: NodeSelectorRequirement): boolean =>
  a.key === b.key && a.operator === b.operator && new Set(a.values).symmetricDifference(new Set(b.values)).size === 0
