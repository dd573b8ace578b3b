import { controllerOf } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { AllocationResult } from '#api/resource/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'
import type { World } from '../../world/world.ts'
import { deviceId, poolKey } from './device-slice.ts'

/** Set on a claim that the scheduler made for a pod's extended resources (KEP-5004). */
export const extendedResourceAnnotation = 'resource.kubernetes.io/extended-resource-claim'

/**
 * What claims hold of every device: those that the API shows as allocated, and those of which we have decided and that are not written yet.
 * Devices that were given for monitoring are held by nobody.
 */
export interface ClaimIndex {
  /** Held by one claim alone. */
  isHeld(device: string): boolean
  /** How many shares of it are held. */
  sharesOf(device: string): number
  /** Billionths by capacity, over all shares; undefined: nothing. */
  consumedOf(device: string): ReadonlyMap<string, bigint> | undefined
  /** Another number after every change of what is held in the pool; 0: nothing is. */
  versionOf(pool: string): number

  /** Whether some pod is about to write the claim's allocation. Others that use the claim wait for that. */
  isPending(uid: string): boolean
  begin(uid: string, allocation: AllocationResult): void
  /** It was written (the lookup shows it, or soon will), or given up. */
  end(uid: string): void

  /** The claim that was made for the extended resources of the pod. */
  extendedClaimOf(podUid: string): ResourceClaim | undefined
  /** Tells of every change of one claim; returns how to stop. */
  watch(name: string, namespace: string, handler: () => void): () => void
}

/** Follows the world's claims: `world.kept(createClaimIndex)`. */
export function createClaimIndex(world: World): ClaimIndex {
  const claims = world.lookups.of(ResourceClaim)
  const shown = new Map<string, AllocationResult>()
  const pending = new Map<string, AllocationResult>()
  const held = new Map<string, number>()
  const shares = new Map<string, number>()
  const consumed = new Map<string, Map<string, bigint>>()
  const pools = new Map<string, { held: number; version: number }>()
  const extended = new Map<string, ResourceClaim>()
  const watchers = new Map<string, Set<() => void>>()
  let changes = 0

  function count({ devices }: AllocationResult, sign: 1 | -1): void {
    for (const { driver, pool, device, adminAccess, shareID, consumedCapacity } of devices.results ?? []) {
      if (adminAccess) continue
      const id = deviceId(driver, pool, device)
      touch(poolKey(driver, pool), sign)
      if (shareID === undefined) {
        add(held, id, sign)
        continue
      }
      add(shares, id, sign)
      for (const [name, text] of Object.entries(consumedCapacity ?? {})) {
        let amounts = consumed.get(id)
        if (amounts === undefined) consumed.set(id, (amounts = new Map()))
        amounts.set(name, (amounts.get(name) ?? 0n) + BigInt(sign) * parseQuantity(text).nano)
      }
      if (!shares.has(id)) consumed.delete(id)
    }
  }

  /** A pool of which nothing is held is as it was at first, so that nothing need be known of it. */
  function touch(key: string, sign: 1 | -1): void {
    const pool = pools.get(key) ?? { held: 0, version: 0 }
    pool.held += sign
    pool.version = changes += 1
    if (pool.held === 0) pools.delete(key)
    else pools.set(key, pool)
  }

  /** A claim that is shown as allocated and still is being written counts once. */
  function change(uid: string, act: () => void): void {
    const before = shown.get(uid) ?? pending.get(uid)
    act()
    const after = shown.get(uid) ?? pending.get(uid)
    if (before === after) return
    if (before !== undefined) count(before, -1)
    if (after !== undefined) count(after, 1)
  }

  claims.onChange((claim, previous, kind) => {
    const { uid, name, namespace, annotations } = claim.metadata
    const isGone = kind === 'deleted'
    // A claim of the same name took its place, and nobody told of the end of the other.
    if (previous !== undefined && previous.metadata.uid !== uid) forget(previous)
    const { allocation } = claim.status
    change(uid, () => (isGone || allocation === undefined ? shown.delete(uid) : shown.set(uid, allocation)))
    if (annotations?.[extendedResourceAnnotation] === 'true') {
      const owner = controllerOf(claim)?.uid
      if (owner !== undefined && !isGone) extended.set(owner, claim)
      else if (owner !== undefined && extended.get(owner)?.metadata.uid === uid) extended.delete(owner)
    }
    for (const handler of [...(watchers.get(`${namespace}/${name}`) ?? [])]) handler()
  })

  function forget(claim: ResourceClaim): void {
    const { uid } = claim.metadata
    change(uid, () => shown.delete(uid))
    const owner = controllerOf(claim)?.uid
    if (owner !== undefined && extended.get(owner)?.metadata.uid === uid) extended.delete(owner)
  }

  return {
    isHeld: (device) => held.has(device),
    sharesOf: (device) => shares.get(device) ?? 0,
    consumedOf: (device) => consumed.get(device),
    versionOf: (pool) => pools.get(pool)?.version ?? 0,
    isPending: (uid) => pending.has(uid),
    begin: (uid, allocation) => change(uid, () => pending.set(uid, allocation)),
    end: (uid) => change(uid, () => pending.delete(uid)),
    extendedClaimOf: (podUid) => extended.get(podUid),
    watch(name, namespace, handler) {
      const key = `${namespace}/${name}`
      let handlers = watchers.get(key)
      if (handlers === undefined) watchers.set(key, (handlers = new Set()))
      handlers.add(handler)
      return () => {
        handlers.delete(handler)
        if (handlers.size === 0 && watchers.get(key) === handlers) watchers.delete(key)
      }
    },
  }
}

function add(counts: Map<string, number>, key: string, sign: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + sign
  if (next === 0) counts.delete(key)
  else counts.set(key, next)
}
