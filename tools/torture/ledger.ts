import assert from 'node:assert/strict'
import { compareResourceVersions } from '#client/resource-version.ts'

/** An object as the server answers it, without what its list leaves out. */
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
  /** A write whose answer was lost: it happened or it did not. `mayRemove`: whether the object may be gone by it. */
  doubtful(path: string, mayRemove: boolean): void
  has(path: string): boolean
  isDoubtful(path: string): boolean
  /**
   * Compares with what is really there, while nobody writes. Where a write is in doubt, what is there may be newer than what was
   * acknowledged, never older; it counts from now on. Answers how many objects were compared whole.
   */
  check(present: ReadonlyMap<string, StoredObject>): number
}

interface Entry {
  readonly object: StoredObject | undefined
  readonly isDoubtful: boolean
  readonly mayBeGone: boolean
}

/** Nobody wrote anything yet. */
export function createLedger(): Ledger {
  const known = new Map<string, Entry>()
  return {
    acknowledged: (path, object) => void known.set(path, { object, isDoubtful: false, mayBeGone: false }),
    doubtful(path, mayRemove) {
      const { object, mayBeGone = false } = known.get(path) ?? { object: undefined }
      known.set(path, { object, isDoubtful: true, mayBeGone: mayBeGone || mayRemove })
    },
    has: (path) => known.get(path)?.object !== undefined,
    isDoubtful: (path) => known.get(path)?.isDoubtful === true,
    check(present) {
      let compared = 0
      for (const [path, { object, isDoubtful, mayBeGone }] of known) {
        const found = present.get(path)
        if (!isDoubtful || found?.metadata.resourceVersion === object?.metadata.resourceVersion) {
          assert.deepEqual(found, object, `${path} is not what was acknowledged`)
          compared += 1
        } else if (object !== undefined && found === undefined) assert.ok(mayBeGone, `${path} is gone, and nobody wanted to remove it`)
        else if (object !== undefined && found !== undefined)
          assert.ok(
            compareResourceVersions(found.metadata.resourceVersion, object.metadata.resourceVersion) > 0,
            `${path} went back from ${object.metadata.resourceVersion} to ${found.metadata.resourceVersion}`,
          )
        // What is gone needs no line: it is an error if it comes back, and that is seen below.
        if (found === undefined) known.delete(path)
        else known.set(path, { object: found, isDoubtful: false, mayBeGone: false })
      }
      for (const path of present.keys()) assert.ok(known.has(path), `${path} is there, but nobody wrote it`)
      return compared
    },
  }
}
