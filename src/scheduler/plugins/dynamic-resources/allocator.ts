import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { DeviceTaint, DeviceToleration } from '#api/resource/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { Quantity } from '#lib/quantity.ts'
import type { World } from '../../world/world.ts'
import { hasRoom, takenCapacity } from './capacity.ts'
import { type ClaimIndex, createClaimIndex } from './claim-index.ts'
import { type Alternative, type ClaimPlan, claimText, planClaim } from './claim-plan.ts'
import { type Constraint, createConstraint } from './constraints.ts'
import { createCounterBook } from './counter-book.ts'
import type { SliceDevice } from './device-slice.ts'
import type { Pool } from './pools.ts'

/** A device for a request of a claim. */
export interface Pick {
  readonly device: SliceDevice
  readonly alternative: Alternative
  /** Of a shared device: what is taken of its capacities. */
  readonly share: ReadonlyMap<string, Quantity> | undefined
}

/** Devices of one claim, in the order of its requests. */
export interface ClaimPicks {
  readonly plan: ClaimPlan
  readonly picks: readonly Pick[]
}

/** Finds devices for all claims of a pod at once, node by node. */
export interface Allocator {
  /**
   * The first solution there is, trying pools, devices and alternatives in their order; undefined: there is none. Throws a `WherryError` for
   * what is wrong whatever the node (the pod cannot be placed now), and for a search that takes too long.
   */
  allocate(nodeName: string, pools: readonly Pool[]): readonly ClaimPicks[] | undefined
}

/** As many devices as one claim can have (API: AllocationResultsMaxSize). */
const devicesMax = 32
/** Between two looks at the clock. */
const stepsPerLook = 1024
/** No search goes on for longer, also where no time passes; about as long as the reference takes by default. */
const stepsMax = 20_000_000

type Outcome = 'found' | 'none' | 'too many'

/**
 * Plans the claims once, so that each node only has its devices looked at. `timeoutMs` (0: none) is how long one node may take. Throws a
 * `WherryError` for a claim that cannot be understood.
 */
export function createAllocator(claims: readonly ResourceClaim[], world: World, timeoutMs: number): Allocator {
  const plans = claims.map((claim) => planClaim(claim, world))
  const watchdog = createWatchdog(world, timeoutMs)
  const search = createSearch(plans, world.kept(createClaimIndex), watchdog.step)
  return {
    allocate: (nodeName, pools) => {
      watchdog.begin(nodeName)
      const outcome = search.run(pools)
      if (outcome === 'too many') throw new WherryError('InternalError', 'allocation max size exceeded')
      return outcome === 'found' ? search.picks().map((picks, claim) => ({ plan: plans[claim]!, picks })) : undefined
    },
  }
}

/** `step` throws once the search on a node has gone on for too long. */
function createWatchdog({ clock }: World, timeoutMs: number): { begin(nodeName: string): void; step(): void } {
  let steps = 0
  let node = ''
  let begunMs: number | undefined
  return {
    begin(nodeName) {
      steps = 0
      node = nodeName
      begunMs = undefined
    },
    step() {
      steps += 1
      if (steps % stepsPerLook !== 0) return
      begunMs ??= clock.monotonicMs()
      const isLate = timeoutMs > 0 && clock.monotonicMs() - begunMs > timeoutMs
      if (isLate || steps > stepsMax) throw new WherryError('Timeout', `node ${node}: timed out trying to allocate devices`)
    },
  }
}

/** The claims' constraints, without devices. */
const constraintsOf = (plans: readonly ClaimPlan[]): readonly (readonly Constraint[])[] =>
  plans.map(({ claim }) =>
    (claim.spec.devices.constraints ?? []).map((constraint, index) => createConstraint(constraint, claimText(claim), index)),
  )

interface Candidate {
  readonly device: SliceDevice
  readonly pool: Pool
}

/**
 * An exhaustive search that stops at the first solution: device after device is tried for each request, and taken back where the rest finds
 * none. Within one request devices are taken in their order only, so that the same set is never tried twice.
 */
