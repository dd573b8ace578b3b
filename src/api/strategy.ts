import type { MetadataCheck, Subresource, Verb, WriteContext } from '#api/kind.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'

/** Pieces that the kinds' rules share. */

const readAndWrite: readonly Verb[] = ['get', 'patch', 'update']

type Validate<T> = (next: T, previous: T, context: WriteContext) => readonly Cause[]

/** The `status` subresource: everything but the spec comes from the body. */
export const statusOf = <T extends { readonly spec: unknown }>(
  options: {
    readonly take?: (previous: T, body: T, now: string) => T
    readonly validateUpdate?: Validate<T>
    readonly checksMetadata?: MetadataCheck
    readonly tables?: false
  } = {},
): Subresource => part<T>({ take: (previous, body) => ({ ...body, spec: previous.spec }), ...options })

/** A part of the object with a path of its own. */
export const part = <T>(options: {
  readonly take: (previous: T, body: T, now: string) => T
  readonly validateUpdate?: Validate<T>
  readonly checksMetadata?: MetadataCheck
  readonly verbs?: readonly Verb[]
  readonly tables?: false
}): Subresource => ({
  sort: 'part',
  verbs: options.verbs ?? readAndWrite,
  take: options.take,
  ...(options.validateUpdate && { validateUpdate: options.validateUpdate }),
  ...(options.tables === false && { tables: options.tables }),
  ...(options.checksMetadata && { checksMetadata: options.checksMetadata }),
})

/**
 * The status of the body on the present object, with the metadata that is the users' as it was: kinds of later times let a status write
 * touch nothing else.
 */
export const takeStatus = <T extends { readonly spec: unknown; readonly metadata: ObjectMeta }>(previous: T, body: T): T => ({
  ...body,
  spec: previous.spec,
  metadata: withMetadataOf(body.metadata, previous.metadata),
})

/** The status of the body on the present object, with the metadata as it was, whole. */
export const takeStatusOnly = <T extends { readonly spec: unknown; readonly metadata: ObjectMeta }>(previous: T, body: T): T => ({
  ...body,
  spec: previous.spec,
  // What a client says of the version is a condition, and no content.
  metadata: { ...previous.metadata, resourceVersion: body.metadata.resourceVersion },
})

/** The metadata, but with the labels, annotations, finalizers, owners, deletion time and link of `previous`. */
export function withMetadataOf<M extends ObjectMeta>(metadata: M, previous: ObjectMeta): M {
  const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ownerReferences: _owners, ...others } = metadata
  const { deletionTimestamp: _deletionTimestamp, selfLink: _selfLink, ...rest } = others
  const { labels, annotations, finalizers, ownerReferences, deletionTimestamp, selfLink } = previous
  return {
    ...rest,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(selfLink !== undefined && { selfLink }),
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations }),
    ...(finalizers !== undefined && { finalizers }),
    ...(ownerReferences !== undefined && { ownerReferences }),
  } as M
}

/** What a write throws away where `takeStatus` or `takeStatusOnly` is the status' own rule. */
export const statusResetFields = { '': [['status']], status: [['spec'], ['metadata']] } as const

/** An update of the main resource leaves the status as it was. */
export const keepStatus = <T extends { readonly status: unknown }>(next: T, previous: T): T => ({ ...next, status: previous.status })

/**
 * Equal as API values: an absent field and an undefined one are the same, and so are an absent and an empty list. An empty structure is
 * not an absent one: `emptyDir: {}` says something.
 */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b)
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (typeof a !== 'object' || typeof b !== 'object') return false
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  for (const key of Object.keys(left)) if (!same(left[key], right[key])) return false
  for (const key of Object.keys(right)) if (!(key in left) && !isNothing(right[key])) return false
  return true
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)
