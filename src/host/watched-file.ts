import { readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** A file that says something new from time to time. */
export interface WatchedFile {
  /** As it was at first. */
  readonly text: string
  /** Calls with each later text, or with why there is none to be had. Returns how to stop. */
  readonly watch: (changed: (text: string) => void, failed?: (error: unknown) => void) => () => void
}

/**
 * A file's text, and each later one. The folder is watched and not the file, since who changes a configuration puts another file in its
 * place; Kubernetes' own mounts do so by a link. A file that cannot be read any more is told of as a failure, and looked at again when its
 * folder changes; an empty one is still being written.
 */
export function watchedFile(path: string): WatchedFile {
  let text = readFileSync(path, 'utf8')
  return {
    text,
    watch(changed, failed) {
      const look = (): void => {
        let next: string
        try {
          next = readFileSync(path, 'utf8')
        } catch (error) {
          failed?.(error)
          return
        }
        if (next === text || next === '') return
        text = next
        changed(next)
      }
      const name = basename(path)
      const watcher = watch(dirname(path), { persistent: false }, (_event, file) => {
        // `..data` is the link that changes when a mounted ConfigMap does.
        if (file === null || file === name || file === '..data') look()
      })
      // A watch that breaks off must not end the server: what the file says later is just not taken up.
      watcher.on('error', (error) => failed?.(error))
      return () => watcher.close()
    },
  }
}
