import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import type { WherryError } from '#lib/errors.ts'
import type { FamilyOptions } from '#lib/metrics/family.ts'
import type { Reading } from '#lib/metrics/registry.ts'
import type { Of } from '#schema/schema.ts'

/**
 * A controller: `view` gathers what is true now for one key, `plan` decides purely, the loop's one executor acts. Neither function waits,
 * asks the time or draws a number: `now` and whatever else they need is in the view. A second pass over a settled world plans nothing.
 */
export interface Controller<View, Gathered = undefined> {
  /** Also the name of its identity: `system:serviceaccount:kube-system:<name>`, and of its field manager. */
  readonly name: string
  /** What it owns of objects is owned in this name. Absent: its own. */
  readonly fieldManager?: string
  /** The component that its events come from. Absent: its own name. */
  readonly eventSource?: string
  /** Whose changes concern it, and which keys each touches. A key is a name, never an event: `namespace/name` by habit. */
  readonly sources: readonly Source[]
  /** How a kind that comes later (of a definition) concerns it; undefined: not at all. Absent: no such kind does. */
  readonly sourceOf?: (kind: AnyKind) => Source | undefined
  /**
   * Reads what no informer can hold, such as measurements, before each view that needs it; the one place of a controller that waits. What
   * cannot be had is a part of the answer: a failure here is one to decide at all. It decides itself how seldom it really asks. `elapsedMs`: for
   * how long it has been at work, for who counts that.
   */
  readonly gather?: (key: string, cache: Cache, now: Instant, elapsedMs: () => number) => Promise<Gathered>
  /** Undefined: nothing to do for this key. */
  readonly view: (key: string, cache: Cache, now: Instant, gathered?: Gathered) => View | undefined
  readonly plan: (view: View) => Plan
  /** Its looks begin after those of the others for the same change: for what nothing in the cluster waits for. */
  readonly yields?: boolean
  /** What it tells of itself at `/metrics`. */
  readonly metrics?: readonly ControllerMetric[]
  /** What one look adds to those of them that count. Pure; asked after each plan that the executor has gone through, as far as it came. */
  readonly measured?: (view: View, plan: Plan, outcome: MeasuredOutcome) => readonly Measure[]
  /**
   * What follows from one command's answer, which nobody can know before: the event that names a created object, the condition that names a
   * failure. Pure. Asked after each command but an `event` or a confirmation, and not for a view that was old (Conflict, NotFound, an existing
   * object that was to be kept). Its commands run at once; their failure is logged and changes nothing else.
   */
  readonly answered?: (view: View, command: Single, answer: KubeObject | WherryError) => readonly Command[]
  /**
   * What follows from all that was refused, once, in place of what would have come after it: the one write of a status that says why. Pure. Asked
   * where something failed, after the last command that was tried; `failures` are in the order of their answers, and hold no old views. What
   * becomes of its commands is as with those of `answered`.
   */
  readonly failed?: (view: View, failures: readonly Refusal[]) => readonly Command[]
}

/** A command that could not be done, and why. */
export interface Refusal {
  readonly command: Single
  readonly error: unknown
}

/** A family of the controller's own; names, labels and buckets are those of the reference's controller manager. */
export type ControllerMetric = FamilyOptions &
  (
    | { readonly type: 'counter' }
    | { readonly type: 'histogram'; readonly buckets: readonly number[] }
    /** Asked for when somebody wants to know. */
    | { readonly type: 'gauge'; readonly read: (cache: Cache) => Iterable<Reading> }
  )

/** What is added to a counter, or observed by a histogram; absent: 1. */
export interface Measure {
  readonly metric: string
  readonly labels?: readonly string[]
  readonly value?: number
}

/** How one look at a key ended, for what a controller counts by itself. */
export interface MeasuredOutcome {
  /** Everything was done. */
  readonly isDone: boolean
  /** What became of a command of the plan, whatever became of others. Absent: it was not tried, met an old view, or has no answer. */
  readonly became: (command: Command) => 'done' | 'refused' | undefined
  /** From the beginning of the look, `gather` and all, to the last answer. */
  readonly seconds: number
}

/** A kind whose changes are reasons to look at keys again. */
export interface Source {
  readonly kind: AnyKind
  /** Keys to look at again after this object came, changed or went (`previous`: before the change; the object itself when it went). Absent: the object's own. */
  readonly keys?: (object: never, cache: Cache, previous: never | undefined) => readonly string[]
  /** What a change adds to the controller's metrics, whether or not anything is looked at because of it. Pure. `object`: undefined when it went. */
  readonly measured?: (object: never | undefined, previous: never | undefined) => readonly Measure[]
}

/** What is to be done about a key now, and when to look again. */
export interface Plan {
  readonly commands: readonly Command[]
  /** When waiting alone would change the answer; `Infinity`: never. */
  readonly wakeAt: Instant
}
/** Nothing to do, until something changes. */
export const settled: Plan = { commands: [], wakeAt: Infinity }

/**
 * What a controller can do to the world, as data. The executor runs them in order and stops at the first failure; the key is then tried
 * again after a back-off. A conflict or a vanished object only means that the view was old: the key is looked at again at once.
 */
