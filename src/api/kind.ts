import type { FeatureGate, Features } from '#api/features.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import type { AnyType, Type } from '#schema/schema.ts'

/**
 * A kind as data: its type, its names, and the pure functions by which it answers for itself. The API server, the client and every fold
 * take a `Kind` and ask nothing about which one it is. A custom resource becomes a `Kind` too, made from its definition.
 */
export interface Kind<T = KubeObject, I = unknown> extends Type<T, I>, KindFacts {
  readonly rules: Rules<T>
}

/** What discovery tells of a kind, and what every request for it goes by. */
export interface KindFacts {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Resource name in paths: `pods`. */
  readonly plural: string
  readonly singular: string
  /** Kind of its lists, where that is not `<kind>List`. */
  readonly listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  /** Shown as a Warning header with every answer about this kind: since when it is on its way out, and what to use instead. */
  readonly deprecation?: string
  /** Where messages of the reference say that objects of the kind are stored, where that is not its plural: `services/specs`. */
  readonly storagePath?: string
  /** What an absent object is called, where that is not the plural. */
  readonly absentName?: string
  /** The reference serves its group by a server of its own, to which kinds of other groups mean nothing. */
  readonly servedApart?: true
  /** Feature gate that has to be on, beside its version, before the kind is served. Absent: it always is. */
  readonly gate?: FeatureGate
  /** Absent: all eight of a stored resource. A review (`TokenReview`) only has `create`, and is answered instead of stored. */
  readonly verbs?: readonly Verb[]
  /** Printed columns after NAME, without AGE unless listed: `kubectl get`. A kind that lists a column `Name` itself gets no other. */
  readonly columns?: readonly Column[]
  /** Parts with a path of their own: `status`, `scale`, `binding`. The common path knows what each sort means. */
  readonly subresources?: Readonly<Record<string, Subresource>>
  /** What is shown of the metadata where nothing else is (PartialObjectMetadata): without annotations that stand for fields of older versions. */
  readonly partialMetadata?: (metadata: StoredMeta) => StoredMeta
  /**
   * The same objects in another group's words (Event of events.k8s.io and of core): stored, watched and counted as objects of `kind`, and
   * converted on the way in and out. Rules of the present kind run on its own form.
   */
  readonly storedAs?: {
    readonly kind: () => AnyKind
    readonly toStored: (object: never) => unknown
    readonly fromStored: (object: never) => unknown
    /** Brings objects into another version before either, where somebody else has to be asked (conversion webhooks). */
    readonly convert?: (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>
  }
}

/** What can be done to a resource (API docs, "API concepts"). */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'
/** Those of a resource that is stored. */
export const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Whatever the kind, an object looks like this. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: StoredMeta
}

/** Metadata as the server hands it out. `namespace` is '' in no answer: it is absent for a cluster-wide object. */
export type StoredMeta = Omit<ObjectMeta, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'> & {
  name: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
}
/** The same of an object that lies in a namespace. */
export type NamespacedMeta = StoredMeta & { namespace: string }

/** `T` as stored: apiVersion, kind and the server's metadata are there. */
export type Stored<T, Meta = StoredMeta> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string
  kind: string
  metadata: Meta
}

/** What a check of its own sees of the metadata once more: see `checksMetadata`. */
export type MetadataCheck = 'change' | 'content' | 'twice' | 'whole' | 'none'

/**
 * What a kind adds to the common path. Every function is pure; none may change its arguments in place: they get frozen objects and return
 * new ones (or the same). All are optional.
 */