function createSearch(
  plans: readonly ClaimPlan[],
  index: ClaimIndex,
  step: () => void,
): { readonly run: (pools: readonly Pool[]) => Outcome; readonly picks: () => readonly (readonly Pick[])[] } {
  const hasConstraints = plans.some(({ claim }) => (claim.spec.devices.constraints?.length ?? 0) > 0)
  let constraints = constraintsOf(plans)
  let pools: readonly Pool[] = []
  let picks: Pick[][] = []
  /** By device, the claims that take it alone in this very attempt. */
  const taken = new Map<SliceDevice, number[]>()
  /** By device, the shares that are taken in this attempt: how many, and billionths by capacity. */
  const shares = new Map<SliceDevice, { count: number; readonly amounts: Map<string, bigint> }>()
  let counters = createCounterBook(index)
  /** Devices of requests for all of them, by alternative. */
  const allOf = new Map<Alternative, readonly Candidate[]>()

  /** Forgets the node before. */
  function begin(poolsOfNode: readonly Pool[]): void {
    pools = poolsOfNode
    picks = plans.map(() => [])
    taken.clear()
    shares.clear()
    allOf.clear()
    if (hasConstraints) constraints = constraintsOf(plans)
    if (counters.isUsed()) counters = createCounterBook(index)
  }

  function countOf(alternative: Alternative): number {
    return alternative.isAll ? allOf.get(alternative)!.length : alternative.count
  }

  /** What requests for all devices mean here, and whether the claims are small enough. */
  function prepare(): void {
    for (const { claim, requests } of plans) {
      let least = 0
      for (const { alternatives } of requests) {
        for (const alternative of alternatives) if (alternative.isAll) allOf.set(alternative, gatherAll(alternative, claim))
        least += Math.min(...alternatives.map(countOf))
      }
      if (least > devicesMax)
        throw new WherryError(
          'InternalError',
          `claim ${claimText(claim)}: number of requested devices ${least} exceeds the claim limit of ${devicesMax}`,
        )
    }
  }

  function gatherAll(alternative: Alternative, claim: ResourceClaim): readonly Candidate[] {
    const candidates: Candidate[] = []
    for (const pool of pools) {
      if (pool.state !== 'ready') {
        const how = pool.state === 'incomplete' ? 'being updated' : 'invalid'
        const request = alternative.name || alternative.request
        throw new WherryError(
          'InternalError',
          `claim ${claimText(claim)}, request ${request}: asks for all devices, but resource pool ${pool.key} is currently ${how}`,
        )
      }
      for (const device of pool.devices)
        if (isMeant(alternative, device) && shareOf(alternative, device) !== false) candidates.push({ device, pool })
    }
    return candidates
  }

  /** The next request of the claim, or the next claim. */
  function allocateRequest(claim: number, request: number): Outcome {
    step()
    const plan = plans[claim]
    if (plan === undefined) return 'found'
    const wanted = plan.requests[request]
    if (wanted === undefined) {
      const outcome = allocateRequest(claim + 1, 0)
      // Another choice for an earlier claim may make room for one that needs less here.
      return outcome === 'too many' ? 'none' : outcome
    }
    if (!wanted.hasChoice) return allocateDevice(claim, request, wanted.alternatives[0]!, 0, 0, 0)
    let areTooMany = true
    for (const alternative of wanted.alternatives) {
      const outcome = allocateDevice(claim, request, alternative, 0, 0, 0)
      if (outcome === 'found') return outcome
      if (outcome === 'none') areTooMany = false
    }
    return areTooMany ? 'too many' : 'none'
  }

  /** Device number `done` of a request, looked for from a place on; then all that comes after it. */
  function allocateDevice(
    claim: number,
    request: number,
    alternative: Alternative,
    done: number,
    fromPool: number,
    fromDevice: number,
  ): Outcome {
    step()
    const count = countOf(alternative)
    if (alternative.isAll && count === 0) return 'none'
    if (done >= count) return allocateRequest(claim, request + 1)
    if (picks[claim]!.length + count - done > devicesMax) return 'too many'
    if (alternative.isAll) {
      const { device, pool } = allOf.get(alternative)![done]!
      const undo = take(claim, alternative, device, pool, true)
      if (undo === undefined) return 'none'
      const outcome = allocateDevice(claim, request, alternative, done + 1, 0, 0)
      if (outcome !== 'found') undo()
      return outcome
    }
    for (let p = fromPool; p < pools.length; p += 1) {
      const pool = pools[p]!
      if (pool.state !== 'ready') continue
      for (let d = p === fromPool ? fromDevice : 0; d < pool.devices.length; d += 1) {
        const device = pool.devices[d]!
        if (!isFree(claim, alternative, device) || !isMeant(alternative, device)) continue
        const undo = take(claim, alternative, device, pool, false)
        if (undo === undefined) continue
        const outcome = allocateDevice(claim, request, alternative, done + 1, p, d + 1)
        if (outcome === 'found') return outcome
        undo()
        if (outcome === 'too many') return outcome
      }
    }
    return 'none'
  }

  function isFree(claim: number, { isAdmin }: Alternative, device: SliceDevice): boolean {
    const takers = taken.get(device)
    if (isAdmin) return takers === undefined || !takers.includes(claim)
    if (takers !== undefined && takers.length > 0) return false
    return !index.isHeld(device.id) && (device.isShared || index.sharesOf(device.id) === 0)
  }

  /** What a request takes of the device's capacities; false: the device does not give so much (any more). */
  function shareOf({ asksCapacity, capacity }: Alternative, device: SliceDevice): ReadonlyMap<string, Quantity> | false | undefined {
    const capacities = device.device.capacity
    if (capacities === undefined) return asksCapacity ? false : device.isShared ? new Map() : undefined
    if (!asksCapacity && !device.isShared) return undefined
    const share = takenCapacity(capacity, capacities)
    if (share === undefined) return false
    return hasRoom(share, capacities, index.consumedOf(device.id), shares.get(device)?.amounts) ? share : false
  }

  /** Takes the device in, and returns how to take it back; undefined: it cannot be had. `must`: there is no other. */
  function take(claim: number, alternative: Alternative, device: SliceDevice, pool: Pool, must: boolean): (() => void) | undefined {
    if (!isFree(claim, alternative, device)) return undefined
    if (device.taints.length > 0 && !device.taints.every((taint) => isTolerated(taint, alternative.tolerations))) return undefined
    const share = shareOf(alternative, device)
    if (share === false) return undefined
    // Whoever took the first share has taken the counters for all of them.
    const isFirst = !device.isShared || (index.sharesOf(device.id) === 0 && !shares.has(device))
    const draws = isFirst && device.counters.length > 0
    if (draws && !counters.draw(pool, device)) return undefined
    const own = constraints[claim]!
    const refusing = own.findIndex((constraint) => !constraint.add(alternative.request, alternative.name, device))
    if (refusing !== -1) {
      for (let i = refusing - 1; i >= 0; i -= 1) own[i]!.remove(alternative.request, alternative.name, device)
      if (draws) counters.giveBack(pool, device)
      if (!must) return undefined
      throw new WherryError(
        'InternalError',
        `claim ${claimText(plans[claim]!.claim)}, request ${alternative.name || alternative.request}: cannot add device ${device.id} because a claim constraint would not be satisfied`,
      )
    }
    if (device.isShared) addShare(device, share ?? new Map(), 1)
    else taken.set(device, [...(taken.get(device) ?? []), claim])
    picks[claim]!.push({ device, alternative, share: device.isShared ? (share ?? new Map()) : undefined })
    return () => {
      picks[claim]!.pop()
      if (device.isShared) addShare(device, share ?? new Map(), -1)
      else taken.set(device, taken.get(device)!.toSpliced(taken.get(device)!.lastIndexOf(claim), 1))
      for (let i = own.length - 1; i >= 0; i -= 1) own[i]!.remove(alternative.request, alternative.name, device)
      if (draws) counters.giveBack(pool, device)
    }
  }

  function addShare(device: SliceDevice, share: ReadonlyMap<string, Quantity>, sign: 1 | -1): void {
    const present = shares.get(device) ?? { count: 0, amounts: new Map<string, bigint>() }
    present.count += sign
    for (const [name, { nano }] of share) present.amounts.set(name, (present.amounts.get(name) ?? 0n) + BigInt(sign) * nano)
    if (present.count === 0) shares.delete(device)
    else shares.set(device, present)
  }

  return {
    picks: () => picks,
    run(poolsOfNode) {
      begin(poolsOfNode)
      prepare()
      return allocateRequest(0, 0)
    },
  }
}

const isMeant = ({ tests }: Alternative, device: SliceDevice): boolean => tests.every((test) => test(device))

const isTolerated = (taint: DeviceTaint, tolerations: readonly DeviceToleration[]): boolean =>
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === 'Exists' || ((!operator || operator === 'Equal') && (value ?? '') === (taint.value ?? ''))),
  )