export type Command =
  /** `ifExists: 'keep'`: an AlreadyExists answer counts as done. */
  | {
      readonly do: 'create'
      readonly kind: AnyKind
      readonly object: object
      readonly namespace?: string
      readonly ifExists?: 'fail' | 'keep'
    }
  /** Whole object; its metadata.resourceVersion is the precondition. */
  | { readonly do: 'update'; readonly kind: AnyKind; readonly object: KubeObject; readonly subresource?: string }
  /** Merge patch. `resourceVersion` and `uid`, where given, are preconditions. */
  | {
      readonly do: 'patch'
      readonly kind: AnyKind
      readonly name: string
      readonly namespace?: string
      readonly body: object
      readonly subresource?: string
      readonly uid?: string
      readonly resourceVersion?: string
    }
  /** Server-side apply of all that the controller says of the object, or of a part of it; what others owned of that it takes from them. */
  | {
      readonly do: 'apply'
      readonly kind: AnyKind
      readonly name: string
      readonly namespace?: string
      readonly body: object
      readonly subresource?: string
    }
  | {
      readonly do: 'delete'
      readonly kind: AnyKind
      readonly name: string
      readonly namespace?: string
      readonly uid: string
      readonly resourceVersion?: string
      readonly gracePeriodSeconds?: number
      readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
    }
  /** POST to an acting subresource: binding, eviction. */
  | {
      readonly do: 'act'
      readonly kind: AnyKind
      readonly name: string
      readonly namespace?: string
      readonly subresource: string
      readonly body: object
    }
  /**
   * These depend on nothing but what came before, so they are done side by side: first one, then twice as many each time, so that what is
   * refused is refused once and not a thousand times. What is under way when one fails is seen to its end, and nothing begins after it, unless
   * `ifFails` says more: with `tryAll` each is tried whatever is refused, but nothing that follows; with `goOn` that is too, before the key is
   * tried again.
   */
  | { readonly do: 'together'; readonly commands: readonly Single[]; readonly ifFails?: 'stop' | 'tryAll' | 'goOn' }
  /**
   * Asks the API server itself, past the cache, whether this object is gone: no object of that name, or one with another uid (`uid` absent:
   * none of that name at all). While it is there the view was old, and the plan stops before the commands that follow. For decisions that an
   * informer's lag could make wrong.
   */
  | { readonly do: 'confirmAbsent'; readonly kind: AnyKind; readonly name: string; readonly namespace?: string; readonly uid?: string }
  /**
   * The same for objects whose names nobody knows: that the API server lists none of which `isMeant` is true. Reads all of the namespace that
   * the field selector leaves, page by page, so it stands before decisions that are rare and cannot be undone.
   */
  | {
      readonly do: 'confirmNone'
      readonly kind: AnyKind
      readonly namespace: string
      readonly fieldSelector?: string
      readonly isMeant: (object: never) => boolean
    }
  /** The same for an object that must still be at its `metadata.resourceVersion`: nobody began to delete the owner that is about to adopt. */
  | { readonly do: 'confirmUnchanged'; readonly kind: AnyKind; readonly object: KubeObject }
  /**
   * Has the API server list all objects of the kind, page by page, and does what `command` says of each; undefined: nothing. For what concerns
   * every object there is, so that nobody has to hold them. Those of a page are done side by side, as with `together`. What met an old view of one, which
   * changed or went meanwhile, is passed over; the first other refusal ends it. Nothing of it is waited for in a cache.
   */
  | { readonly do: 'each'; readonly kind: AnyKind; readonly command: (object: never) => Single | undefined }
  /** Aggregated by the recorder; its failure never fails the plan. */
  | {
      readonly do: 'event'
      readonly regarding: KubeObject
      readonly type: 'Normal' | 'Warning'
      readonly reason: string
      readonly message: string
      readonly action?: string
      /** The part of the object that it is about: `spec.containers{web}`. */
      readonly fieldPath?: string
    }

/** A command that stands for itself. */
export type Single = Exclude<Command, { readonly do: 'together' }>

/** Which object owns, and where it is: an object's metadata will do. Without a namespace it is none's. */
export interface OwnerPlace {
  readonly uid: string
  readonly namespace?: string | undefined
}

/** Read access to what the informers hold. One cache a kind, shared by all. Objects are frozen: copy before changing. */
export interface Cache {
  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Of<K> | undefined
  list<K extends AnyKind>(kind: K, namespace?: string): readonly Of<K>[]
  /**
   * Objects whose controller reference (or, with `any`, whose any owner reference) has the owner's uid. Of an owner in a namespace only those in
   * the same one: whoever names it from elsewhere is nobody's, and must not be taken for its own.
   */
  ownedBy<K extends AnyKind>(kind: K, owner: OwnerPlace, which?: 'controller' | 'any'): readonly Of<K>[]
  /** Objects by an index that the composition declared for the kind, such as pods by `spec.nodeName`. */
  indexed<K extends AnyKind>(kind: K, index: string, value: string): readonly Of<K>[]
}
