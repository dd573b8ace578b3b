import type { DownwardAPIVolumeFile, EphemeralVolumeSource, ISCSIVolumeSource, KeyToPath, PodSpec, Volume } from '#api/core/v1/types.ts'
import { validateClaimSpec } from '#api/core/v1/validation/claim.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { validateAnnotations, validateLabels } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { parseQuantity } from '#lib/quantity.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkRange,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
} from '#schema/validate.ts'
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './container-env.ts'
import type { Volumes } from './container-mounts.ts'
import { validateFileMode, validateNoBacksteps, validateNonReservedPath } from './paths.ts'
import { validateGitDirectory, validateStorageSource } from './storage-sources.ts'
import { validateProjected } from './volume-projected.ts'

/** What is wrong with the volumes, and those that are sound: containers may mount only these. */
export function validateVolumes(
  spec: PodSpec,
  meta: ObjectMeta | undefined,
  path: string,
): { readonly causes: Cause[]; readonly volumes: Volumes } {
  const volumes = new Map<string, Volume>()
  const causes: Cause[] = []
  const all = spec.volumes ?? []
  const made = new Set(meta?.name ? all.filter(({ ephemeral }) => ephemeral !== undefined).map(({ name }) => `${meta.name}-${name}`) : [])
  for (const [i, volume] of all.entries()) {
    const at = `${path}[${i}]`
    const { name } = volume
    const own = validateSource(volume, meta, at)
    own.push(...(name === '' ? [required(`${at}.name`)] : invalidEach(`${at}.name`, name, checkDns1123Label(name))))
    if (volumes.has(name)) own.push(duplicate(`${at}.name`, name))
    if (own.length === 0) volumes.set(name, volume)
    causes.push(...own)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim !== undefined && made.has(claim))
      causes.push(
        invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume'),
      )
  }
  return { causes, volumes }
}

/** In the order in which the reference looks: the second source found is the one refused. */
const order = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly (keyof Volume)[]

/** Names that the reference misspells. */
const shownNames: Partial<Record<keyof Volume, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

function validateSource(volume: Volume, meta: ObjectMeta | undefined, path: string): Cause[] {
  const causes: Cause[] = []
  let seen = false
  for (const source of order) {
    if (volume[source] === undefined) continue
    if (seen) causes.push(forbidden(`${path}.${shownNames[source] ?? source}`, 'may not specify more than 1 volume type'))
    else causes.push(...validateOne(volume, source, meta, path))
    seen = true
  }
  return seen ? causes : [required(path, 'must specify a volume type')]
}

function validateOne(volume: Volume, source: (typeof order)[number], meta: ObjectMeta | undefined, path: string): Cause[] {
  const at = `${path}.${source}`
  switch (source) {
    case 'emptyDir': {
      const { sizeLimit } = volume.emptyDir!
      if (sizeLimit === undefined || parseQuantity(sizeLimit).nano >= 0n) return []
      return [forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    }
    case 'hostPath': {
      const { path: host, type } = volume.hostPath!
      if (host === '') return [required(`${at}.path`)]
      const causes = validateNoBacksteps(host, `${at}.path`)
      return hostPathTypes.includes(type) ? causes : [...causes, notSupported(`${at}.type`, type, hostPathTypes)]
    }
    case 'secret': {
      const { secretName, defaultMode, items } = volume.secret!
      return [
        ...(secretName ? [] : [required(`${at}.secretName`)]),
        ...validateFileMode(defaultMode, `${at}.defaultMode`),
        ...validateItems(items, at),
      ]
    }
    case 'configMap': {
      const { name, defaultMode, items } = volume.configMap!
      return [...(name ? [] : [required(`${at}.name`)]), ...validateFileMode(defaultMode, `${at}.defaultMode`), ...validateItems(items, at)]
    }
    case 'nfs': {
      const { server, path: exported } = volume.nfs!
      return [
        ...(server === '' ? [required(`${at}.server`)] : []),
        ...(exported === '' ? [required(`${at}.path`)] : []),
        ...(exported.startsWith('/') ? [] : [invalid(`${at}.path`, exported, 'must be an absolute path')]),
      ]
    }
    case 'iscsi':
      return validateIscsi(volume.iscsi!, volume.name, path)
    case 'persistentVolumeClaim':
      return volume.persistentVolumeClaim!.claimName === '' ? [required(`${at}.claimName`)] : []
    case 'downwardAPI':
      return [
        ...validateFileMode(volume.downwardAPI!.defaultMode, `${at}.defaultMode`),
        ...(volume.downwardAPI!.items ?? []).flatMap((file) => validateDownwardFile(file, at)),
      ]
    case 'projected':
      return validateProjected(volume.projected!, at)
    case 'csi': {
      const { driver, nodePublishSecretRef } = volume.csi!
      return [
        ...validateDriverName(driver, `${at}.driver`),
        ...(nodePublishSecretRef === undefined
          ? []
          : !nodePublishSecretRef.name
            ? [required(`${at}.nodePublishSecretRef.name`)]
            : invalidEach(`${at}.name`, nodePublishSecretRef.name, checkDns1123Subdomain(nodePublishSecretRef.name))),
      ]
    }
    case 'ephemeral':
      return validateEphemeral(volume.ephemeral!, volume.name, meta, path)
    case 'image': {
      const { reference = '', pullPolicy } = volume.image!
      const policies = ['Always', 'IfNotPresent', 'Never']
      return [
        ...(reference === '' ? [required(`${at}.reference`)] : []),
        ...(pullPolicy && !policies.includes(pullPolicy) ? [notSupported(`${at}.pullPolicy`, pullPolicy, policies)] : []),
      ]
    }
    case 'gitRepo':
      return [
        ...validateStorageSource(source, volume.gitRepo!, path, false),
        ...validateGitDirectory(volume.gitRepo!.directory, `${at}.directory`),
      ]
    default:
      return validateStorageSource(source, volume[source]!, path, false)
  }
}

/** Values of `hostPath.type`, sorted: causes list them so. */
export const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']

const validateItems = (items: readonly KeyToPath[] | undefined, path: string): Cause[] =>
  (items ?? []).flatMap((item, i) => validateKeyToPath(item, `${path}.items[${i}]`))

/** What is wrong with a key of an object as a file. */
export function validateKeyToPath({ key, path: file, mode }: KeyToPath, path: string): Cause[] {
  return [
    ...(key === '' ? [required(`${path}.key`)] : []),
    ...(file === '' ? [required(`${path}.path`)] : []),
    ...validateNonReservedPath(file, `${path}.path`),
    ...validateFileMode(mode, `${path}.mode`),
  ]
}

/** What is wrong with a field of the pod as a file. */
export function validateDownwardFile({ path: file, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, path: string): Cause[] {
  const causes: Cause[] = file === '' ? [required(`${path}.path`)] : []
  causes.push(...validateNonReservedPath(file, `${path}.path`))
  if (fieldRef) {
    causes.push(...validateFieldRef(fieldRef, volumeFields, `${path}.fieldRef`))
    if (resourceFieldRef) causes.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
  } else if (resourceFieldRef) causes.push(...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, true))
  else causes.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...causes, ...validateFileMode(mode, `${path}.mode`)]
}

