import type { KindFacts } from '#api/kind.ts'
import type { Cause, ErrorDetails } from '#lib/errors.ts'
import { statusOf, WherryError } from '#lib/errors.ts'

type Facts = Pick<KindFacts, 'group' | 'plural' | 'kind' | 'absentName'>

/** The body of a refusal, in the form of meta/v1 Status. `detailed`: details are written even when empty, as the router's answers have them. */
export interface StatusBody {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: object
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: object
  readonly code?: number
}

/** Any error as a Status. What is not a WherryError is a fault of ours: its text may hold anything, so it stays in the log. */
export function statusOfError(error: unknown): StatusBody & { readonly code: number } {
  if (!(error instanceof WherryError))
    return statusOfError(new WherryError('InternalError', 'an internal error occurred; the server log has it'))
  const { details } = error
  if (details.answer !== undefined) return passedOn(error, details.answer)
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: details.continue === undefined ? {} : { continue: details.continue },
    status: 'Failure',
    message: error.message,
    // Where the reference lets a plain error through it names no reason; such errors say their status themselves.
    ...(!(error.code === 'InternalError' && details.status === 500) && { reason: error.code }),
    // An Invalid without a subject is a patch that could not be applied; the reference writes empty details there.
    ...((hasDetails(details) || error.code === 'Invalid') && { details: detailsOf(details) }),
    code: details.status ?? statusOf[error.code],
  }
}

/** Another's Status, under the message and the code that were made of it here. */
function passedOn(error: WherryError, answer: Readonly<Record<string, unknown>>): StatusBody & { readonly code: number } {
  const { metadata = {}, status = 'Failure', reason, details } = answer as Partial<StatusBody>
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata,
    status,
    message: error.message,
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
    code: error.details.status ?? statusOf[error.code],
  }
}

/** What the router itself says: details are there, and empty. */
export const routeStatus = (code: number, reason: string, message: string): StatusBody & { readonly code: number } => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  details: {},
  code,
})

/** `deployments.apps`: how messages name a resource. */
const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`)

/** The words of a failure of the server's own, as the reference puts them. */
export const internalError = (message: string): WherryError =>
  new WherryError('InternalError', `Internal error occurred: ${message}`, { causes: [{ reason: '', message }] })

/** There is no object of this name. */
export function notFoundError(kind: Facts, name: string): WherryError {
  const plural = kind.absentName ?? kind.plural
  return new WherryError(
    'NotFound',
    `${qualified(plural, kind.group)} ${JSON.stringify(name)} not found`,
    subject({ ...kind, plural }, name),
  )
}

/** Custom resources have no router: they refuse a verb by themselves. */
export const unsupportedVerb = ({ group, plural }: Facts, verb: string): WherryError =>
  new WherryError('MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(plural, group)}"`, {
    group,
    kind: plural,
  })

/** There is an object of this name already. */
export const alreadyExists = (kind: Facts, name: string): WherryError =>
  new WherryError('AlreadyExists', `${qualified(kind.plural, kind.group)} ${JSON.stringify(name)} already exists`, subject(kind, name))

/** The object is not as the write supposes it to be; `why` is a sentence without an end. */
export const conflict = (kind: Facts, name: string, why: string): WherryError =>
  new WherryError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(kind.plural, kind.group)} ${JSON.stringify(name)}: ${why}`,
    subject(kind, name),
  )

/** Somebody else's write came first. */
export const modified = 'the object has been modified; please apply your changes to the latest version and try again'

/** The write is not allowed, whoever asks: by admission, or by the object itself. */
export const forbiddenError = (kind: Facts, name: string, why: string, details: ErrorDetails = {}): WherryError =>
  new WherryError(
    'Forbidden',
    name === ''
      ? `${qualified(kind.plural, kind.group)} is forbidden: ${why}`
      : `${qualified(kind.plural, kind.group)} ${JSON.stringify(name)} is forbidden: ${why}`,
    { ...subject(kind, name), ...details },
  )

/** All that is wrong with an object, in one message and as causes. */
export function invalidError(kind: Pick<KindFacts, 'group' | 'kind'>, name: string, found: readonly Cause[]): WherryError {
  // The whole object, as the reference names it.
  const causes = found.slice(0, causesMax).map((cause) => (cause.field === '' ? { ...cause, field: '[]' } : cause))
  const texts = [...new Set(causes.map(({ field, message }) => (field === undefined || field === '' ? message : `${field}: ${message}`)))]
  if (found.length > causesMax) texts.push(`and ${found.length - causesMax} more causes`)
  const joined = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
  return new WherryError('Invalid', `${qualified(kind.kind, kind.group)} ${JSON.stringify(name)} is invalid: ${joined}`, {
    ...(kind.group !== '' && { group: kind.group }),
    ...(kind.kind !== '' && { kind: kind.kind }),
    ...(name !== '' && { name }),
    causes,
  })
}

/** The reference tells all; of a body that is wrong in each of its 100,000 items that would be an answer of many megabytes. */
const causesMax = 5_000

/** The request itself cannot be understood. */
export const badRequest = (message: string): WherryError => new WherryError('BadRequest', message)

const subject = (kind: Facts, name: string): ErrorDetails => ({
  ...(kind.group !== '' && { group: kind.group }),
  kind: kind.plural,
  ...(name !== '' && { name }),
})

const hasDetails = (details: ErrorDetails): boolean =>
  details.group !== undefined ||
  details.kind !== undefined ||
  details.name !== undefined ||
  details.uid !== undefined ||
  details.causes !== undefined ||
  details.retryAfterSeconds !== undefined

const detailsOf = ({ group, kind, name, uid, causes, retryAfterSeconds }: ErrorDetails): object => ({
  ...(name !== undefined && { name }),
  ...(group !== undefined && { group }),
  ...(kind !== undefined && { kind }),
  ...(uid !== undefined && { uid }),
  ...(causes !== undefined &&
    causes.length > 0 && {
      causes: causes.map(({ reason, message, field }) => ({
        ...(reason !== '' && { reason }),
        ...(message !== '' && { message }),
        ...(field !== undefined && { field }),
      })),
    }),
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
})
