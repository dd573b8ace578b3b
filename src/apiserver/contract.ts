/**
 * What the stages of the request path say to each other. Order: authentication → audit → authorization → decode → defaults → mutating
 * admission → validation → validating admission → registry → store. A stage knows the attributes and the kind as data, never a kind by name.
 */
import type { Duplex } from 'node:stream'
import type { AnyKind, KubeObject, Verb } from '#api/kind.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'

/** Who asks, as far as the connection tells. In-process callers come with a user, whom the composition vouches for. */
export interface Caller {
  readonly user?: UserInfo
  /** DER of the client certificate that TLS verified against the client CA. */
  readonly certificate?: Uint8Array
  readonly remoteAddress: string
  /** The raw connection of an HTTP/1.1 upgrade, and the bytes already read from it. Whoever takes it answers on it. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Uint8Array }
}

/** Who asks, as authentication found out (API docs, `UserInfo` of authentication.k8s.io/v1). */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** The API server as a function. `status` 101 with an empty body says that a stage took the upgraded connection. */
export type ApiHandler = (request: HttpRequest, caller: Caller) => Promise<HttpResponse>

/** What a stage tells of a request beside its answer: texts for Warning headers, and annotations of its audit event. */
export interface Notes {
  readonly warn: (message: string) => void
  readonly annotate: (key: string, value: string) => void
}

/** The user, undefined when the request carries no credentials (then: anonymous); bad credentials throw `Unauthorized`. */
export type Authenticator = (request: HttpRequest, caller: Caller, notes?: Notes) => Promise<UserInfo | undefined>

/** What is asked, as authorization and audit see it. */
export interface Attributes {
  readonly user: UserInfo
  /** An API verb for a resource, the lower-case HTTP method otherwise. */
  readonly verb: Verb | string
  readonly isResource: boolean
  readonly path: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Raw selectors of a list, watch or deletecollection: a node may list only what its own name selects. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

/** What an authorizer says. Neither allowed nor denied: no opinion, and the next one is asked. */
export interface Decision {
  readonly allowed: boolean
  readonly denied?: boolean
  readonly reason: string
  /** Why it could not be decided: somebody outside did not answer. Where nobody allows the request, it fails by this instead of being refused. */
  readonly error?: string
}
/** Stateless towards the request; reads its rules from memory. The first authorizer with an opinion decides. */
export type Authorizer = (attributes: Attributes) => Promise<Decision>

/** Read access to the present objects, from the same indexes that serve requests: for authorizers and admission. Objects are frozen. */
export interface Objects {
  get(kind: AnyKind, name: string, namespace?: string): KubeObject | undefined
  list(kind: AnyKind, namespace?: string): readonly KubeObject[]
  /** Called after every change of the kind, in order; for derived indexes. Returns how to stop. */
  observe(kind: AnyKind, listener: (object: KubeObject, change: 'put' | 'delete') => void): () => void
  /** The kind by its resource, `undefined` when not served. */
  kindOf(group: string, resource: string): AnyKind | undefined
  /** Kinds that are served, by the name in `kind`, in any version of the group. */
  kindsNamed(group: string, kind: string): readonly AnyKind[]
  /** Kinds that are served and show the same objects in other words (another version, another group), this one included. */
  equivalents(kind: AnyKind): readonly AnyKind[]
}

/** One write on its way, as admission sees it. */
export interface Admission {
  readonly attributes: Attributes
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly kind: AnyKind
  /** The new object; undefined for a delete. For a subresource that acts: its body. */
  readonly object: KubeObject | undefined
  readonly previous: KubeObject | undefined
  readonly options: Readonly<Record<string, unknown>>
  readonly dryRun: boolean
  readonly objects: Objects
  readonly warn: (message: string) => void
  /** Adds an audit annotation to the request's event; the first value of a key stays. */
  readonly annotate: (key: string, value: string) => void
  /** Adds milliseconds that were spent waiting for somebody outside (a webhook), and say nothing of the server's own speed. */
  readonly waited: (ms: number) => void
  /** What the rounds of mutating plug-ins over one write know of each other. */
  readonly reinvocation: Reinvocation
}

/** Mutating plug-ins run once, and once more where a later one changed what one that asks for it (`IfNeeded`) has seen. */
export interface Reinvocation {
  /** Whether this is the second round. */
  readonly isAgain: boolean
  /** Asks for a second round; in the second, there is no third. */
  ask(): void
  /** What a plug-in keeps from the first round for the second, by a key of its own. */
  readonly memory: Map<string, unknown>
}

/** A plug-in refuses by throwing `Forbidden` or `Invalid`. Order stands once, in `admission/order.ts`. */
export interface AdmissionPlugin {
  readonly name: string
  /** The resources that it is for, as `pods` or `ingresses.networking.k8s.io`, their parts included. Absent: it looks at every write. */
  readonly resources?: readonly string[]
  /** The parts of them that it is for, `''` being the object itself. Absent: all. */
  readonly subresources?: readonly string[]
  /** The operations that it is for. Absent: all. */
  readonly operations?: readonly Admission['operation'][]
  /** Returns the changed object, or the one it got. */
  readonly admit?: (admission: Admission) => Promise<KubeObject | undefined>
  readonly validate?: (admission: Admission) => Promise<void>
}

/** Handler of a `connect` or `action` subresource, by the name its kind gives. */
export interface SubresourceCall {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly attributes: Attributes
  readonly kind: AnyKind
  /** The present parent object. */
  readonly object: KubeObject
  /** Decoded body of an `action`. */
  readonly body: unknown
  readonly query: URLSearchParams
  /** Rest of the path after the subresource, for `proxy`. */
  readonly rest: string
  readonly dryRun: boolean
  /** The moment of the call: RFC 3339, whole seconds. */
  readonly now: string
  /** Adds an annotation to the audit event of the request. */
  readonly annotate: Notes['annotate']
  readonly server: Internals
}
/** Answers for a subresource: with a whole response, or an object in the form that was asked for. Rejects with a `WherryError`. */
export type SubresourceHandler = (call: SubresourceCall) => Promise<HttpResponse | KubeObject>

/** What handlers may do beside reading. Writes pass validation and admission like everybody's. */
export interface Internals {
  readonly objects: Objects
  /** Changes the present object until the write meets no conflict (bounded); returning the same object writes nothing. */
  update(
    kind: AnyKind,
    name: string,
    namespace: string | undefined,
    change: (present: KubeObject) => KubeObject,
    /**
     * `asPart`: the change is a part's (status), so the kind's rules for the whole object do not restore what it touches. `subresource`: the part's
     * name, as admission is to see it. `admitted`: admission has seen the action that this is a part of, and does not see this.
     */
    options?: {
      readonly dryRun?: boolean
      readonly user?: UserInfo
      readonly asPart?: boolean
      /** The server is named as the owner of what it changes. */
      readonly owned?: boolean
      readonly subresource?: string
      readonly admitted?: boolean
      /** The request that this is a part of: what led to it is noted with the write. */
      readonly partOf?: Pick<HttpRequest, 'headers'>
    },
  ): Promise<KubeObject>
  /** Applies these fields of a part, by force, as `manager`: what it applied before and names no more goes. */
  applyPart(kind: AnyKind, name: string, part: string, manager: string, fields: object): Promise<KubeObject>
  create(
    kind: AnyKind,
    object: object,
    options?: { readonly namespace?: string; readonly dryRun?: boolean; readonly user?: UserInfo },
  ): Promise<KubeObject>
  delete(
    kind: AnyKind,
    name: string,
    namespace: string | undefined,
    options?: {
      readonly gracePeriodSeconds?: number
      readonly propagationPolicy?: string
      readonly orphanDependents?: boolean
      readonly uid?: string
      readonly resourceVersion?: string
      readonly dryRun?: boolean
      readonly user?: UserInfo
      readonly admitted?: boolean
      readonly partOf?: Pick<HttpRequest, 'headers'>
    },
  ): Promise<KubeObject>
}
