import type {
  CSIPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
} from '#api/core/v1/types.ts'
import * as types from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkRange,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'
import { validateNodeSelector } from './affinity.ts'
import { accessModes, validatePositiveQuantity, volumeModes, wholeNumber } from './claim.ts'
import { validateNoBacksteps } from './paths.ts'
import { validateStorageSource } from './storage-sources.ts'
import { hostPathTypes, iscsiNames, validateDriverName } from './volumes.ts'

/** What is wrong with a volume by itself. */
export function validatePersistentVolume({ metadata, spec }: PersistentVolume): Cause[] {
  const { storageClassName, volumeMode, persistentVolumeReclaimPolicy: policy, nodeAffinity, volumeAttributesClassName } = spec
  const causes: Cause[] = [...validateModes(spec.accessModes), ...validateCapacity(spec)]
  if (!policies.includes(policy)) causes.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, policies))
  if (nodeAffinity !== undefined)
    causes.push(
      ...(nodeAffinity.required === undefined
        ? [required('spec.nodeAffinity.required', 'must specify required node constraints')]
        : validateNodeSelector(nodeAffinity.required, 'spec.nodeAffinity.required')),
    )
  causes.push(...validateSource(spec, metadata.name ?? ''))
  if (storageClassName) causes.push(...invalidEach('spec.storageClassName', storageClassName, checkDns1123Subdomain(storageClassName)))
  if (!volumeModes.includes(volumeMode)) causes.push(notSupported('spec.volumeMode', volumeMode, volumeModes))
  if (volumeAttributesClassName === undefined) return causes
  const path = 'spec.volumeAttributesClassName'
  if (volumeAttributesClassName === '') causes.push(required(path, 'an empty string is disallowed'))
  else causes.push(...invalidEach(path, volumeAttributesClassName, checkDns1123Subdomain(volumeAttributesClassName)))
  return spec.csi === undefined ? [...causes, required('spec.csi', 'has to be specified when using volumeAttributesClassName')] : causes
}

