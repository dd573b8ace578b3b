import { type AnyKind, apiVersionOf, type Claim, type ClaimRecord, type KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { type Cause, WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { invalid } from '#schema/validate.ts'
import type { Condition, Operation } from '#store/store.ts'
import type { Context, Write } from '../context.ts'
import { internalError, invalidError } from '../http/status.ts'
import { claimKeyOf, keyOf, parseClaimKey, storageKindOf } from './keys.ts'
import { storedBytes, writeContextOf } from './prepare.ts'

type Recorded = ClaimRecord<never>

/** Values to give out: service addresses, node ports. */
export interface Pool {
  /** Whether the value may be asked for at all; the text says why not. */
  readonly problem: (value: string) => string | undefined
  /** What is said of a value that somebody has. */
  readonly taken: (value: string) => string
  /** A value that `isTaken` denies; undefined when there is none left. */
  readonly pick: (isTaken: (value: string) => boolean, random: Random) => string | undefined
  /** What a dry run goes by: it takes nothing. */
  readonly dryRun: {
    readonly problem: (value: string) => string | undefined
    /** Begins one write. */
    readonly values: () => ShownValues
    /** Whether it looks if somebody has the value. */
    readonly minds: boolean
  }
}

/** What one dry write is shown in the places of values that it leaves open. */
export interface ShownValues {
  pick(): string
  /** Told of each value that the object got, in their order. */
  got(value: string): void
}

/** Who holds which value, as the store's claims say. */
export interface Claims {
  /** Follows the store's keys. */
  note(key: string, present: boolean): void
  /** What a write takes and gives back, to be committed together with it. Fills empty values in. */
  plan(kind: AnyKind, next: KubeObject | undefined, previous: KubeObject | undefined, ownerKey: string, dryRun?: boolean): ClaimPlan
}

/**
 * What a write does about values that only one object may hold. `object`: the written one, with what it got; `causes`: what it cannot
 * have.
 */
export interface ClaimPlan {
  readonly object: KubeObject | undefined
  readonly operations: readonly Operation[]
  readonly conditions: readonly Condition[]
  readonly causes: readonly Cause[]
}

/** The pools by the names that claims use. */
export interface ClaimsOptions {
  readonly pools: Readonly<Record<string, Pool>>
  readonly random: Random
  readonly clock: Clock
  /** Whether there is an object of the kind at the key: for values that objects stand for. */
  readonly isStored: (kind: AnyKind, key: string) => boolean
}

/**
 * What a write takes and gives back, before anybody looks whether the rest of the object is right: as the reference does. Throws `Invalid`
 * where something cannot be had.
 */
export function claimed(context: Context, write: Write, next: KubeObject, previous: KubeObject | undefined, key: string): ClaimPlan {
  const { kind } = write
  const unclaimable = kind.rules.claimable?.(next, previous, writeContextOf(context, write)) ?? []
  const plan = unclaimable.length > 0 ? undefined : context.claims.plan(kind, next, previous, key, write.dryRun)
  const causes = plan?.causes ?? unclaimable
  if (plan === undefined || causes.length > 0) throw invalidError(storageKindOf(kind), next.metadata.name ?? '', causes)
  return plan
}

const exhausted = 'range is full'
const nameIn = ({ nameOf }: Recorded, value: string): string => nameOf?.(value) ?? value

/** Nobody holds anything at first: `note` tells of what the store has. */
export function createClaims({ pools, random, clock, isStored }: ClaimsOptions): Claims {
  const taken = new Map<string, Set<string>>()
  const objectOf = (record: Recorded, owner: KubeObject, value: string): KubeObject => {
    const now = rfc3339(clock.now())
    const { kind } = record
    const made = record.make(owner as never, value, now)
    const metadata = { name: nameIn(record, value), uid: random.uuid(), creationTimestamp: now, ...made.metadata }
    return { ...made, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } as unknown as KubeObject
  }
  return {
    note(key, present) {
      const { pool, value } = parseClaimKey(key)
      const values = taken.get(pool) ?? new Set()
      taken.set(pool, values)
      if (present) values.add(value)
      else values.delete(value)
    },
    plan(kind, next, previous, ownerKey, dryRun = false) {
      const claimsOf = kind.rules.claims
      if (claimsOf === undefined) return { object: next, operations: [], conditions: [], causes: [] }
      const recordOf = (pool: string): Recorded | undefined => kind.rules.claimRecords?.[pool]
      const keyFor = (pool: string, value: string): string => {
        const record = recordOf(pool)
        return record === undefined ? claimKeyOf(pool, value) : keyOf(record.kind, '', nameIn(record, value))
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
      const shown = new Map<Pool, ShownValues>()
      const shownOf = (pool: Pool): ShownValues => {
        const known = shown.get(pool) ?? pool.dryRun.values()
        shown.set(pool, known)
        return known
      }
      const problemOf = (pool: Pool, claim: Claim<KubeObject>, value: string, isAgain: boolean): string | undefined => {
        if (dryRun && claim.value === '') return undefined
        const found = dryRun ? pool.dryRun.problem(value) : pool.problem(value)
        if (found !== undefined) return found
        const minds = !dryRun || pool.dryRun.minds
        return isAgain || (minds && isTaken(claim.pool, value)) ? pool.taken(value) : undefined
      }
      const fail = (claim: Claim<KubeObject>, problem: string): void => {
        if (claim.failure !== undefined) throw internalError(claim.failure(problem))
        causes.push(invalid(claim.field, claim.shown ?? claim.value, problem))
      }
      for (const claim of object === undefined ? [] : (claimsOf(object, { previous }) as readonly Claim<KubeObject>[])) {
        const pool = pools[claim.pool]
        if (pool === undefined) continue
        if (claim.problem !== undefined) throw new WherryError('InternalError', claim.problem, { status: 500 })
        let value = claim.value
        if (value === '') {
          const isFree = (candidate: string): boolean => !isTaken(claim.pool, candidate) && !kept.has(keyFor(claim.pool, candidate))
          const picked = dryRun ? shownOf(pool).pick() : pool.pick((candidate) => !isFree(candidate), random)
          if (picked === undefined) throw internalError(claim.exhausted ?? claim.failure?.(exhausted) ?? exhausted)
          value = picked
        }
        // One that was asked for may stand for other ports as well.
        if (claim.value === '' || claim.isSole === true) object = claim.set(object!, value)
        const key = keyFor(claim.pool, value)
        if (kept.has(key) && claim.isSole !== true) continue
        const isAgain = kept.has(key)
        kept.add(key)
        if (held.has(key) && !isAgain && claim.isFresh !== true) continue
        const problem = problemOf(pool, claim, value, isAgain)
        if (problem !== undefined) {
          fail(claim, problem)
          break
        }
        if (dryRun) {
          shownOf(pool).got(value)
          continue
        }
        const record = recordOf(claim.pool)
        const made = record === undefined ? undefined : objectOf(record, object!, value)
        const unfit = made === undefined ? [] : (record!.kind.rules.validate?.(made as never, {} as never) ?? [])
        if (unfit.length > 0) {
          const { message } = invalidError(record!.kind, value, unfit)
          fail(claim, `failed to allocate IP${claim.value === '' ? '' : ` ${value}`}: ${message}`)
          break
        }
        operations.push({
          do: 'put',
          key,
          value: made === undefined ? Buffer.from(JSON.stringify({ owner: ownerKey })) : storedBytes(record!.kind, made),
        })
        conditions.push({ key, modRevision: 0 })
      }
      for (const key of held.keys()) if (!kept.has(key)) operations.push({ do: 'delete', key })
      return { object, operations, conditions, causes }
    },
  }
}