export interface Rules<T> {
  /** Defaults that hang on other fields, after the schema's own. Runs on create, update and on read of an older object. */
  readonly defaults?: (object: T) => T
  /** Those of fields that wait for a feature, after all others. What was stored before it was on has them at its next write. */
  readonly gatedDefaults?: (object: T, features: Features) => T
  /**
   * Takes away what waits for a feature that is off, unless `previous` has it: right before `prepareCreate` and `prepareUpdate`. Parts take
   * nothing of that sort.
   */
  readonly dropDisabled?: (next: T, previous: T | undefined, features: Features) => T
  /** Before a create: drops what a client may not set (status), computes what the server owes. */
  readonly prepareCreate?: (object: T, context: WriteContext) => T
  /** Before an update of the main resource: restores what it may not touch (status). metadata.generation is raised by the common path where `spec` changed. */
  readonly prepareUpdate?: (next: T, previous: T, context: WriteContext) => T
  /** All that is wrong with the object, with the reference's words and paths. Metadata is checked by the common path. */
  readonly validate?: (object: T, context: WriteContext) => readonly Cause[]
  /** All that is wrong with an update: what `validate` would find too, where the reference looks at it again. Absent: `validate` runs. */
  readonly validateUpdate?: (next: T, previous: T, context: WriteContext) => readonly Cause[]
  /**
   * What is wrong with a write because its writer may not do something else that it amounts to. `previous` is absent for a create;
   * `context.subresource` says which part is written.
   */
  readonly permissions?: (next: T, previous: T | undefined, context: PermissionContext) => Promise<readonly Cause[]>
  /**
   * What of the metadata the reference's own check of this kind looks at once more on an update, after the common path did: its transition
   * (`change`, the default), the metadata itself (`content`, `twice`), both (`whole`) or nothing. Causes of a refusal repeat accordingly.
   */
  readonly checksMetadata?: MetadataCheck
  /** Whether a finalizer needs no domain: the reference asks for one in the kinds of its own core only. */
  readonly plainFinalizers?: boolean
  /** Whether an object without a name, and without the prefix of one, gets one that is unique. */
  readonly needsNoName?: boolean
  /** How `metadata.name` has to look. Absent: a DNS subdomain (RFC 1123). */
  readonly validateName?: (name: string, isPrefix?: boolean) => readonly string[]
  /**
   * Fields that a write of the object (`''`) or of a part (`status`) throws away, as paths: nobody comes to own them by that write
   * (server-side apply). A part that is left out here has the usual ones: see `resetFieldsOf`.
   */
  readonly resetFields?: Readonly<Record<string, readonly (readonly string[])[]>>
  /** The only fields that a writer of a part comes to own, where most of the object is not the part's: as paths, `*` for any item of a list. */
  readonly ownedFields?: Readonly<Record<string, readonly (readonly string[])[]>>
  /** What an object of which nothing is known (a bookmark) shows beside the zeros that are never left out. */
  readonly blank?: (object: KubeObject) => object
  /** Shown to the client as Warning headers. */
  readonly warnings?: (object: T, previous: T | undefined) => readonly string[]
  /**
   * Whether metadata.generation is kept: 1 at creation, +1 at each change of `spec`. A function says instead which changes count, for kinds
   * without a spec and for those whose annotations count too.
   */
  readonly generation?: boolean | ((next: T, previous: T) => boolean)
  /** Seconds of grace that a delete gives; undefined or 0: removed at once (finalizers apart). Pods only, but asked of every kind. */
  readonly gracePeriodSeconds?: (object: T, requested: number | undefined) => number
  /** What a kind says of an object that is marked as deleted, beside its metadata: a namespace's phase. */
  readonly prepareDelete?: (object: T) => T
  /** Why no object may be made any more: its definition is being deleted. */
  readonly refuseCreate?: () => string
  /** Why nobody may delete the object of this name; undefined: everybody may who is allowed to. */
  readonly refuseDelete?: (name: string) => string | undefined
  /** Whether a delete answers with the object instead of a Status. */
  readonly returnsDeleted?: boolean
  /** Whether something beside metadata.finalizers keeps a deleted object: a namespace's spec.finalizers. */
  readonly isHeld?: (object: T) => boolean
  /** Whether an update of an object that is not there creates it. Absent: it answers 404. */
  readonly createOnUpdate?: boolean
  /** Whether an update has to name the resourceVersion that it changes (Lease). */
  readonly requiresResourceVersion?: boolean
  /** What `propagationPolicy` means when a delete names none. Absent: background. `Unsupported`: none means anything, for nobody depends on it. */
  readonly defaultPropagation?: 'Background' | 'Orphan' | 'Foreground' | 'Unsupported'
  /** Shown to who deletes without naming a `propagationPolicy`, where `defaultPropagation` may surprise. */
  readonly defaultPropagationWarning?: string
  /** What is wrong with what the claims are made of. It is looked at first, and alone, since claims are made before the rest is validated. */
  readonly claimable?: (object: T, previous: T | undefined, context: WriteContext) => readonly Cause[]
  /** Values that must be unique or come from a pool: service addresses, node ports. Committed together with the object. */
  readonly claims?: (object: T, context: ClaimContext) => readonly Claim<T>[]
  /**
   * Pools whose values are held by objects, by the pool's name: a service's address is an IPAddress, which is made and removed together with
   * the hold. Values of other pools are noted where no client sees them.
   */
  readonly claimRecords?: Readonly<Record<string, ClaimRecord<T>>>
  /** Field selectors beside metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>
  /** How a selector of another field is refused. Absent: `field label not supported: x`. */
  readonly unselectable?: (field: string) => string
  /** Encrypted at rest: Secrets. */
  readonly confidential?: boolean
  /** Seconds after which the store forgets an untouched object: Events. */
  readonly ttlSeconds?: number
}

