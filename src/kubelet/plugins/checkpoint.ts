/**
 * What a manager has given out, kept on disk: after a restart of the kubelet, or of the machine, it knows again. `host/plugins/
 * checkpoint-file.ts` implements it.
 */
export interface CheckpointFile {
  /** What was written last; undefined where nothing ever was. Throws for a file that is damaged. */
  read(): Promise<unknown>
  /** Whole or not at all, and on the disk when it resolves. */
  write(value: unknown): Promise<void>
}

/** Writes the present state; who waits for it waits for a write that began after the call. Calls that come during a write share the next. */
export function createSaver(file: Pick<CheckpointFile, 'write'>, state: () => unknown): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const write = (): Promise<void> => {
    next = undefined
    running = file.write(state()).finally(() => (running = undefined))
    return running
  }
  return () => {
    if (next !== undefined) return next
    if (running === undefined) return write()
    // A write that failed is told to those who waited for it; for these another one begins.
    next = running.then(write, write)
    return next
  }
}
