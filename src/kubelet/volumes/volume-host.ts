import type { VolumeStats } from './volume-plugin.ts'

/**
 * What volumes need of the machine; `host/mounts.ts` implements it. Paths are absolute. Every call may be repeated: what is done already
 * stays. Failures are `WherryError`s that name the path.
 */
export interface VolumeHost {
  /** With exactly this mode, parents as needed. */
  makeDirectory(path: string, mode: number): Promise<void>
  /** Names in a directory, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>
  /** What is there, links followed; undefined: nothing. */
  fileType(path: string): Promise<FileType | undefined>
  /** An empty file, not truncating one that is there. */
  makeFile(path: string, mode: number): Promise<void>
  /**
   * A directory with this mode and group, in one step: a crash leaves it whole or not at all. What is there stays as it is, since a container
   * may have made it its own.
   */
  makeEmptyDirectory(path: string, mode: number, groupId: number | undefined): Promise<void>
  /** A file system in memory, never written to swap where the kernel can promise that. */
  mountTmpfs(path: string, options: { readonly sizeBytes?: number; readonly mode?: number; readonly groupId?: number }): Promise<void>
  /**
   * Mounts at `target`, an existing directory; one that is a mount point already stays as it is. Options as mount(8) takes them. A failed or aborted
   * call leaves nothing mounted.
   */
  mount(request: MountRequest): Promise<void>
  /**
   * Takes all mounts at and below a path away, whatever may be there. `network`: a server that does not answer is not waited for without end, the
   * mount then goes by force. Throws when something is still in use.
   */
  unmount(path: string, how?: { readonly network?: boolean }): Promise<void>
  isMounted(path: string): Promise<boolean>
  /** Makes a file system on a device that holds nothing at all, checks one that is there, and mounts it (unless `target` is a mount point). */
  mountDevice(request: MountRequest & { readonly type: string }): Promise<void>
  /** The file system at a mount point grows to the size of its device. */
  growFileSystem(devicePath: string, mountPath: string): Promise<void>
  /** The path without links; throws `NotFound`. */
  realPath(path: string): Promise<string>
  /** Bytes of a block device. */
  deviceSize(path: string): Promise<number>
  /** Group that owns what is there. */
  groupOf(path: string): Promise<number>
  /** Of the file system at a path. */
  fileSystemStats(path: string): Promise<VolumeStats>
  /** Rejects (`Timeout`) where a server does not answer, before anybody of this process would wait on it for ever. */
  checkAlive(path: string): Promise<void>
  /** At most 1 MiB. Undefined: there is none. */
  readRecord(path: string): Promise<string | undefined>
  /** Old content or new, never half of it, and on the disk once this resolves. Parents as needed. */
  writeRecord(path: string, content: string): Promise<void>
  /** An empty directory or a file; nothing there: done. */
  remove(path: string): Promise<void>
  /**
   * Removes a directory with all that it holds, after unmounting what is mounted in it. It never goes into another file system or mount,
   * whatever appears meanwhile. Throws when something is still in use.
   */
  removeTree(path: string): Promise<void>
  /**
   * Replaces the files of a directory as one step that a reader sees whole or not at all: a new hidden folder, then one `rename` of the link
   * `..data`; each name in the directory is a link through it. False when the files were the same already. `groupId` owns the files. `places` are
   * folders beside them, for others to be mounted at: they are made where no file has their name, and stay.
   */
  writeFiles(directory: string, files: readonly VolumeFile[], groupId: number | undefined, places?: readonly string[]): Promise<boolean>
  /**
   * Gives the tree to a group: readable (and writable unless `readOnly`) by it, directories with the set-group-ID bit. With `onlyOnMismatch` a
   * root that already looks so ends it there.
   */
  giveToGroup(path: string, groupId: number, how: { readonly readOnly: boolean; readonly onlyOnMismatch: boolean }): Promise<void>
  /**
   * Bind-mounts `subPath` of a volume at `target`, in a way that nobody who can write to the volume can turn to a place outside of it; makes
   * a directory there when nothing is. Throws `Invalid` for a path that leaves the volume.
   */
  bindSubPath(volumePath: string, subPath: string, target: string): Promise<void>
}

export interface MountRequest {
  /** Device, `server:/path`, or a directory with option `bind`. */
  readonly source: string
  readonly target: string
  readonly type?: string
  readonly options?: readonly string[]
  /** Of a server that may not answer: bounded by minutes instead of seconds. */
  readonly network?: boolean
  readonly signal?: AbortSignal
}

export type FileType = 'directory' | 'file' | 'socket' | 'character device' | 'block device' | 'other'

export interface VolumeFile {
  /** Relative, without `..`. */
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
  readonly userId?: number
}
