import type { Features } from '#api/features.ts'
import type { AnyKind, WriteContext } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { LogFields } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Store } from '#store/store.ts'
import type { Aggregation } from './aggregation/aggregation.ts'
import type { Audit } from './audit/audit.ts'
import type { Cacher } from './cacher/cacher.ts'
import type { AdmissionPlugin, Authenticator, Authorizer, Internals, Objects, SubresourceHandler, UserInfo } from './contract.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { ReadAhead } from './http/yaml-body.ts'
import type { WriteJournal } from './journal/write-journal.ts'
import type { KindRegistry } from './kind-registry.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Claims } from './registry/claims.ts'
import type { RequestRecord } from './request-record.ts'
import type { Tracer } from './tracing/tracer.ts'

/** What every stage of the request path is composed with. */
export interface Context {
  readonly store: Store
  readonly cacher: Cacher
  readonly kinds: KindRegistry
  readonly clock: Clock
  readonly random: Random
  readonly claims: Claims
  /** As the rules of kinds see them. */
  readonly serviceFamilies: NonNullable<WriteContext['serviceFamilies']>
  /** Feature gates that are on beside the defaults. */
  readonly features: Features
  readonly admission: readonly AdmissionPlugin[]
  readonly handlers: Readonly<Record<string, SubresourceHandler>>
  readonly objects: Objects
  readonly internals: Internals
  /** Group versions that other servers serve. */
  readonly aggregation: Aggregation
  readonly authenticate: Authenticator
  readonly authorize: Authorizer
  readonly metrics: Metrics
  /** Absent: everybody may go on at once. */
  readonly flowControl?: FlowControl
  /** Absent: nothing is kept. */
  readonly audit?: Audit
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer
  /** Reads a long YAML body beside everybody else's requests, before it is needed. */
  readonly readAhead: ReadAhead
  /** Failures of ours: never with an object's content. */
  readonly log: Tell
  /** Told of every write that is committed. */
  readonly journal: WriteJournal
  /** Spreads the ends of watches. */
  readonly watchJitter: Random
  /** Registers a watch for the common bookmark moment; returns how to leave. */
  readonly onBookmark: (send: () => void) => () => void
}

/** Where failures of ours are told: a constant message and fields, never an object's content. */
export type Tell = (message: string, fields?: LogFields) => void

/** One write on its way through the registry. */
export interface Write {
  readonly kind: AnyKind
  readonly namespace: string
  readonly name: string
  /** '' for the object itself. */
  readonly subresource: string
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly verb: string
  /** As sent, for admission: `{"dryRun":["All"],"fieldManager":"x"}`. */
  readonly options: Readonly<Record<string, unknown>>
  readonly warn: (message: string) => void
  /** Admission has let the action through that this write is a part of (a binding, an eviction): it is not asked again. */
  readonly admitted?: boolean
  /** Who is named in metadata.managedFields. Absent: the server itself, whose writes change no ownership. */
  readonly manager?: string
  /** The request that the write answers; what the server does on nobody's behalf has none. */
  readonly record?: RequestRecord
  /** The same of a write that is only a part of what was asked for: a binding, an eviction. */
  readonly partOf?: Pick<HttpRequest, 'headers'>
}
