import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Writes a file whole or not at all, for its owner alone, also where the machine loses its power; makes its folder where that is missing. For those who
 * cannot wait; `writeAtomically` is for those who can.
 */
export function saveFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeFileSync(file, text)
    // Without it the name may be on the disk before what it names.
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}
