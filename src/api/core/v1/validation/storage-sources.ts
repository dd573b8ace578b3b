import type { PersistentVolumeSpec, Volume } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Label, checkRange, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'

/**
 * Sources that pods and persistent volumes name alike, most of them of clouds and storage systems whose drivers are gone from v1.36: the API
 * still looks at them. `fields` are the source's own, `parent` is what it stands in; `isPersistent`: of a persistent volume, whose secrets are named with a namespace.
 */
export function validateStorageSource(source: string, fields: object, parent: string, isPersistent: boolean): Cause[] {
  const given = fields as Fields
  // The reference names this one otherwise than the field.
  const path = `${parent}.${source === 'gcePersistentDisk' ? 'persistentDisk' : source}`
  const isMissing = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0)
  const missing = (requiredFields[source] ?? []).flatMap((name) => (isMissing(given[name]) ? [required(`${path}.${name}`)] : []))
  return [...missing, ...(rules[source]?.(given as never, path, isPersistent) ?? [])]
}

/** What each cannot do without, in the order in which the reference asks. */
const requiredFields: Readonly<Record<string, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
}

type Fields = Readonly<Record<string, unknown>>

type Rule<S> = (source: S, path: string, isPersistent: boolean) => Cause[]
type Source<N extends keyof Volume & keyof PersistentVolumeSpec> = NonNullable<Volume[N]> & Partial<NonNullable<PersistentVolumeSpec[N]>>

const validatePartition: Rule<{ readonly partition?: number | undefined }> = ({ partition = 0 }, path) =>
  partition < 0 || partition > 255 ? [invalid(`${path}.partition`, partition, 'must be between 1 and 255, inclusive')] : []

const validateSecret: Rule<{ readonly secretRef?: { readonly name?: string; readonly namespace?: string } | undefined }> = (
  { secretRef },
  path,
  isPersistent,
) => {
  if (secretRef === undefined) return []
  return [
    ...(secretRef.name ? [] : [required(`${path}.secretRef.name`)]),
    ...(isPersistent && !secretRef.namespace ? [required(`${path}.secretRef.namespace`)] : []),
  ]
}

const rules: Readonly<Record<string, Rule<never> | undefined>> = {
  gcePersistentDisk: validatePartition,
  awsElasticBlockStore: validatePartition,
  cinder: validateSecret,
  glusterfs: (({ endpointsNamespace: namespace }: { endpointsNamespace?: string }, path) => {
    const at = `${path}.endpointsNamespace`
    if (namespace === undefined) return []
    return namespace === ''
      ? [invalid(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')]
      : invalidEach(at, namespace, checkDns1123Label(namespace))
  }) satisfies Rule<never>,
  flocker: (({ datasetName = '', datasetUUID = '' }: Source<'flocker'>, path) => [
    ...(datasetName === '' && datasetUUID === '' ? [required(path, 'one of datasetName and datasetUUID is required')] : []),
    ...(datasetName !== '' && datasetUUID !== ''
      ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
      : []),
    ...(datasetName.includes('/') ? [invalid(`${path}.datasetName`, datasetName, "must not contain '/'")] : []),
  ]) satisfies Rule<never>,
  fc: (({ targetWWNs = [], wwids = [], lun }: Source<'fc'>, path) => {
    const at = `${path}.targetWWNs`
    const causes: Cause[] = []
    if (targetWWNs.length + wwids.length === 0) causes.push(required(at, 'must specify either targetWWNs or wwids, but not both'))
    if (targetWWNs.length > 0 && wwids.length > 0)
      causes.push(invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
    if (targetWWNs.length === 0) return causes
    if (lun === undefined) return [...causes, required(`${path}.lun`, 'lun is required if targetWWNs is specified')]
    return [...causes, ...invalidEach(`${path}.lun`, lun, checkRange(lun, 0, 255))]
  }) satisfies Rule<never>,
  flexVolume: (({ options = {} }: Source<'flexVolume'>, path) =>
    Object.keys(options).flatMap((key) =>
      /\.(kubernetes|k8s)\.io$/.test(`.${key.split('/')[0]!.toLowerCase()}`)
        ? [invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
        : [],
    )) satisfies Rule<never>,
  azureFile: (({ secretNamespace }: { secretNamespace?: string }, path) =>
    secretNamespace === '' ? [required(`${path}.secretNamespace`)] : []) satisfies Rule<never>,
  quobyte: (({ registry, volume, tenant = '' }: Source<'quobyte'>, path) => {
    const causes: Cause[] = []
    const pairs = 'must be a host:port pair or multiple pairs separated by commas'
    if (registry === '') causes.push(required(`${path}.registry`, pairs))
    else if (tenant.length >= 65) causes.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
    else for (const pair of registry.split(',')) if (!isHostPort(pair)) causes.push(invalid(`${path}.registry`, registry, pairs))
    return volume === '' ? [...causes, required(`${path}.volume`)] : causes
  }) satisfies Rule<never>,
  azureDisk: (({ cachingMode, kind, diskURI = '' }: Source<'azureDisk'>, path) => {
    const causes: Cause[] = []
    const modes = ['None', 'ReadOnly', 'ReadWrite']
    const kinds = ['Dedicated', 'Managed', 'Shared']
    if (cachingMode !== undefined && !modes.includes(cachingMode)) causes.push(notSupported(`${path}.cachingMode`, cachingMode, modes))
    if (kind === undefined) return causes
    if (!kinds.includes(kind)) causes.push(notSupported(`${path}.kind`, kind, kinds))
    if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
      causes.push(
        notSupported(`${path}.diskURI`, diskURI, [
          '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
        ]),
      )
    if (kind !== 'Managed' && !diskURI.startsWith('https://'))
      causes.push(
        notSupported(`${path}.diskURI`, diskURI, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']),
      )
    return causes
  }) satisfies Rule<never>,
  storageos: ((source: Source<'storageos'>, path, isPersistent) => {
    const { volumeName = '', volumeNamespace = '' } = source
    return [
      ...(volumeName === ''
        ? [required(`${path}.volumeName`)]
        : invalidEach(`${path}.volumeName`, volumeName, checkDns1123Label(volumeName))),
      ...(volumeNamespace === '' ? [] : invalidEach(`${path}.volumeNamespace`, volumeNamespace, checkDns1123Label(volumeNamespace))),
      ...validateSecret(source as never, path, isPersistent),
    ]
  }) satisfies Rule<never>,
}

/** As Go's net package splits it: one colon outside of brackets. */
const isHostPort = (text: string): boolean => /^(\[[^\][]*\]|[^:\][]*):[^:\][]*$/.test(text)

/** A directory inside of a git volume stays inside, and is no other path's. */
export const validateGitDirectory = (directory: string | undefined, path: string): Cause[] => {
  if (!directory) return []
  return [
    ...(directory.startsWith('/') ? [invalid(path, directory, 'must be a relative path')] : []),
    ...(directory.split('/').includes('..') ? [invalid(path, directory, "must not contain '..'")] : []),
  ]
}