/** What a rule may know of the write beside the objects. */
export interface WriteContext {
  /** RFC 3339, seconds. */
  readonly now: string
  readonly user: {
    readonly name: string
    readonly uid?: string
    readonly groups: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  /** Labels of the namespace that the object lies in; looked up when called. */
  readonly namespaceLabels?: () => Readonly<Record<string, string>>
  /** The subresource written: '' for the object itself. */
  readonly subresource: string
  readonly dryRun: boolean
  /** Address families that services get addresses of, that of most of them first. Absent: IPv4 alone. */
  readonly serviceFamilies?: readonly ('IPv4' | 'IPv6')[]
  /** Shows the client a warning: for what can only be told while the object is prepared. */
  readonly warn?: (message: string) => void
}

/** What a rule about permissions may know and ask. */
export interface PermissionContext extends WriteContext {
  /** Whether the other checks found nothing wrong. */
  readonly isValid: boolean
  /** Of the request: `create`, `update`, `patch`. */
  readonly verb: string
  /** Whether the writer may do that. */
  readonly may: (question: PermissionQuestion) => Promise<PermissionAnswer>
  /** The resource of a kind that is served; undefined: none is. */
  readonly resourceOf: (group: string, version: string, kind: string) => string | undefined
  readonly find: (kind: AnyKind, name: string, namespace?: string) => KubeObject | undefined
}

/** What somebody would do to objects of a resource; `*` and '' mean what they mean to the authorizers. */
export interface PermissionQuestion {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace: string
  readonly name: string
}

/** What the authorizers say to such a question. */
export interface PermissionAnswer {
  readonly allowed: boolean
  /** Why it could not be decided. */
  readonly error?: string
  /** The refusal of such a request, as its client would read it. */
  readonly refusal: string
}

/** One value taken from a pool. Empty `value`: take any free one and put it into the object with `set`. */
export interface Claim<T> {
  /** `IPv4`, `IPv6`, `nodePorts`: the API server is configured with what each pool holds. */
  readonly pool: string
  readonly value: string
  readonly set: (object: T, value: string) => T
  /** Where the value stands, for error messages. */
  readonly field: string
  /** What an error message shows as the value, where that is more than `value`: the whole list of addresses. */
  readonly shown?: unknown
  /** Nobody shares it, not even another claim of the same object. */
  readonly isSole?: true
  /** What the object holds already does not count: it holds it for something else, until the write is done. */
  readonly isFresh?: true
  /** Why it cannot be met, whatever the pool has: no mistake of the client, says the reference, but a plain error in these words. */
  readonly problem?: string
  /** What is said when its pool has none left: no mistake of the client either. */
  readonly exhausted?: string
  /** A claim that fails is no mistake of the client, says the reference, but an internal error in these words. */
  readonly failure?: (problem: string) => string
}

/** How a value that is held becomes an object: of which kind, and what it says beside its name and the server's own metadata. */
export interface ClaimRecord<T> {
  readonly kind: AnyKind
  /** How the object of a value is called. Absent: as the value. */
  readonly nameOf?: (value: string) => string
  /** `now` is RFC 3339, whole seconds. */
  readonly make: (owner: T, value: string, now: string) => { readonly metadata?: object; readonly spec: unknown }
}

/** What a claim may know beside the object: the object before the write. */
export interface ClaimContext {
  readonly previous?: unknown
}

/** A part of an object with a path of its own, by the sort of thing that it is. */
export type Subresource =
  /** Reads the object; writes only what `take` brings over from the body. `status`, `resize`, `ephemeralcontainers`. */
  | {
      readonly sort: 'part'
      readonly verbs: readonly Verb[]
      /** `now` is RFC 3339, whole seconds. */
      readonly take: (previous: never, body: never, now: string) => unknown
      readonly validateUpdate?: (next: never, previous: never, context: WriteContext) => readonly Cause[]
      /** As in the rules of the whole object, for an update of this part. */
      readonly checksMetadata?: MetadataCheck
      /** `false`: cannot be had as a Table. */
      readonly tables?: false
    }
  /** Shown as another type (autoscaling/v1 Scale). */
  | {
      readonly sort: 'view'
      readonly verbs: readonly Verb[]
      readonly type: AnyKind
      readonly show: (object: never) => unknown
      readonly write: (object: never, body: never) => unknown
      /** The field of the object that the view's `spec.replicas` stands for, whose owners the two share. Absent: `spec.replicas`. */
      readonly replicasField?: string
      /** Why the object cannot be shown so; asked where it is only read. */
      readonly unreadable?: (object: never) => string | undefined
    }
  /** A create that turns the object into another state: `binding`, `eviction`, `token`. `handler` names a function that the API server is composed with. */
  | {
      readonly sort: 'action'
      readonly verbs: readonly Verb[]
      readonly type?: AnyType
      readonly kindGV?: readonly [group: string, version: string, kind: string]
      /** Other versions, such as `policy/v1beta1`, whose fields are the same: a body that says that it is of one is read as of `kindGV`'s. */
      readonly alsoRead?: readonly string[]
      readonly handler: string
      /** The answer is the body, completed: so it tells, as any object does, who wrote what of it. */
      readonly answersBody?: true
    }
  /** Relayed to the node or the endpoint: `log`, `exec`, `attach`, `portforward`, `proxy`. */
  | {
      readonly sort: 'connect'
      readonly verbs: readonly ('create' | 'get' | 'delete' | 'patch' | 'update')[]
      readonly handler: string
      /** What its query is read as, for admission. */
      readonly options?: AnyType
      readonly kindGV?: readonly [group: string, version: string, kind: string]
    }

/** One printed column (meta/v1 TableColumnDefinition) and how its cell is made. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'date' | 'boolean'
  readonly format?: string
  /** A cell that every row has though no column is declared for it. */
  readonly undeclared?: true
  /** 0: always; above: only with `-o wide`. */
  readonly priority?: number
  readonly description?: string
  /** The cell; `now` is for ages. */
  readonly cell: (object: never, now: number) => string | number | boolean | null
}

