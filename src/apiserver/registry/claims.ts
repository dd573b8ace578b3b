import { type AnyKind, apiVersionOf, type Claim, type ClaimRecord, type KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import type { Cause } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { invalid } from '#schema/validate.ts'
import type { Condition, Operation } from '#store/store.ts'
import { claimKeyOf, keyOf, parseClaimKey } from './keys.ts'
import { storedBytes } from './prepare.ts'

type Recorded = ClaimRecord<never>

/** Values to give out: service addresses, node ports. */
export interface Pool {
  /** Whether the value may be asked for at all; the text says why not. */
  readonly problem: (value: string) => string | undefined
  /** What is said of a value that somebody has. */
  readonly taken: (value: string) => string
  /** A value that `isTaken` denies; undefined when there is none left. */
  readonly pick: (isTaken: (value: string) => boolean, random: Random) => string | undefined
  /** What is said when none is left. */
  readonly exhausted: string
}

/** Who holds which value, as the store's claims say. */
export interface Claims {
  /** Follows the store's keys. */
  note(key: string, present: boolean): void
  /** What a write takes and gives back, to be committed together with it. Fills empty values in. */
  plan(kind: AnyKind, next: KubeObject | undefined, previous: KubeObject | undefined, ownerKey: string): ClaimPlan
}

export interface ClaimPlan {
  readonly object: KubeObject | undefined
  readonly operations: readonly Operation[]
  readonly conditions: readonly Condition[]
  readonly causes: readonly Cause[]
}

export interface ClaimsOptions {
  readonly pools: Readonly<Record<string, Pool>>
  readonly random: Random
  readonly clock: Clock
  /** Whether there is an object of the kind at the key: for values that objects stand for. */
  readonly isStored: (kind: AnyKind, key: string) => boolean
}

export function createClaims({ pools, random, clock, isStored }: ClaimsOptions): Claims {
  const taken = new Map<string, Set<string>>()
  const bytesOf = (record: Recorded | undefined, owner: KubeObject, value: string, ownerKey: string): Uint8Array => {
    if (record === undefined) return Buffer.from(JSON.stringify({ owner: ownerKey }))
    const now = rfc3339(clock.now())
    const { kind } = record
    const made = record.make(owner as never, value, now)
    const metadata = { name: value, uid: random.uuid(), creationTimestamp: now, ...made.metadata }
    return storedBytes(kind, { ...made, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } as unknown as KubeObject)
  }
  return {
    note(key, present) {
      const { pool, value } = parseClaimKey(key)
      const values = taken.get(pool) ?? new Set()
      taken.set(pool, values)
      if (present) values.add(value)
      else values.delete(value)
    },
    plan(kind, next, previous, ownerKey) {
      const claimsOf = kind.rules.claims
      if (claimsOf === undefined) return { object: next, operations: [], conditions: [], causes: [] }
      const recordOf = (pool: string): Recorded | undefined => kind.rules.claimRecords?.[pool]
      const keyFor = (pool: string, value: string): string => {
        const record = recordOf(pool)
        return record === undefined ? claimKeyOf(pool, value) : keyOf(record.kind, '', value)
      }
      const isTaken = (pool: string, value: string): boolean => {
        const record = recordOf(pool)
        return record === undefined ? (taken.get(pool)?.has(value) ?? false) : isStored(record.kind, keyFor(pool, value))
      }
      const held = new Map<string, Claim<KubeObject>>()
      if (previous !== undefined)
        for (const claim of claimsOf(previous, {})) if (claim.value !== '') held.set(keyFor(claim.pool, claim.value), claim)
      const operations: Operation[] = []
      const conditions: Condition[] = []
      const causes: Cause[] = []
      const kept = new Set<string>()
      let object = next
      for (const claim of object === undefined ? [] : (claimsOf(object, { previous }) as readonly Claim<KubeObject>[])) {
        const pool = pools[claim.pool]
        if (pool === undefined) continue
        let value = claim.value
        if (value === '') {
          const picked = pool.pick((candidate) => isTaken(claim.pool, candidate) || kept.has(keyFor(claim.pool, candidate)), random)
          if (picked === undefined) {
            causes.push(invalid(claim.field, '', pool.exhausted))
            continue
          }
          value = picked
          object = claim.set(object!, value)
        }
        const key = keyFor(claim.pool, value)
        if (kept.has(key)) continue
        kept.add(key)
        if (held.has(key)) continue
        const problem = pool.problem(value) ?? (isTaken(claim.pool, value) ? pool.taken(value) : undefined)
        if (problem !== undefined) {
          causes.push(invalid(claim.field, claim.shown ?? value, problem))
          continue
        }
        operations.push({ do: 'put', key, value: bytesOf(recordOf(claim.pool), object!, value, ownerKey) })
        conditions.push({ key, modRevision: 0 })
      }
      for (const key of held.keys()) if (!kept.has(key)) operations.push({ do: 'delete', key })
      return { object, operations, conditions, causes }
    },
  }
}
