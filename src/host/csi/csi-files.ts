import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CsiFiles } from '#kubelet/csi/csi-files.ts'
import { codeOf, orMissing } from '../files.ts'
import { mountsBelow } from '../mounts.ts'

/** The places of CSI volumes on this machine. */
export const csiFiles: CsiFiles = {
  async makeDirectory(path, mode) {
    await fs.mkdir(path, { recursive: true, mode })
  },
  // What is mounted there may be a network's that does not answer: the entry alone counts.
  exists: async (path) => (await orMissing(fs.lstat(path))) !== undefined,
  async write(path, content) {
    const temporary = `${path}.new`
    const file = await fs.open(temporary, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await fs.rename(temporary, path)
    const folder = await fs.open(dirname(path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  async remove(path) {
    try {
      await fs.unlink(path)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return
      // unlink(2) of a directory: Linux says EISDIR.
      if (code !== 'EISDIR' && code !== 'EPERM') throw error
      await orMissing(fs.rmdir(path))
    }
  },
  isMounted: async (path) => (await mountsBelow(path)).includes(path),
  async keepsLabels(path) {
    if (!(await hasSeLinux())) return false
    const table = await fs.readFile('/proc/self/mountinfo', 'utf8')
    const line = table.split('\n').findLast((one) => one.split(' ', 5)[4] === path)
    return line?.split(' ').at(-1)?.split(',').includes('seclabel') ?? false
  },
  async fileLabel({ user, level }) {
    if (!(await hasSeLinux())) return undefined
    const fallback = await defaultFileLabel()
    const [ownUser, role, type, ...ownLevel] = fallback.split(':')
    return [user || ownUser, role, type, level || ownLevel.join(':')].join(':')
  },
}

const hasSeLinux = async (): Promise<boolean> => (await orMissing(fs.stat('/sys/fs/selinux/enforce'))) !== undefined

/** What the machine's policy gives to containers' files (selinux_lxc_contexts_path(3)). */
async function defaultFileLabel(): Promise<string> {
  const config = (await orMissing(fs.readFile('/etc/selinux/config', 'utf8'))) ?? ''
  const policy = /^SELINUXTYPE=(\S+)/m.exec(config)?.[1] ?? 'targeted'
  const contexts = (await orMissing(fs.readFile(`/etc/selinux/${policy}/contexts/lxc_contexts`, 'utf8'))) ?? ''
  return /^file\s*=\s*"?([^"\s]+)"?/m.exec(contexts)?.[1] ?? 'system_u:object_r:container_file_t:s0'
}
