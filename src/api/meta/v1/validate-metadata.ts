import type { AnyKind, MetadataCheck } from '#api/kind.ts'
import type { ObjectMeta, OwnerReference } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
  forbidden,
  invalid,
  invalidEach,
  notNegative,
  required,
  tooLong,
} from '#schema/validate.ts'

type NamedKind = Pick<AnyKind, 'scope' | 'rules'>

/** What is wrong with the metadata of a new object, at `path`. A generated name has been generated before. */
export function validateMetadata(meta: ObjectMeta, kind: NamedKind, path = 'metadata'): readonly Cause[] {
  const checkName = kind.rules.validateName ?? checkDns1123Subdomain
  const { name, generateName, namespace } = meta
  const causes: Cause[] = []
  if (generateName) causes.push(...invalidEach(`${path}.generateName`, generateName, checkName(maskTrailingDash(generateName), true)))
  if (name) causes.push(...invalidEach(`${path}.name`, name, checkName(name)))
  else causes.push(required(`${path}.name`, 'name or generateName is required'))
  if (kind.scope === 'Namespaced') {
    if (namespace) causes.push(...invalidEach(`${path}.namespace`, namespace, checkDns1123Label(namespace)))
    else causes.push(required(`${path}.namespace`))
  } else if (namespace) causes.push(forbidden(`${path}.namespace`, 'not allowed on this type'))
  return [
    ...causes,
    ...notNegative(`${path}.generation`, meta.generation),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers, `${path}.finalizers`, kind.rules.plainFinalizers === true),
  ]
}

/**
 * What an update of the metadata may not do. The common path looks at the new metadata and at the transition; the kind's own check repeats
 * what `checksMetadata` says, and a part's (status) the transition, so that a refusal names the same causes as often as the reference's.
 */
export function validateMetadataUpdate(
  next: ObjectMeta,
  previous: ObjectMeta,
  kind: NamedKind,
  own: MetadataCheck = kind.rules.checksMetadata ?? 'change',
): readonly Cause[] {
  const path = 'metadata'
  const change = validateTransition(next, previous, path)
  // Only the core's own check of a transition asks for a finalizer's domain.
  const domains = kind.rules.plainFinalizers
    ? []
    : (next.finalizers ?? []).flatMap((name, i) => validateFinalizerDomain(name, `${path}.finalizers[${i}]`))
  return [
    ...validateMetadata(next, segmentNamed(kind), path),
    ...change,
    ...(own === 'change' || own === 'whole' ? [...change, ...domains] : []),
    ...(own === 'content' || own === 'twice' || own === 'whole' ? validateMetadata(next, kind, path) : []),
    ...(own === 'twice' ? validateMetadata(next, kind, path) : []),
  ]
}

/** A stored name is only asked to fit into a path; how it has to look was settled at the creation. */
const segmentNamed = ({ scope, rules }: NamedKind): NamedKind => ({
  scope,
  rules: { ...rules, validateName: checkPathSegment, plainFinalizers: true },
})

/** What fits into a path: all that is asked of a name that no kind has a rule for. */
export function checkPathSegment(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return ['/', '%'].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`)
}

function validateTransition(next: ObjectMeta, previous: ObjectMeta, path: string): Cause[] {
  const causes: Cause[] = []
  if (previous.deletionTimestamp !== undefined) {
    const added = [...new Set(next.finalizers ?? []).difference(new Set(previous.finalizers ?? []))].sort()
    if (added.length > 0) {
      const shown = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
      causes.push(
        forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`),
      )
    }
  }
  if (!next.resourceVersion) causes.push(invalid(`${path}.resourceVersion`, next.resourceVersion ?? '', 'must be specified for an update'))
  if ((next.generation ?? 0) < (previous.generation ?? 0))
    causes.push(invalid(`${path}.generation`, next.generation ?? 0, 'must not be decremented'))
  for (const name of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if ((next[name] ?? '') === (previous[name] ?? '')) continue
    const absent = name === 'name' || name === 'namespace' || name === 'uid' ? '' : null
    causes.push(invalid(`${path}.${name}`, next[name] ?? absent, 'field is immutable'))
  }
  return [
    ...causes,
    ...validateLabels(next.labels, `${path}.labels`),
    ...validateAnnotations(next.annotations, `${path}.annotations`),
    ...validateOwnerReferences(next.ownerReferences, `${path}.ownerReferences`),
  ]
}

/** What is wrong with labels: keys that are no qualified names, and bad values; `path` is where they stand. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(path, key, checkQualifiedName(key)),
    ...invalidEach(path, value, checkLabelValue(value)),
  ])
}

/** Keys in any case, and 256 KiB for all of them together. */
export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): Cause[] {
  const entries = Object.entries(annotations ?? {})
  const causes = entries.flatMap(([key]) => invalidEach(path, key, checkQualifiedName(key.toLowerCase())))
  const sizeBytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return sizeBytes > ANNOTATIONS_SIZE_MAX_BYTES ? [...causes, tooLong(path, ANNOTATIONS_SIZE_MAX_BYTES)] : causes
}

const ANNOTATIONS_SIZE_MAX_BYTES = 256 * 1024

function validateOwnerReferences(references: readonly OwnerReference[] | undefined, path: string): Cause[] {
  const causes: Cause[] = []
  let controller: OwnerReference | undefined
  let others = 0
  for (const reference of references ?? []) {
    const { apiVersion, kind, name, uid } = reference
    // `a/b/c` is no version at all.
    const version = apiVersion.split('/').length > 2 ? '' : apiVersion.slice(apiVersion.indexOf('/') + 1)
    if (version === '') causes.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
    if (kind === '') causes.push(invalid(`${path}.kind`, kind, 'must not be empty'))
    if (name === '') causes.push(invalid(`${path}.name`, name, 'must not be empty'))
    if (uid === '') causes.push(invalid(`${path}.uid`, uid, 'must not be empty'))
    if (apiVersion === 'v1' && kind === 'Event')
      causes.push(invalid(path, ordered(reference), '/v1, Kind=Event is disallowed from being an owner'))
    if (reference.controller !== true) continue
    if (controller === undefined) controller = reference
    else if ((others += 1) <= CONTROLLERS_TOLD_MAX) {
      const both = `${controller.kind}/${controller.name} and ${kind}/${name}`
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${both}`
      causes.push(invalid(path, references!.map(ordered), detail))
    }
  }
  return causes
}

/** Each of these messages shows the whole list: of more controllers no more is told, or the answer would be as long as the list's square. */
const CONTROLLERS_TOLD_MAX = 10

/** In the declared order of the fields, which messages show. */
const ordered = ({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): OwnerReference => ({
  apiVersion,
  kind,
  name,
  uid,
  ...(controller !== undefined && { controller }),
  ...(blockOwnerDeletion !== undefined && { blockOwnerDeletion }),
})

function validateFinalizers(finalizers: readonly string[] = [], path: string, isPlain: boolean): Cause[] {
  const causes = finalizers.flatMap((name, i) => [
    ...invalidEach(path, name, checkQualifiedName(name)),
    ...(isPlain ? [] : validateFinalizerDomain(name, `${path}[${i}]`)),
  ])
  return finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
    ? [...causes, invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')]
    : causes
}

/** A finalizer without a domain is one of Kubernetes' own. */
export const validateFinalizerDomain = (name: string, path: string): Cause[] =>
  name.includes('/') || ['kubernetes', 'orphan', 'foregroundDeletion'].includes(name)
    ? []
    : [invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified')]

/** A prefix for generated names may end in a dash, for more follows it. */
const maskTrailingDash = (name: string): string => (name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name)
