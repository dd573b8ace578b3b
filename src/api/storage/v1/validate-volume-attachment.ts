import type { PersistentVolume } from '#api/core/v1/types.ts'
import { validatePersistentVolume } from '#api/core/v1/validation/persistent-volume.ts'
import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import type { InlineVolumeSpec, VolumeAttachment, VolumeAttachmentSource, VolumeError } from '#api/storage/v1/types.ts'
import { SIZE_MAX_BYTES, sizeBytesOf } from '#api/storage/v1/validate-parameters.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain, forbidden, invalid, invalidEach, required, tooLong } from '#schema/validate.ts'

/** What is wrong with the wish to have a volume at a node, and with what its driver says of it. */
export function validateVolumeAttachment({ spec, status }: VolumeAttachment): Cause[] {
  return [
    ...validateDriverName(spec.attacher, 'spec.attacher'),
    ...validateSource(spec.source, 'spec.source'),
    ...invalidEach('spec.nodeName', spec.nodeName, checkDns1123Subdomain(spec.nodeName)),
    ...(sizeBytesOf(status.attachmentMetadata) > SIZE_MAX_BYTES ? [tooLong('status.attachmentMetadata', SIZE_MAX_BYTES)] : []),
    ...validateError(status.attachError, 'status.attachError'),
    ...validateError(status.detachError, 'status.detachError'),
  ]
}

function validateSource({ inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachmentSource, path: string): Cause[] {
  const oneOfBoth = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  const at = `${path}.persistentVolumeName`
  const nameCauses = name === undefined ? [] : invalidEach(at, name, checkDns1123Subdomain(name))
  if (inlineVolumeSpec !== undefined)
    return name === undefined ? validateInline(inlineVolumeSpec, `${path}.inlineVolumeSpec`) : [forbidden(path, oneOfBoth), ...nameCauses]
  if (name === undefined) return [required(path, oneOfBoth)]
  return name === '' ? [required(at, 'must specify non empty persistentVolumeName'), ...nameCauses] : nameCauses
}

const inline = 'in the context of inline volumes'

/** The volume itself as that of a PersistentVolume, without what only such an object has. */
function validateInline(spec: InlineVolumeSpec, path: string): Cause[] {
  const { claimRef, capacity, nodeAffinity, storageClassName = '', volumeMode, ...rest } = spec
  const policy = spec.persistentVolumeReclaimPolicy ?? 'Retain'
  const volume = {
    metadata: {},
    spec: { ...rest, persistentVolumeReclaimPolicy: policy, volumeMode: 'Filesystem', capacity: { storage: '1' } },
    status: {},
  } as unknown as PersistentVolume
  const causes: Cause[] = []
  if (claimRef !== undefined) causes.push(forbidden(`${path}.claimRef`, `may not be specified ${inline}`))
  if (Object.keys(capacity ?? {}).length > 0) causes.push(forbidden(`${path}.capacity`, `may not be specified ${inline}`))
  if (spec.csi === undefined) causes.push(required(`${path}.csi`, `has to be specified ${inline}`))
  if ((policy as string) !== 'Retain' && (policy as string) !== '')
    causes.push(forbidden(`${path}.persistentVolumeReclaimPolicy`, `may only be Retain ${inline}`))
  if (nodeAffinity !== undefined) causes.push(forbidden(`${path}.nodeAffinity`, `may not be specified ${inline}`))
  if (storageClassName !== '') causes.push(forbidden(`${path}.storageClassName`, `may not be specified ${inline}`))
  if (volumeMode !== undefined && volumeMode !== 'Filesystem')
    causes.push(forbidden(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${inline}`))
  const isOfObject = ({ field, reason }: Cause): boolean =>
    field === 'spec.persistentVolumeReclaimPolicy' && reason === 'FieldValueNotSupported'
  return [
    ...causes,
    ...validatePersistentVolume(volume)
      .filter((cause) => !isOfObject(cause))
      .map((cause) => ({ ...cause, field: `${path}${cause.field?.slice('spec'.length) ?? ''}` })),
  ]
}

function validateError(error: VolumeError | undefined, path: string): Cause[] {
  const { message = '', errorCode } = error ?? {}
  return [
    // The reference names another limit than the one it goes by.
    ...(Buffer.byteLength(message) > MESSAGE_LENGTH_MAX ? [tooLong(`${path}.message`, SIZE_MAX_BYTES)] : []),
    ...(errorCode !== undefined && errorCode < 0
      ? [invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive')]
      : []),
  ]
}

const MESSAGE_LENGTH_MAX = 1024
