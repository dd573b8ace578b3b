import { readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '#host/layout.ts'
import type { Clock } from '#lib/clock.ts'

/** The text of a file below the folder of keys and certificates. */
export const pem = (where: Paths, name: string): string => readFileSync(join(where.pki, name), 'utf8')

/** The listener hears of files once they have been left alone for a moment: certificate and key are two, and only fit when both are new. */
export function watched(directory: string, clock: Clock, listener: () => void): () => void {
  let forget = (): void => {}
  const watcher = watch(directory, { persistent: false }, () => {
    forget()
    forget = clock.schedule(clock.now() + 1_000, listener)
  })
  return () => {
    forget()
    watcher.close()
  }
}
