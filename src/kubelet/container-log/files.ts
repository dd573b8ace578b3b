/** What reading and rotating logs needs of the disk; `host/files.ts` implements it. Paths are absolute. */
export interface LogFiles {
  /** Undefined when there is no such file. */
  open(path: string): Promise<OpenLog | undefined>
  stat(path: string): Promise<{ readonly inode: number; readonly sizeBytes: number } | undefined>
  /** Names in a directory, sorted; empty when there is none. */
  list(directory: string): Promise<readonly string[]>
  rename(from: string, to: string): Promise<void>
  /** Nothing there: done. */
  remove(path: string): Promise<void>
  /** Replaces the file by `<path>.gz`. A crash leaves at most a `.tmp` beside it. */
  compress(path: string): Promise<void>
  /**
   * Calls back after each change in the directory with the name of the file, until the returned function is called. Kernel events, no polling.
   * A directory that vanishes calls back once with ''. Throws `NotFound`.
   */
  watch(directory: string, changed: (name: string) => void): () => void
}

export interface OpenLog {
  readonly inode: number
  sizeBytes(): Promise<number>
  /** Fills the buffer from `position` as far as there is content; the number of bytes, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}