/** What is stored where never changes; a secret for growing it may be named later. */
export function validatePersistentVolumeUpdate(next: PersistentVolume, previous: PersistentVolume): Cause[] {
  // The reference looks at the whole volume twice.
  const causes = [...validatePersistentVolume(next), ...validatePersistentVolume(next)]
  const now = sourceOf(next.spec)
  const before = sourceOf(previous.spec)
  if (now.csi && before.csi && before.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _, ...csi } = now.csi
    now.csi = csi
  }
  if (!same(now, before))
    causes.push(
      forbidden(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation\n${goDiff(goSource(before), goSource(now))}`,
      ),
    )
  if (next.spec.volumeMode !== previous.spec.volumeMode) causes.push(invalid('volumeMode', next.spec.volumeMode, 'field is immutable'))
  if (
    previous.spec.nodeAffinity !== undefined &&
    !same(next.spec.nodeAffinity, withNewKeys(previous.spec.nodeAffinity, next.spec.nodeAffinity))
  )
    causes.push(
      invalid(
        'nodeAffinity',
        goStruct(types.VolumeNodeAffinity, next.spec.nodeAffinity),
        'field is immutable, except for updating from beta label to GA',
      ),
    )
  if (previous.spec.volumeAttributesClassName !== undefined && next.spec.volumeAttributesClassName === undefined)
    causes.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'))
  return causes
}

const newKeys: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
}

/** The old affinity with those of its labels' keys that the new one calls by their names of today; the reference takes no key for one of them. */
function withNewKeys(old: types.VolumeNodeAffinity, next: types.VolumeNodeAffinity | undefined): types.VolumeNodeAffinity {
  const terms = next?.required?.nodeSelectorTerms ?? []
  return {
    ...old,
    ...(old.required && {
      required: {
        ...old.required,
        nodeSelectorTerms: old.required.nodeSelectorTerms.map((term, i) => ({
          ...term,
          ...(term.matchExpressions && {
            matchExpressions: term.matchExpressions.map((requirement, j) => {
              const key = terms[i]?.matchExpressions?.[j]?.key ?? requirement.key
              return (newKeys[requirement.key] ?? '') === key ? { ...requirement, key } : requirement
            }),
          }),
        })),
      },
    }),
  }
}

const policies = ['Delete', 'Recycle', 'Retain']

function validateModes(modes: readonly string[] = []): Cause[] {
  const path = 'spec.accessModes'
  const causes: Cause[] = modes.length === 0 ? [required(path)] : []
  for (const mode of modes) if (!accessModes.includes(mode)) causes.push(notSupported(path, mode, accessModes))
  const known = modes.filter((mode) => accessModes.includes(mode))
  return known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod')
    ? [...causes, forbidden(path, 'may not use ReadWriteOncePod with other access modes')]
    : causes
}

function validateCapacity(spec: PersistentVolumeSpec): Cause[] {
  const { capacity = {} } = spec
  const path = 'spec.capacity'
  const names = Object.keys(capacity)
  const causes: Cause[] = names.length === 0 ? [required(path)] : []
  if (capacity.storage === undefined || names.length > 1) {
    const shown = Object.fromEntries(names.sort().map((name) => [name, capacity[name]]))
    causes.push(notSupported(path, names.length === 0 ? shownAsGiven(spec, 'capacity') : shown, ['storage']))
  }
  for (const [name, text] of Object.entries(capacity)) {
    const at = `${path}[${name}]`
    if (parseQuantity(text).nano < 0n) causes.push(invalid(at, wholeNumber(text), 'must be a valid resource quantity'))
    causes.push(...validatePositiveQuantity(text, at))
  }
  return causes
}

const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[]

const sourceOf = (spec: PersistentVolumeSpec): Partial<Pick<PersistentVolumeSpec, (typeof sources)[number]>> =>
  Object.fromEntries(sources.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]))

/** The source of a volume as the reference shows its own, which is a structure for itself there. */
function goSource(source: ReturnType<typeof sourceOf>): unknown {
  const shown = Object.entries(goStruct(types.PersistentVolumeSpec, source) as object)
  return Object.fromEntries(shown.filter(([name]) => !besideSource.has(name)))
}

const besideSource: ReadonlySet<string> = new Set([
  'Capacity',
  'AccessModes',
  'ClaimRef',
  'PersistentVolumeReclaimPolicy',
  'StorageClassName',
  'MountOptions',
  'VolumeMode',
  'NodeAffinity',
  'VolumeAttributesClassName',
])

function validateSource(spec: PersistentVolumeSpec, name: string): Cause[] {
  const given = sources.filter((name) => spec[name] !== undefined)
  if (given.length === 0) return [required('spec', 'must specify a volume type')]
  const causes: Cause[] = given.slice(1).map((name) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type'))
  const first = given[0]
  if (first === 'hostPath') {
    const { path, type } = spec.hostPath!
    causes.push(...(path === '' ? [required('spec.hostPath.path')] : validateNoBacksteps(path, 'spec.hostPath.path')))
    if (type !== undefined && !hostPathTypes.includes(type)) causes.push(notSupported('spec.hostPath.type', type, hostPathTypes))
  } else if (first === 'nfs') {
    const { server, path } = spec.nfs!
    if (server === '') causes.push(required('spec.nfs.server'))
    if (path === '') causes.push(required('spec.nfs.path'))
    if (!path.startsWith('/')) causes.push(invalid('spec.nfs.path', path, 'must be an absolute path'))
  } else if (first === 'local') {
    const { path } = spec.local!
    causes.push(...(path === '' ? [required('spec.local.path')] : validateNoBacksteps(path, 'spec.local.path')))
    if (spec.nodeAffinity === undefined) causes.push(required('spec.nodeAffinity', 'Local volume requires node affinity'))
  } else if (first === 'csi') causes.push(...validateCsi(spec.csi!, 'spec.csi'))
  else if (first === 'iscsi') causes.push(...validateIscsi(spec.iscsi!, name, 'spec.iscsi'))
  else if (first !== undefined) causes.push(...validateStorageSource(first, spec[first]!, 'spec', true))
  if (spec.hostPath !== undefined && isRoot(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle')
    causes.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"))
  return causes
}

/** Whether a path is a way to write `/`. */
const isRoot = (path: string): boolean => path.startsWith('/') && path.split('/').every((name) => name === '' || name === '.')

function validateIscsi(iscsi: ISCSIPersistentVolumeSource, name: string, path: string): Cause[] {
  const { targetPortal, iqn, lun, secretRef, initiatorName } = iscsi
  const isName = (text: string): boolean => iscsiNames[text.slice(0, 3)]?.test(text) === true
  const causes: Cause[] = targetPortal === '' ? [required(`${path}.targetPortal`)] : []
  if (initiatorName !== undefined && `${name}:${targetPortal}`.length > 64)
    causes.push(
      invalid(
        `${path}.targetportal`,
        targetPortal,
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ),
    )
  if (iqn === '') causes.push(required(`${path}.iqn`))
  else if (!isName(iqn)) causes.push(invalid(`${path}.iqn`, iqn, 'must be valid format'))
  causes.push(...invalidEach(`${path}.lun`, lun, checkRange(lun, 0, 255)))
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && secretRef === undefined) causes.push(required(`${path}.secretRef`))
  if (secretRef !== undefined && !secretRef.name) causes.push(required(`${path}.secretRef.name`))
  return initiatorName === undefined || isName(initiatorName)
    ? causes
    : [...causes, invalid(`${path}.initiatorname`, initiatorName, 'must be valid format')]
}

function validateCsi(csi: CSIPersistentVolumeSource, path: string): Cause[] {
  const references = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const
  return [
    ...validateDriverName(csi.driver, `${path}.driver`),
    ...(csi.volumeHandle === '' ? [required(`${path}.volumeHandle`)] : []),
    ...references.flatMap((name) => (csi[name] === undefined ? [] : validateSecretReference(csi[name], `${path}.${name}`))),
  ]
}

const validateSecretReference = ({ name, namespace }: SecretReference, path: string): Cause[] => [
  ...(name ? invalidEach(`${path}.name`, name, checkDns1123Subdomain(name)) : [required(`${path}.name`)]),
  ...(namespace ? invalidEach(`${path}.namespace`, namespace, checkDns1123Label(namespace)) : [required(`${path}.namespace`)]),
]
