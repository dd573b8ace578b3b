import { WherryError } from '#lib/errors.ts'
import { mount, mountsBelow } from './mount-table.ts'
import { run } from './run.ts'

/** Making a file system of a large device takes its time. */
const formatMs = 10 * 60_000
const checkMs = 10 * 60_000

/** Mounts a device, after making a file system on one that holds nothing and checking one that is there; see `VolumeHost.mountDevice`. */
export async function mountDevice(request: {
  readonly source: string
  readonly target: string
  readonly type: string
  readonly options?: readonly string[]
  readonly signal?: AbortSignal
}): Promise<void> {
  const { source, target, type, options = [] } = request
  if ((await mountsBelow(target)).includes(target)) return
  const isReadOnly = options.includes('ro')
  const format = await formatOf(source)
  if (format === '') {
    if (isReadOnly) throw new WherryError('Invalid', `cannot mount unformatted disk ${source} as we are manipulating it in read-only mode`)
    await run(`mkfs.${type}`, [...(formatOptions[type] ?? []), source], { timeoutMs: formatMs })
  } else if (!isReadOnly) await check(source)
  try {
    await mount({ ...request, options: options.length === 0 ? ['defaults'] : options })
  } catch (cause) {
    if (format === '' || format === type || !(cause instanceof WherryError)) throw cause
    const words = `failed to mount the volume as "${type}", it already contains ${format}. Mount error: ${cause.message}`
    throw new WherryError('Invalid', words, { cause })
  }
}

/** The file system grows to the size of its device, while it is mounted. */
export async function growFileSystem(device: string, mountPath: string): Promise<void> {
  const format = await formatOf(device)
  if (/^ext[234]$/.test(format)) await run('resize2fs', [device], { timeoutMs: formatMs })
  else if (format === 'xfs') await run('xfs_growfs', ['-d', mountPath], { timeoutMs: formatMs })
  else if (format === 'btrfs') await run('btrfs', ['filesystem', 'resize', 'max', mountPath], { timeoutMs: formatMs })
  else if (format !== '')
    throw new WherryError('Invalid', `resize of format ${format} is not supported for device ${device} mounted at ${mountPath}`)
}

/** Bytes of a block device. */
export const deviceSize = async (path: string): Promise<number> => Number((await run('blockdev', ['--getsize64', path])).stdout.trim())

/** What is on a device by its magic numbers; '' for nothing at all. A partition table is something, too. */
async function formatOf(device: string): Promise<string> {
  const { stdout } = await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device], { accept: [nothingFound] })
  const found = Object.fromEntries(
    stdout.split('\n').flatMap((line) => (line.includes('=') ? [line.split('=', 2) as [string, string]] : [])),
  )
  return found['TYPE'] ?? (found['PTTYPE'] === undefined ? '' : `unknown data, probably partitions`)
}

/** blkid(8): neither a file system nor a table was recognised. */
const nothingFound = 2

async function check(device: string): Promise<void> {
  const { code, stdout } = await run('fsck', ['-a', device], { timeoutMs: checkMs, accept: [1, 2, 4, 8, 16, 32, 128] })
  // fsck(8): 1 is "corrected", 4 "left uncorrected". A missing checker for this sort is no reason not to mount.
  if (code === 4)
    throw new WherryError('InternalError', `'fsck' found errors on device ${device} but could not correct them: ${stdout.trim()}`)
}

/** No blocks kept for root; whatever asks questions is told to go on. */
const formatOptions: Readonly<Record<string, readonly string[]>> = {
  ext2: ['-F', '-m0'],
  ext3: ['-F', '-m0'],
  ext4: ['-F', '-m0'],
  xfs: ['-f'],
}
