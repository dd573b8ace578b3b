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
  /** A file system in memory, never written to swap where the kernel can promise that. */
  mountTmpfs(path: string, options: { readonly sizeBytes?: number }): Promise<void>
  /** Removes a directory with all that it holds, after unmounting what is mounted in it. Throws when something is still in use. */
  removeTree(path: string): Promise<void>
  /**
   * Replaces the files of a directory as one step that a reader sees whole or not at all: a new hidden folder, then one `rename` of the link
   * `..data`; each name in the directory is a link through it. False when the files were the same already. `groupId` owns the files.
   */
  writeFiles(directory: string, files: readonly VolumeFile[], groupId: number | undefined): Promise<boolean>
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

export type FileType = 'directory' | 'file' | 'socket' | 'character device' | 'block device' | 'other'

export interface VolumeFile {
  /** Relative, without `..`. */
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
  readonly userId?: number
}
