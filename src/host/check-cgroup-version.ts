import { kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { WherryError } from '#lib/errors.ts'
import { isUnified } from './cgroups.ts'
import type { Config } from './config.ts'

/** Throws `Invalid` for settings of `file` that a machine with control groups of version 1 cannot keep (the reference's validation_linux.go). */
export function checkCgroupVersion({ kubelet }: Pick<Config, 'kubelet'>, file: string, mountPoint = '/sys/fs/cgroup'): void {
  const nameOf = (field: string): string => `${file}: kubelet.${field}`
  const { failCgroupV1, singleProcessOOMKill } = kubeletConfiguration(kubelet, {}, nameOf)
  if (isUnified(mountPoint)) return
  if (failCgroupV1)
    throw new WherryError(
      'Invalid',
      `${nameOf('failCgroupV1')} is true, so this node is not to run on a machine with cgroup v1, as this one is; start the machine with cgroup v2, or leave the field out`,
    )
  if (singleProcessOOMKill === false)
    throw new WherryError(
      'Invalid',
      `${nameOf('singleProcessOOMKill')} must not be false with cgroup v1, which this machine has: there the kernel ends one process; leave the field out`,
    )
}
