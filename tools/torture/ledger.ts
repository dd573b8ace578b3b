import assert from 'node:assert/strict'
import { compareResourceVersions } from '#client/resource-version.ts'

export interface StoredObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly uid: string
    readonly finalizers?: readonly string[]
    readonly deletionTimestamp?: string
  }
  readonly [field: string]: unknown
}

/** Lists leave out what all their items have in common. */
export function withoutKind({ apiVersion: _apiVersion, kind: _kind, ...object }: StoredObject): StoredObject {
  return object
}

/** What the server acknowledged of each object, by its path. One writer writes an object at a time. */
export interface Ledger {
  /** `undefined`: the deletion was acknowledged. */
  acknowledged(path: string, object: StoredObject | undefined): void
  /** A write whose answer was lost: it happened or it did not. */
  doubtful(path: string): void
  has(path: string): boolean
  /**
   * Compares with what is really there, after all writing has ended. Where a write is in doubt, what is there may be newer than what was
   * acknowledged, never older; it counts from now on. Answers how many objects were compared whole.
   */
  check(present: ReadonlyMap<string, StoredObject>): number
}

export function createLedger(): Ledger {
  const known = new Map<string, { object: StoredObject | undefined; isDoubtful: boolean }>()
  return {
    acknowledged: (path, object) => void known.set(path, { object, isDoubtful: false }),
    doubtful(path) {
      known.set(path, { object: known.get(path)?.object, isDoubtful: true })
    },
    has: (path) => known.get(path)?.object !== undefined,
    check(present) {
      let compared = 0
      for (const [path, { object, isDoubtful }] of known) {
        const found = present.get(path)
        if (!isDoubtful) {
          assert.deepEqual(found, object, `${path} is not what was acknowledged`)
          compared += 1
        } else if (object !== undefined && found !== undefined)
          assert.ok(
            compareResourceVersions(found.metadata.resourceVersion, object.metadata.resourceVersion) >= 0,
            `${path} went back from ${object.metadata.resourceVersion} to ${found.metadata.resourceVersion}`,
          )
        known.set(path, { object: found, isDoubtful: false })
      }
      for (const path of present.keys()) assert.ok(known.has(path), `${path} is there, but nobody wrote it`)
      return compared
    },
  }
}