const DRIVER_NAME_LENGTH_MAX = 63

/** The name of a CSI driver: at most 63 characters of a subdomain, in whichever case. */
export function validateDriverName(driver: string, path: string): Cause[] {
  if (driver === '') return [required(path)]
  return [
    ...(driver.length > DRIVER_NAME_LENGTH_MAX ? [tooLong(path, DRIVER_NAME_LENGTH_MAX)] : []),
    ...invalidEach(path, driver, checkDns1123Subdomain(driver.toLowerCase())),
  ]
}

function validateIscsi(iscsi: ISCSIVolumeSource, name: string, path: string): Cause[] {
  const at = `${path}.iscsi`
  const causes: Cause[] = iscsi.targetPortal === '' ? [required(`${at}.targetPortal`)] : []
  if (iscsi.iqn === '') causes.push(required(`${at}.iqn`))
  else causes.push(...validateIscsiName(iscsi.iqn, `${at}.iqn`))
  causes.push(...invalidEach(`${at}.lun`, iscsi.lun, checkRange(iscsi.lun, 0, 255)))
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && iscsi.secretRef === undefined) causes.push(required(`${at}.secretRef`))
  if (iscsi.initiatorName === undefined) return causes
  causes.push(...validateIscsiName(iscsi.initiatorName, `${at}.initiatorname`))
  if (`${name}:${iscsi.targetPortal}`.length > 64) {
    const detail = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    causes.push(invalid(`${path}.name`, name, detail))
  }
  return causes
}

/** Names of iSCSI nodes (RFC 3720): iqn, eui or naa. */
function validateIscsiName(name: string, path: string): Cause[] {
  const pattern = iscsiNames[name.slice(0, 3)]
  if (pattern === undefined) return [invalid(path, name, 'must be valid format starting with iqn, eui, or naa')]
  return pattern.test(name) ? [] : [invalid(path, name, 'must be valid format')]
}

/** Forms of names of iSCSI nodes, by their first three letters, as the reference checks them. */
export const iscsiNames: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
}

function validateEphemeral(
  { volumeClaimTemplate: template }: EphemeralVolumeSource,
  name: string,
  meta: ObjectMeta | undefined,
  path: string,
): Cause[] {
  const at = `${path}.ephemeral.volumeClaimTemplate`
  const causes: Cause[] =
    template === undefined
      ? [required(at)]
      : [
          ...validateLabels(template.metadata?.labels, `${at}.metadata.labels`),
          ...validateAnnotations(template.metadata?.annotations, `${at}.metadata.annotations`),
          ...Object.keys(template.metadata ?? {})
            .filter((field) => field !== 'labels' && field !== 'annotations' && template.metadata[field as keyof ObjectMeta] !== undefined)
            .map((field) => forbidden(`${at}.metadata.${field}`, 'cannot be set')),
          ...validateClaimSpec(template.spec, `${at}.spec`),
        ]
  if (!meta?.name || name === '') return causes
  const claim = `${meta.name}-${name}`
  return [...causes, ...checkDns1123Subdomain(claim).map((problem) => invalid(`${path}.name`, name, `PVC name "${claim}": ${problem}`))]
}
