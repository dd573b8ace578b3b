/**
 * The one error type. `code` is closed: the reasons of a Kubernetes Status (API conventions, "Response Status Kind"). Outside the API the
 * same codes serve, since "not found", "conflict" and "unavailable" mean the same for a file, a container or a peer.
 */
export class WherryError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails & { cause?: unknown } = {}) {
    const { cause, ...rest } = details
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'WherryError'
    this.code = code
    this.details = rest
  }
}

/** A reason of Kubernetes' `Status`; the closed set of codes that a `WherryError` has. */
export type ErrorCode = keyof typeof statusOf

/** HTTP status of each reason. */
export const statusOf = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
} as const

/** What a `Status` says beside reason and message. */
export interface ErrorDetails {
  /** API group, resource name as details.kind, object name: what the Status says of its subject. */
  readonly group?: string
  readonly kind?: string
  readonly name?: string
  readonly uid?: string
  readonly causes?: readonly Cause[]
  readonly retryAfterSeconds?: number
  /** Why, in one word, where that word becomes part of an object's status: `TopologyAffinityError`. */
  readonly reason?: string
  /** Overrides `statusOf[code]`, for the reference's odd answers. */
  readonly status?: number
  /** A Status that somebody else made (a webhook): what it says beside message and code goes into the answer as it is. */
  readonly answer?: Readonly<Record<string, unknown>>
  /** Token with which a list goes on whose pages are gone: Status.metadata.continue. */
  readonly continue?: string
}

/** One thing wrong with one field, in the form of Status.details.causes. */
export interface Cause {
  /** FieldValueInvalid, FieldValueRequired, FieldValueDuplicate, FieldValueNotSupported, FieldValueForbidden, FieldValueTypeInvalid … */
  readonly reason: string
  readonly message: string
  /** Path such as `spec.containers[0].name`. */
  readonly field?: string
}

/** Whether it is an error of ours, of one of the codes where any are given. */
export const isError = (error: unknown, ...codes: ErrorCode[]): error is WherryError =>
  error instanceof WherryError && (codes.length === 0 || codes.includes(error.code))
