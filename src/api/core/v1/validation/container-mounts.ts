import type { Container, Volume, VolumeDevice, VolumeMount } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid, notFound, notSupported, required } from '#schema/validate.ts'
import { validateDescendingPath, validateNoBacksteps } from './paths.ts'

/** Volumes by name, as far as they are sound themselves. */
export type Volumes = ReadonlyMap<string, Volume>
type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>

/** What is wrong with mounts: volumes that there are not, and paths that repeat; `path` is that of their list. */
export function validateVolumeMounts(container: Mounting, volumes: Volumes, path: string): Cause[] {
  const causes: Cause[] = []
  const seen = new Set<string>()
  const devices = container.volumeDevices ?? []
  const deviceNames = new Set(devices.map(({ name }) => name))
  const devicePaths = new Set(devices.map(({ devicePath }) => devicePath))
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${i}]`
    const { name, mountPath, subPath, subPathExpr } = mount
    if (name === '') causes.push(required(`${at}.name`))
    if (!volumes.has(name)) causes.push(notFound(`${at}.name`, name))
    if (mountPath === '') causes.push(required(`${at}.mountPath`))
    if (seen.has(mountPath)) causes.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    seen.add(mountPath)
    if (deviceNames.has(name)) causes.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'))
    if (devicePaths.has(mountPath)) causes.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    // The reference leaves the index out of the paths below.
    if (subPath) causes.push(...validateDescendingPath(subPath, `${path}.subPath`))
    if (subPathExpr) {
      if (subPath) causes.push(invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
      causes.push(...validateDescendingPath(subPathExpr, `${path}.subPathExpr`))
    }
    causes.push(...validatePropagation(mount, container, `${path}.mountPropagation`))
    causes.push(...validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`))
  }
  return causes
}

/** What is wrong with volumes as block devices. */
export function validateVolumeDevices(container: Mounting, volumes: Volumes, path: string): Cause[] {
  const causes: Cause[] = []
  const mounts = container.volumeMounts ?? []
  const mountNames = new Set(mounts.map(({ name }) => name))
  const mountPaths = new Set(mounts.map(({ mountPath }) => mountPath))
  const names = new Set<string>()
  const paths = new Set<string>()
  for (const [i, { name, devicePath }] of (container.volumeDevices ?? ([] as readonly VolumeDevice[])).entries()) {
    const at = `${path}[${i}]`
    const volume = volumes.get(name)
    if (name === '') causes.push(required(`${at}.name`))
    if (names.has(name)) causes.push(invalid(`${at}.name`, name, 'must be unique'))
    if (volume !== undefined && volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      causes.push(invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'))
    if (volume === undefined) causes.push(notFound(`${at}.name`, name))
    if (devicePath === '') causes.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) causes.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath !== '' && validateNoBacksteps(devicePath, '').length > 0)
      causes.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (mountNames.has(name)) causes.push(invalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
    if (mountPaths.has(devicePath)) causes.push(invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    if (name !== '') names.add(name)
  }
  return causes
}

const propagations = ['Bidirectional', 'HostToContainer', 'None']

function validatePropagation({ mountPropagation }: VolumeMount, container: Mounting, path: string): Cause[] {
  if (mountPropagation === undefined) return []
  if (!propagations.includes(mountPropagation)) return [notSupported(path, mountPropagation, propagations)]
  return mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true
    ? [forbidden(path, 'Bidirectional mount propagation is available only to privileged containers')]
    : []
}

function validateRecursiveReadOnly({ recursiveReadOnly, readOnly, mountPropagation }: VolumeMount, path: string): Cause[] {
  switch (recursiveReadOnly) {
    case undefined:
    case 'Disabled':
      return []
    case 'Enabled':
    case 'IfPossible':
      return [
        ...(readOnly ? [] : [forbidden(path, 'may only be specified when readOnly is true')]),
        ...(mountPropagation === undefined || mountPropagation === 'None'
          ? []
          : [forbidden(path, 'may only be specified when mountPropagation is None or not specified')]),
      ]
    default:
      return [notSupported(path, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'])]
  }
}
