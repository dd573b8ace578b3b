import type { Pod } from '#api/core/v1/pod.ts'
import type { SELinuxOptions } from '#api/core/v1/types.ts'
import type { DriverPolicy } from './driver-policy.ts'
import type { CsiVolume } from './volume-source.ts'

/**
 * The SELinux options that a volume is mounted with, in place of relabelling every file (KEP-1710): where the driver can, the claim is for one
 * pod alone, all containers that use it agree, and the pod has not chosen `seLinuxChangePolicy: Recursive`. Undefined: mounted as ever.
 */
export function seLinuxOptionsOf(
  pod: Pod,
  podVolumeName: string,
  { accessModes, isBlock }: CsiVolume,
  { seLinuxMount }: DriverPolicy,
): SELinuxOptions | undefined {
  if (!seLinuxMount || isBlock || accessModes.length !== 1 || accessModes[0] !== 'ReadWriteOncePod') return undefined
  const { spec } = pod
  if (spec.securityContext?.seLinuxChangePolicy === 'Recursive') return undefined
  const containers = [...(spec.initContainers ?? []), ...spec.containers].filter(({ volumeMounts = [] }) =>
    volumeMounts.some(({ name }) => name === podVolumeName),
  )
  const found = containers.map(({ securityContext }) => securityContext?.seLinuxOptions ?? spec.securityContext?.seLinuxOptions)
  const [first] = found
  if (first === undefined || found.some((one) => textOf(one) !== textOf(first))) return undefined
  return first
}

/** Labels of files are written: what can only be read keeps those that it has, and so does what was mounted with one. */
export const takesLabel = ({ isBlock, readOnly }: Pick<CsiVolume, 'isBlock' | 'readOnly'>, mountedWith: string | undefined): boolean =>
  !isBlock && !readOnly && mountedWith === undefined

/** As mount(8) takes it: commas in a level need the quotes. */
export const contextOption = (label: string): string => `context="${label}"`

const textOf = (options: SELinuxOptions | undefined): string =>
  [options?.user, options?.role, options?.type, options?.level].map((part) => part ?? '').join(':')
