import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '#api/core/v1/types.ts'
import * as types from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { compareQuantity, parseQuantity } from '#lib/quantity.ts'
import { checkDns1123Subdomain, checkQualifiedName, forbidden, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'
import { isNative, validateQuantity } from './resources.ts'

/** Values of `accessModes`, sorted: causes list them so. */
export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
/** Values of `volumeMode`, sorted. */
export const volumeModes = ['Block', 'Filesystem']

/** What a claim asks for: of itself, and as a pod's or StatefulSet's template. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string, previous?: PersistentVolumeClaimSpec): Cause[] {
  const causes: Cause[] = [...validateAccessModes(spec.accessModes, path), ...validateLabelSelector(spec.selector, `${path}.selector`)]
  const storage = spec.resources?.requests?.storage
  // The reference leaves the word `requests` out of the first path.
  if (storage === undefined) causes.push(required(`${path}.resources[storage]`))
  else {
    const at = `${path}.resources[storage]`
    const own = validatePositiveQuantity(storage, at)
    causes.push(...(own.length > 0 ? own : validateQuantity('storage', storage, at)))
  }
  const { storageClassName, volumeMode, dataSource, dataSourceRef, volumeAttributesClassName } = spec
  if (storageClassName) causes.push(...invalidEach(`${path}.storageClassName`, storageClassName, checkDns1123Subdomain(storageClassName)))
  if (volumeMode !== undefined && !volumeModes.includes(volumeMode))
    causes.push(notSupported(`${path}.volumeMode`, volumeMode, volumeModes))
  // Groups were not looked at once: who has one may have any.
  const anyGroup = previous?.dataSource?.apiGroup !== undefined || previous?.dataSourceRef?.apiGroup !== undefined
  if (dataSource) causes.push(...validateDataSource(dataSource, `${path}.dataSource`, anyGroup))
  if (dataSourceRef) causes.push(...validateDataSource(dataSourceRef, `${path}.dataSourceRef`, anyGroup))
  if (dataSource && dataSourceRef) {
    const { namespace: _, ...reference } = dataSourceRef
    // The reference shows a structure of its own that has no fields to show.
    if (dataSourceRef.namespace) causes.push(invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'))
    else if (!same(dataSource, reference)) causes.push(invalid(path, {}, 'must match dataSourceRef'))
  }
  if (volumeAttributesClassName)
    causes.push(
      ...invalidEach(`${path}.volumeAttributesClassName`, volumeAttributesClassName, checkDns1123Subdomain(volumeAttributesClassName)),
    )
  return causes
}

/** At least one, all known, and ReadWriteOncePod only alone (KEP-2485). */
export function validateAccessModes(modes: readonly string[] = [], path: string): Cause[] {
  const at = `${path}.accessModes`
  const causes: Cause[] = modes.length === 0 ? [required(at, 'at least 1 access mode is required')] : []
  for (const mode of modes) if (!accessModes.includes(mode)) causes.push(notSupported(at, mode, accessModes))
  const known = modes.filter((mode) => accessModes.includes(mode))
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod'))
    causes.push(forbidden(at, 'may not use ReadWriteOncePod with other access modes'))
  return causes
}

/** A quantity has to be more than nothing. */
export const validatePositiveQuantity = (text: string, path: string): Cause[] =>
  parseQuantity(text).nano <= 0n ? [invalid(path, text, 'must be greater than zero')] : []

function validateDataSource(source: TypedLocalObjectReference | TypedObjectReference, path: string, anyGroup: boolean): Cause[] {
  const { apiGroup = '', kind, name } = source
  const causes: Cause[] = name === '' ? [required(`${path}.name`)] : []
  if (kind === '') causes.push(required(`${path}.kind`))
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim')
    causes.push(invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
  if (apiGroup !== '' && !anyGroup) causes.push(...invalidEach(`${path}.apiGroup`, apiGroup, checkDns1123Subdomain(apiGroup)))
  return causes
}

/** A claim asks once; only a bound one may ask for more room, or for other attributes (KEP-284, KEP-3751). */
export function validateClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): Cause[] {
  const causes = validateClaimSpec(next.spec, 'spec', previous.spec)
  const annotation = 'volume.beta.kubernetes.io/storage-class'
  const noted = next.metadata.annotations?.[annotation]
  if ((noted ?? '') !== (previous.metadata.annotations?.[annotation] ?? ''))
    causes.push(invalid(`metadata.annotations[${annotation}]`, noted ?? '', 'field is immutable'))
  const isBound = next.status.phase === 'Bound'
  const now: PersistentVolumeClaimSpec = { ...next.spec }
  const before: PersistentVolumeClaimSpec = { ...previous.spec }
  if (!before.volumeName && now.volumeName) before.volumeName = now.volumeName
  // A claim without a class may take the default one that appeared since.
  if (
    previous.spec.storageClassName === undefined &&
    previous.metadata.annotations?.[annotation] === undefined &&
    next.spec.storageClassName
  )
    delete now.storageClassName
  const size = previous.spec.resources.requests?.storage
  if (isBound && now.resources.requests !== undefined && size !== undefined)
    now.resources = { ...now.resources, requests: { ...now.resources.requests, storage: size } }
  if (isBound) {
    if (before.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName
    else now.volumeAttributesClassName = before.volumeAttributesClassName
  }
  if (!same(now, before))
    causes.push(
      forbidden(
        'spec',
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${goDiff(goStruct(types.PersistentVolumeClaimSpec, before), goStruct(types.PersistentVolumeClaimSpec, now))}`,
      ),
    )
  const wanted = next.spec.resources.requests?.storage
  const got = next.status.capacity?.storage ?? '0'
  if (compareQuantity(wanted ?? '0', size ?? '0') < 0 && compareQuantity(wanted ?? '0', got) <= 0)
    causes.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  if (next.spec.volumeMode !== previous.spec.volumeMode) causes.push(invalid('volumeMode', next.spec.volumeMode, 'field is immutable'))
  const attributes = next.spec.volumeAttributesClassName
  if (
    attributes !== previous.spec.volumeAttributesClassName &&
    previous.status.currentVolumeAttributesClassName !== undefined &&
    !attributes
  )
    causes.push(
      forbidden(
        'spec.volumeAttributesClassName',
        `update to ${attributes === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`,
      ),
    )
  return causes
}

/** What the claim got, and how far a change of its size is. */
export function validateClaimStatus({ spec, status }: PersistentVolumeClaim): Cause[] {
  const causes: Cause[] = (spec.accessModes ?? []).length === 0 ? [required('Spec.accessModes')] : []
  for (const [name, text] of Object.entries(status.capacity ?? {})) causes.push(...validateBasicQuantity(text, `status.capacity[${name}]`))
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const path = 'status.allocatedResourceStatuses'
    causes.push(...validateClaimResource(name, path))
    if (!resizeStates.includes(state)) causes.push(notSupported(path, name, resizeStates))
  }
  for (const [name, text] of Object.entries(status.allocatedResources ?? {})) {
    const own = validateClaimResource(name, 'status.allocatedResources')
    const at = `status.allocatedResources[${name}]`
    if (own.length === 0) own.push(...validateBasicQuantity(text, at))
    causes.push(...(own.length > 0 ? own : validateQuantity('storage', text, at)))
  }
  return causes
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort()

/** Rounded up, as the reference shows amounts that it takes for numbers. */
export function wholeNumber(text: string): bigint {
  const { nano } = parseQuantity(text)
  return nano / 1_000_000_000n + (nano > 0n && nano % 1_000_000_000n !== 0n ? 1n : 0n)
}

const validateBasicQuantity = (text: string, path: string): Cause[] =>
  wholeNumber(text) < 0n ? [invalid(path, wholeNumber(text), 'must be a valid resource quantity')] : []

/** Of Kubernetes' own resources, a claim has storage only. */
function validateClaimResource(name: string, path: string): Cause[] {
  const causes = invalidEach(path, name, checkQualifiedName(name))
  return causes.length === 0 && isNative(name) && name !== 'storage' ? [notSupported(path, name, ['storage'])] : causes
}
