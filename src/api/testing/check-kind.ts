import { type Features, noFeatures } from '#api/features.ts'
import type { AnyKind, WriteContext } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { validateMetadata } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'

/** What a write of a kind comes to, without a server. For tests only. */
export interface Written {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever field it asks about
  readonly object: any
  /** `path: message`, in the order in which they are found. */
  readonly causes: readonly string[]
  readonly warnings: readonly string[]
}

/** A create: decoded, completed, prepared and checked. `given`: what the rules know of the cluster. */
export function created(kind: AnyKind, body: object, given: Partial<WriteContext> = {}, features: Features = noFeatures): Written {
  const warnings: string[] = []
  const context = { ...contextOf(warnings), ...given }
  let object = complete(kind, body, features)
  object = (kind.rules.dropDisabled?.(object, undefined, features) ?? object) as typeof object
  object = (kind.rules.prepareCreate?.(object, context) ?? object) as typeof object
  object = defaulted(kind, object, features)
  const checked = () => [...validateMetadata(object.metadata, kind), ...(kind.rules.validate?.(object, context) ?? [])]
  const causes = unclaimable(kind, object, undefined, context) ?? checked()
  return { object, causes: causes.map(textOf), warnings: [...warnings, ...(kind.rules.warnings?.(object, undefined) ?? [])] }
}

/** An update of what `created` made; `metadata` the server's own. */
export function updated(
  kind: AnyKind,
  previous: Written['object'],
  body: object,
  given: Partial<WriteContext> = {},
  features: Features = noFeatures,
): Written {
  const warnings: string[] = []
  const context = { ...contextOf(warnings), ...given }
  let object = complete(kind, body, features)
  object = (kind.rules.dropDisabled?.(object, previous, features) ?? object) as typeof object
  object = (kind.rules.prepareUpdate?.(object, previous, context) ?? object) as typeof object
  object = defaulted(kind, object, features)
  const checked = () => (kind.rules.validateUpdate ?? kind.rules.validate)?.(object, previous, context) ?? []
  const causes = unclaimable(kind, object, previous, context) ?? checked()
  return { object, causes: causes.map(textOf), warnings: [...warnings, ...(kind.rules.warnings?.(object, previous) ?? [])] }
}

/** What is found before all else, and then alone. */
function unclaimable(
  kind: AnyKind,
  object: Written['object'],
  previous: Written['object'] | undefined,
  context: WriteContext,
): readonly Cause[] | undefined {
  const causes = kind.rules.claimable?.(object, previous, context) ?? []
  return causes.length > 0 ? causes : undefined
}

/** A write of the status. */
export function statusWritten(kind: AnyKind, previous: Written['object'], status: object, given: Partial<WriteContext> = {}): Written {
  const part = kind.subresources?.status
  if (part?.sort !== 'part') throw new TypeError(`${kind.kind} has no status of its own`)
  const body = complete(kind, { ...previous, status })
  const object = defaulted(kind, part.take(previous as never, body as never, now) as typeof body)
  const causes = part.validateUpdate?.(object as never, previous as never, { ...contextOf([]), ...given }) ?? []
  return { object, causes: causes.map(textOf), warnings: [] }
}

const now = '2026-01-01T00:00:00Z'
const contextOf = (warnings: string[]): WriteContext => ({
  now,
  user: { name: 'tester', groups: [] },
  subresource: '',
  dryRun: false,
  warn: (message) => warnings.push(message),
})

function complete(kind: AnyKind, body: object, features = noFeatures): Written['object'] {
  const decoded = decode(kind, body)
  if (decoded.errors.length > 0) throw new TypeError(decoded.errors.join('; '))
  const value = decoded.value as { metadata: object }
  const metadata = {
    name: 'a',
    ...(kind.scope === 'Namespaced' && { namespace: 'n' }),
    uid: 'u',
    creationTimestamp: now,
    resourceVersion: '1',
    ...value.metadata,
  }
  return defaulted(kind, { ...value, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata }, features)
}

function defaulted(kind: AnyKind, object: Written['object'], features = noFeatures): Written['object'] {
  const filled = withDefaults(kind, object)
  const whole = kind.rules.defaults?.(filled) ?? filled
  return kind.rules.gatedDefaults?.(whole, features) ?? whole
}

const textOf = ({ field, message }: Cause): string => `${field}: ${message.replace(/\n[\s\S]*$/, '')}`
