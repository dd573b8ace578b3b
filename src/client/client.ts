import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Status } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/cause.ts'
import type { Input, Of } from '#schema/schema.ts'

/**
 * A typed client over one Transport. Every call throws `WherryError` with the Status' reason as its code. Reads of objects come decoded and
 * frozen. In a path, `namespace` is left out for a cluster-wide kind, and for a list over all namespaces.
 */
export interface Client {
  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Promise<Of<K>>
  list<K extends AnyKind>(kind: K, options?: ListOptions): Promise<ObjectList<Of<K>>>
  /** Ends when the server ends it or the signal aborts. An `Expired` status event is thrown as an error. */
  watch<K extends AnyKind>(kind: K, options: WatchOptions): AsyncIterable<WatchEvent<Of<K>>>
  create<K extends AnyKind>(kind: K, object: Input<K>, options?: WriteOptions & { readonly namespace?: string }): Promise<Of<K>>
  update<K extends AnyKind>(kind: K, object: Of<K>, options?: WriteOptions & { readonly subresource?: string }): Promise<Of<K>>
  patch<K extends AnyKind>(
    kind: K,
    name: string,
    patch: Patch,
    options?: WriteOptions & { readonly namespace?: string; readonly subresource?: string },
  ): Promise<Of<K>>
  delete<K extends AnyKind>(kind: K, name: string, options?: DeleteOptions): Promise<Of<K> | Status>
  /** POST to a subresource that acts: binding, token, eviction. Returns the decoded answer. */
  act(kind: AnyKind, name: string, subresource: string, body: unknown, options?: { readonly namespace?: string }): Promise<unknown>
  /** The same client; what it writes is noted to be because of this. */
  because(cause: Cause): Client
}

/** Query of a list, as the API names it (API docs, "Common parameters"). `namespace` absent: all namespaces. */
export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

/** Query of a watch. Without `resourceVersion` and `sendInitialEvents` it begins at some state that the server chooses. */
export interface WatchOptions extends ListOptions {
  /** With `sendInitialEvents`: the present state first, as ADDED events closed by a BOOKMARK. */
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
}

/** Query of a write. `fieldManager` stands for the client unless the client was made with one. */
export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
}

/** Body of a delete. A precondition that does not hold is error `Conflict`. */
export interface DeleteOptions {
  readonly namespace?: string
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/** One page, all of one `resourceVersion`; `continue` is there when more follow. */
export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly continue?: string
}

/** One event of a watch. A bookmark says how far it is; `initialEventsEnd` closes the present state. */
export type WatchEvent<T = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }

/**
 * RFC 6902 operations, an RFC 7396 merge patch, the API's own strategic merge patch, or a server-side apply: all that the writer wants to own
 * (KEP 555). An apply needs a field manager, creates what is not there, and takes what others own only by `force` (else: `Conflict`).
 */
export type Patch =
  | { readonly type: 'json'; readonly operations: readonly object[] }
  | { readonly type: 'merge'; readonly body: object }
  | { readonly type: 'strategic'; readonly body: object }
  | { readonly type: 'apply'; readonly body: object; readonly force?: boolean }
