/**
 * The revisioned log beneath the API: etcd's guarantees, with only the calls that Kubernetes needs. Strictly serialisable; one revision
 * per commit; what a commit acknowledged is durable. The contract suite beside this file runs on every implementation.
 */
export interface Store {
  /** Revision of the newest commit: what a read of now would show. */
  revision(): Promise<Revision>
  get(key: string): Promise<Entry | undefined>
  /** Entries whose keys start with `prefix`, in key order, all as of one revision. `from` is the first key wanted (inclusive). */
  range(prefix: string, options?: RangeOptions): Promise<Range>
  /**
   * All operations at one new revision, or none. Where a condition does not hold nothing is written and the answer carries the present
   * entry of each failed key. Resolves only once durable. At most one operation a key.
   *
   * `following` is done at the next revision with nothing in between, and becomes durable together with the rest: all of it or nothing, for one
   * wait. Whoever watches sees both steps. A wrapper that does not pass it on has not done it: the answer's `followed` is absent.
   */
  commit(operations: readonly Operation[], conditions?: readonly Condition[], following?: readonly Operation[]): Promise<CommitResult>
  /**
   * Every change of keys under `prefix` with a revision above `after`, in order, without gap or repetition, from the past into the
   * present. A commit's events arrive together. `after` below the compacted revision: error `Expired`. A consumer that lags more than
   * `bufferedEvents` behind gets error `Expired` too, instead of unbounded memory. Ends quietly when the signal aborts.
   */
  watch(
    prefix: string,
    after: Revision,
    options?: { readonly signal?: AbortSignal; readonly bufferedEvents?: number },
  ): AsyncIterable<readonly StoreEvent[]>
  /** Forgets history up to and including `revision`; present entries stay. Never passes what a watch has still to deliver. */
  compact(revision: Revision): Promise<void>
  close(): Promise<void>
}

/** Positive, without gaps; 0 stands for "before everything", and as a condition for "absent". */
export type Revision = number

/** One key as it stood at some revision. The value is shared: nobody may write into it. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: Revision
  readonly modRevision: Revision
  /** A wrapper would store the same value otherwise now (sealed by a newer key): writing it again is no write without a change. */
  readonly isStale?: true
}

/** Which part of a range, and as of when. `limit`: entries at most; absent: all. */
export interface RangeOptions {
  readonly from?: string
  readonly limit?: number
  /** As of this revision; below the compacted one: error `Expired`; above the present one: error `InternalError`. */
  readonly revision?: Revision
}

/** Part of a range, all of one revision. */
export interface Range {
  readonly entries: readonly Entry[]
  /** The revision that the entries show. */
  readonly revision: Revision
  /** Keys under the prefix past the last entry returned. */
  readonly remaining: number
}

/** What a commit does to one key. Deleting an absent key does nothing. */
export type Operation =
  | { readonly do: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly do: 'delete'; readonly key: string }

/** The key's present modRevision; 0: the key is absent. */
export interface Condition {
  readonly key: string
  readonly modRevision: Revision
}

/** Done at this revision, and what follows it at `followed`; or not done, checked at this revision, with the keys whose condition did not hold. */
export type CommitResult =
  | { readonly done: true; readonly revision: Revision; readonly followed?: Revision }
  | {
      readonly done: false
      readonly revision: Revision
      readonly failed: readonly { readonly key: string; readonly present: Entry | undefined }[]
    }

/** One key changed by one commit. */
export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: Revision
  /** After a put; absent for a delete. */
  readonly entry?: Entry
  /** Before the change; absent for a creation, and where history was compacted. */
  readonly previous?: Entry
}