/** Makes a namespaced or cluster-wide kind out of its type and facts. */
export function kind<T, I>(
  type: Type<T, I>,
  facts: KindFacts & { scope: 'Namespaced' },
  rules?: Rules<Stored<T, NamespacedMeta>>,
): Kind<Stored<T, NamespacedMeta>, I>
export function kind<T, I>(type: Type<T, I>, facts: KindFacts & { scope: 'Cluster' }, rules?: Rules<Stored<T>>): Kind<Stored<T>, I>
export function kind(type: AnyType, facts: KindFacts, rules: object = {}): AnyKind {
  return { shape: type.shape, ...facts, rules }
}

/** `apps/v1`, and `v1` for the core group: what stands in apiVersion. */
export const apiVersionOf = (kind: Pick<KindFacts, 'group' | 'version'>): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`

const usualResetFields: Readonly<Record<string, readonly (readonly string[])[]>> = { '': [['status']], status: [['spec']] }

/** What a write at `subresource` throws away: as the kind says, else the status for the object itself, and the spec for its status. */
export const resetFieldsOf = (kind: Pick<AnyKind, 'rules' | 'subresources'>, subresource: string): readonly (readonly string[])[] =>
  kind.rules.resetFields?.[subresource] ?? (kind.subresources?.status === undefined ? [] : (usualResetFields[subresource] ?? []))

// A list of kinds holds kinds of every type: functions of objects cannot be called through it without knowing which.
/** A kind of whatever type. */
// biome-ignore lint/suspicious/noExplicitAny: the registry of kinds is a fold's edge
export type AnyKind = Kind<any, any>
