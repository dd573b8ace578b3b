import type { Condition, Entry, Operation, Revision } from './store.ts'

/**
 * What the store and its worker thread say to each other. Lists are flat and values stand in one block of bytes that changes hands
 * without a copy: a message of 64 commits costs about what one of one commit costs.
 */
export type Request = { readonly id: number } & RequestBody

/** What the worker is asked to do. */
export type RequestBody =
  | { readonly do: 'commit'; readonly batch: PackedCommits }
  | { readonly do: 'get'; readonly key: string }
  | {
      readonly do: 'range'
      readonly prefix: string
      readonly from: string
      readonly limit: number
      /** -1: the present. */
      readonly revision: Revision
    }
  | { readonly do: 'history'; readonly prefix: string; readonly after: Revision; readonly upTo: Revision }
  /** One bounded step; the answer says how far it came. */
  | { readonly do: 'compact'; readonly upTo: Revision }
  | { readonly do: 'tidy' }
  | { readonly do: 'close' }

/** What the worker says to the request of that id. */
export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  /** Pages of a long answer come before its end. */
  | { readonly id: number; readonly page: PackedEntries }
  | { readonly id: number; readonly ok: false; readonly failure: Failure }
/** An error in a form that survives the way between threads. */
export interface Failure {
  readonly code: 'Expired' | 'InternalError' | 'ServiceUnavailable'
  readonly message: string
  readonly cause?: string
}

/** One step of a commit: a commit that is followed is two of them. */
export interface Commit {
  readonly operations: readonly Operation[]
  readonly conditions: readonly Condition[]
  /** Done only where the one before it was. */
  readonly follows: boolean
}

/** A batch as flat lists, in the order of the commits; values stand one after another in `bytes`. */
export interface PackedCommits {
  readonly follows: readonly boolean[]
  readonly operationCounts: readonly number[]
  readonly keys: readonly string[]
  /** Of each value; -1: a delete. */
  readonly sizes: readonly number[]
  readonly conditionCounts: readonly number[]
  readonly conditionKeys: readonly string[]
  readonly conditionRevisions: readonly Revision[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** For each commit of a batch, in order. */
export interface CommitsAnswer {
  /** The commit's revision (the present one, where it changed nothing); 0: a condition failed; -1: not written, the disk is full. */
  readonly revisions: readonly Revision[]
  /** Revision at which failed conditions were checked. */
  readonly checkedAt: readonly Revision[]
  readonly failed: readonly { readonly commit: number; readonly key: string; readonly present: Entry | undefined }[]
  /** For each operation of the batch: what it replaced; createRevision 0: nothing. */
  readonly previous: PackedEntries
  readonly fullMessage?: string
}

/** Entries as flat lists; values stand one after another in `bytes`. */
export interface PackedEntries {
  readonly keys: readonly string[]
  readonly createRevisions: readonly Revision[]
  readonly modRevisions: readonly Revision[]
  readonly sizes: readonly number[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The end of a range, whose entries came in pages before it. */
export interface RangeAnswer {
  readonly revision: Revision
  readonly remaining: number
}

/** Changes in order. Two entries a change: after it (createRevision -1: deleted) and before it (undefined: none known). */
export interface HistoryAnswer {
  readonly revisions: readonly Revision[]
  readonly entries: PackedEntries
  readonly upTo: Revision
}

/** What the file held when it was opened. */
export interface OpenAnswer {
  readonly revision: Revision
  readonly compacted: Revision
}

/** In the form that goes to the worker. */
export function packCommits(commits: readonly Commit[]): PackedCommits {
  const operations = commits.flatMap((commit) => commit.operations)
  const conditions = commits.flatMap((commit) => commit.conditions)
  return {
    follows: commits.map((commit) => commit.follows),
    operationCounts: commits.map((commit) => commit.operations.length),
    keys: operations.map((operation) => operation.key),
    sizes: operations.map((operation) => (operation.do === 'put' ? operation.value.byteLength : -1)),
    conditionCounts: commits.map((commit) => commit.conditions.length),
    conditionKeys: conditions.map((condition) => condition.key),
    conditionRevisions: conditions.map((condition) => condition.modRevision),
    bytes: joined(operations.flatMap((operation) => (operation.do === 'put' ? [operation.value] : []))),
  }
}

/** The same again; values share the block that they came in. */
export function unpackCommits(packed: PackedCommits): Commit[] {
  let operation = 0
  let condition = 0
  let offset = 0
  return packed.operationCounts.map((operationCount, commit) => {
    const operations: Operation[] = []
    for (let i = 0; i < operationCount; i += 1, operation += 1) {
      const key = packed.keys[operation]!
      const size = packed.sizes[operation]!
      if (size < 0) operations.push({ do: 'delete', key })
      else {
        operations.push({ do: 'put', key, value: packed.bytes.subarray(offset, offset + size) })
        offset += size
      }
    }
    const conditions: Condition[] = []
    for (let i = 0; i < packed.conditionCounts[commit]!; i += 1, condition += 1)
      conditions.push({ key: packed.conditionKeys[condition]!, modRevision: packed.conditionRevisions[condition]! })
    return { operations, conditions, follows: packed.follows[commit]! }
  })
}

/** `undefined` keeps its place. */
export function packEntries(entries: readonly (Entry | undefined)[]): PackedEntries {
  return {
    keys: entries.map((entry) => entry?.key ?? ''),
    createRevisions: entries.map((entry) => entry?.createRevision ?? 0),
    modRevisions: entries.map((entry) => entry?.modRevision ?? 0),
    sizes: entries.map((entry) => entry?.value.byteLength ?? 0),
    bytes: joined(entries.flatMap((entry) => (entry === undefined ? [] : [entry.value]))),
  }
}

/** Every value gets bytes of its own: one that lives long would else keep the whole block alive. */
export function unpackEntries({ keys, createRevisions, modRevisions, sizes, bytes }: PackedEntries): (Entry | undefined)[] {
  let offset = 0
  return keys.map((key, i) => {
    if (createRevisions[i] === 0) return undefined
    const value = bytes.slice(offset, (offset += sizes[i]!))
    return { key, value, createRevision: createRevisions[i]!, modRevision: modRevisions[i]! }
  })
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0
  for (const part of parts) sizeBytes += part.byteLength
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  return bytes
}
