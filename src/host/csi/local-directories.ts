import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalDirectories } from '#kubelet/csi/local-driver.ts'
import { WherryError } from '#lib/errors.ts'
import { orMissing } from '../files.ts'
import { mountsBelow, unmount } from '../mounts.ts'
import { run } from '../run.ts'

/** Volumes are the directories in one folder of the machine. What is to be deleted gets another name first: nobody mounts half of a volume. */
export function localDirectories(folder: string): LocalDirectories {
  const pathOf = (volume: string): string => join(folder, volume)
  return {
    async mount(volume, target, readOnly) {
      const path = pathOf(volume)
      if ((await orMissing(fs.lstat(path))) === undefined) {
        await fs.mkdir(folder, { recursive: true, mode: 0o711 })
        await fs.mkdir(path)
        // As anybody may write to a new volume that has no group; the umask has no say.
        await fs.chmod(path, 0o777)
      }
      await fs.mkdir(target, { recursive: true, mode: 0o750 })
      if ((await mountsBelow(target)).includes(target)) return
      await run('mount', ['-n', '--bind', path, target], { timeoutMs: MOUNT_MS })
      if (readOnly) await run('mount', ['-n', '-o', 'remount,bind,ro', target], { timeoutMs: MOUNT_MS })
    },
    async unmount(target) {
      while ((await mountsBelow(target)).includes(target)) await unmount(target)
      await orMissing(fs.rmdir(target))
    },
    async remove(volume) {
      const path = pathOf(volume)
      if (await isMountedAnywhere(path)) throw new WherryError('Conflict', `${path} is still mounted`)
      const leaving = join(folder, `.deleted-${volume}`)
      // One that is half deleted already is in the way of nothing.
      await fs.rm(leaving, { recursive: true, force: true })
      await orMissing(fs.rename(path, leaving))
      await fs.rm(leaving, { recursive: true, force: true })
    },
  }
}

const MOUNT_MS = 30_000

/** A bind mount shows which directory of the file system it is: device and root of the line are those of the directory (proc_pid_mountinfo(5)). */
async function isMountedAnywhere(path: string): Promise<boolean> {
  const stat = await orMissing(fs.stat(path))
  if (stat === undefined) return false
  const table = await fs.readFile('/proc/self/mountinfo', 'utf8')
  const points = table.split('\n').flatMap((line) => {
    const [, , , root, point] = line.split(' ')
    return root?.endsWith(path.slice(path.lastIndexOf('/'))) ? [unescaped(point ?? '')] : []
  })
  const found = await Promise.all(points.map((point) => orMissing(fs.stat(point))))
  return found.some((one) => one?.dev === stat.dev && one.ino === stat.ino)
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
