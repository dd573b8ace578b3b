import type { Pod } from '#api/core/v1/pod.ts'
import type { VolumeMount } from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { PreparedVolume } from '../interfaces.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { containerHash } from '../pod/hash.ts'
import {
  containerLogFile,
  containerNameLabel,
  hashAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  resourcesAnnotation,
  restartCountAnnotation,
  terminationGracePeriodAnnotation,
  terminationMessageFileAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from '../pod/names.ts'
import type { ContainerConfig, ContainerSecurity, Image, LinuxResources, Mount } from '../runtime.ts'
import { expand } from './expand.ts'

export interface ContainerInput {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly attempt: number
  readonly image: Image
  readonly environment: ReadonlyMap<string, string>
  readonly volumes: ReadonlyMap<string, PreparedVolume>
  /** Host paths of mounts with a `subPath`, by their place in `volumeMounts`. */
  readonly subPaths: ReadonlyMap<number, string>
  /** By volume: images that the runtime mounts by itself. */
  readonly images?: ReadonlyMap<string, string>
  /** Whether the runtime can make what is mounted below a read-only mount read-only as well (KEP-3857). */
  readonly hasRecursiveReadOnly?: boolean
  readonly hostsFile: string | undefined
  readonly terminationMessageFile: string
  readonly resources: LinuxResources
  readonly security: ContainerSecurity
}

/** A container as the runtime wants it. Everything that had to be looked up is in the input. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, environment } = input
  const expanded = (words: readonly string[] | undefined) => (words ?? []).map((word) => expand(word, (name) => environment.get(name)))
  return {
    metadata: { name: container.name, attempt: input.attempt },
    image: input.image.id,
    userImage: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    env: [...environment].map(([key, value]) => ({ key, value })),
    mounts: mounts(input),
    devices: devices(input),
    labels: {
      [podNameLabel]: pod.metadata.name,
      [podNamespaceLabel]: pod.metadata.namespace,
      [podUidLabel]: pod.metadata.uid,
      [containerNameLabel]: container.name,
    },
    annotations: {
      [hashAnnotation]: containerHash(container),
      [restartCountAnnotation]: String(input.attempt),
      [resourcesAnnotation]: JSON.stringify(container.resources),
      [terminationMessagePathAnnotation]: messagePath(container),
      [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? 'File',
      [terminationMessageFileAnnotation]: input.terminationMessageFile,
      ...(pod.spec.terminationGracePeriodSeconds !== undefined && {
        [terminationGracePeriodAnnotation]: String(pod.spec.terminationGracePeriodSeconds),
      }),
    },
    logPath: containerLogFile(container.name, input.attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: input.resources,
    security: input.security,
    ...(container.lifecycle?.stopSignal && { stopSignal: container.lifecycle.stopSignal }),
  }
}

const ETC_HOSTS = '/etc/hosts'
const messagePath = ({ terminationMessagePath }: AnyContainer): string => terminationMessagePath || '/dev/termination-log'

function mounts(input: ContainerInput): Mount[] {
  const { container, environment, volumes, subPaths, hostsFile } = input
  const made = (container.volumeMounts ?? []).map((mount, index): Mount => {
    const volume = volumes.get(mount.name)
    if (volume === undefined)
      throw new WherryError('Invalid', `cannot find volume "${mount.name}" to mount into container "${container.name}"`)
    const image = input.images?.get(mount.name)
    const imageSubPath = image === undefined ? '' : mountSubPath(mount, environment)
    return {
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: image === undefined ? (subPaths.get(index) ?? volume.hostPath) : '',
      readonly: mount.readOnly === true || volume.readOnly,
      propagation: mount.mountPropagation ?? 'None',
      ...(isRecursivelyReadOnly(mount, input.hasRecursiveReadOnly === true) && { recursiveReadOnly: true }),
      ...(volume.selinuxRelabel && { selinuxRelabel: true }),
      ...(image !== undefined && { image, ...(imageSubPath !== '' && { imageSubPath }) }),
    }
  })
  const isOwnHosts = made.some(({ containerPath }) => containerPath === ETC_HOSTS)
  if (hostsFile !== undefined && !isOwnHosts) made.push(file(ETC_HOSTS, hostsFile))
  made.push(file(messagePath(container), input.terminationMessageFile))
  return made
}

/** Throws `Invalid` for what cannot be, in the reference's words. */
export function isRecursivelyReadOnly(mount: VolumeMount, isSupported: boolean): boolean {
  const { recursiveReadOnly = 'Disabled', name, readOnly, mountPropagation = 'None' } = mount
  if (recursiveReadOnly === 'Disabled') return false
  const refuse = (why: string) => {
    const words = `volume "${name}" requested recursive read-only mode, but it is ${why}`
    return new WherryError('Invalid', `failed to resolve recursive read-only mode: ${words}`)
  }
  if (readOnly !== true) throw refuse('not read-only')
  if (mountPropagation !== 'None') throw refuse(`not compatible with propagation "${mountPropagation}"`)
  if (recursiveReadOnly === 'Enabled' && !isSupported) throw refuse('not supported by the runtime')
  return isSupported
}

const file = (containerPath: string, hostPath: string): Mount => ({
  containerPath,
  hostPath,
  readonly: false,
  propagation: 'None',
  selinuxRelabel: true,
})

function devices({ container, volumes }: ContainerInput): ContainerConfig['devices'] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.get(name)
    if (volume?.device !== true) throw new WherryError('Invalid', `cannot find block volume "${name}" for container "${container.name}"`)
    return { containerPath: devicePath, hostPath: volume.hostPath, permissions: volume.readOnly ? 'r' : 'mrw' }
  })
}

/** `subPath` or `subPathExpr` of a mount; '' for none. Throws `Invalid` for one that leaves the volume or names an unknown variable. */
export function mountSubPath(
  mount: { readonly subPath?: string | undefined; readonly subPathExpr?: string | undefined },
  environment: ReadonlyMap<string, string>,
): string {
  const missing = new Set<string>()
  const path = mount.subPathExpr
    ? expand(mount.subPathExpr, (name) => {
        const value = environment.get(name)
        if (value === undefined || value === '') missing.add(name)
        return value
      })
    : (mount.subPath ?? '')
  if (missing.size > 0) throw new WherryError('Invalid', `missing value for ${[...missing].sort().join(', ')}`)
  if (path.startsWith('/')) throw new WherryError('Invalid', `error SubPath \`${path}\` must not be an absolute path`)
  if (path.split('/').includes('..')) throw new WherryError('Invalid', `unable to provision SubPath \`${path}\`: must not contain '..'`)
  return path
}
