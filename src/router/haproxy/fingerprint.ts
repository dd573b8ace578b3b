import type { ConfigurationFiles } from './configuration-files.ts'
import { contentHash } from './content-hash.ts'

/** A short text that changes with every byte of every file; files that are as they were the last time are not read again. */
export function createFingerprint(): (files: ConfigurationFiles) => string {
  let known = new Map<string, { readonly text: string; readonly line: string }>()
  return (files) => {
    const next: typeof known = new Map()
    for (const [name, text] of files) {
      const before = known.get(name)
      next.set(name, before?.text === text ? before : { text, line: `${name} ${contentHash(text)}` })
    }
    known = next
    return contentHash(Array.from(known.values(), ({ line }) => line).join('\n'))
  }
}
