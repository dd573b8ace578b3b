import { readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * A file's text, and each later one. The folder is watched and not the file, since who changes a configuration puts another file in its
 * place; Kubernetes' own mounts do so by a link. A file that is gone for a moment tells nothing.
 */
export function watchedFile(path: string): { readonly text: string; readonly watch: (changed: (text: string) => void) => () => void } {
  let text = readFileSync(path, 'utf8')
  return {
    text,
    watch(changed) {
      const look = (): void => {
        let next: string
        try {
          next = readFileSync(path, 'utf8')
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
          throw error
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
      return () => watcher.close()
    },
  }
}
