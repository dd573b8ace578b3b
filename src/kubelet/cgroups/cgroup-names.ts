import { WherryError } from '#lib/errors.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'
/** Who makes the groups below: the runtime itself, or systemd, which wants slices. Must be what the runtime is configured with. */
export type CgroupDriver = 'cgroupfs' | 'systemd'

/** A group by its place in the tree: `['kubepods', 'burstable', 'pod<uid>']`. */
export type CgroupName = readonly string[]

/** Where pods of a class live. Guaranteed ones have no group of their own class. */
export const qosCgroup = (qos: QosClass): CgroupName => (qos === 'Guaranteed' ? ['kubepods'] : ['kubepods', qos.toLowerCase()])

export const podCgroup = (uid: string, qos: QosClass): CgroupName => [...qosCgroup(qos), `pod${uid}`]

/** The UID in the last part of a pod's group, under either driver; undefined for other groups. */
export function uidOf(directory: string): string | undefined {
  const plain = /^pod(.+)$/.exec(directory)?.[1]
  if (plain !== undefined) return plain
  return /^kubepods(?:-burstable|-besteffort)?-pod([^-]+)\.slice$/.exec(directory)?.[1]?.replaceAll('_', '-')
}

/**
 * The group's directory below the mount, for the cgroupfs driver `/root/kubepods/burstable/pod<uid>`; for systemd each slice stands inside
 * the slice that its name begins with: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice`, dashes within one
 * part written `_` (systemd.slice(5)).
 */
export function cgroupPath(name: CgroupName, driver: CgroupDriver, root = ''): string {
  const parts = [...root.split('/').filter((part) => part !== ''), ...name]
  if (driver === 'cgroupfs') return `/${parts.join('/')}`
  return parts.map((_, i) => `/${sliceOf(parts.slice(0, i + 1))}`).join('')
}

/** What the runtime takes as a sandbox's `cgroup_parent`. */
export function cgroupParent(name: CgroupName, driver: CgroupDriver, root = ''): string {
  if (driver === 'cgroupfs') return cgroupPath(name, driver, root)
  return sliceOf([...root.split('/').filter((part) => part !== ''), ...name])
}

function sliceOf(parts: readonly string[]): string {
  for (const part of parts) {
    if (part.includes('_') || part.includes('/')) throw new WherryError('Invalid', `cgroup name ${part} must contain neither "_" nor "/"`)
  }
  return `${parts.map((part) => part.replaceAll('-', '_')).join('-')}.slice`
}
