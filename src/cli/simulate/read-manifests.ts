import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { WherryError } from '#lib/errors.ts'

/** A text that holds objects, and what it is called in messages. */
export interface ManifestText {
  readonly name: string
  readonly text: string
}

/** Files as they are, all manifests of folders and the folders in them, in the order of their names; `-` is standard input. */
export function readManifestTexts(paths: readonly string[]): readonly ManifestText[] {
  return paths.flatMap((path) => {
    if (path === '-') return [{ name: 'standard input', text: readFileSync(0, 'utf8') }]
    const files = asUsage(path, () => (statSync(path).isDirectory() ? manifestsIn(path) : [path]))
    if (files.length === 0) throw new WherryError('BadRequest', `-f ${path}: the folder holds no .yaml, .yml or .json file`)
    return files.map((file) => ({ name: file, text: asUsage(file, () => readFileSync(file, 'utf8')) }))
  })
}

function manifestsIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : manifestsIn(path)
      return /\.(?:ya?ml|json)$/.test(entry.name) ? [path] : []
    })
}

function asUsage<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file or folder' : code === 'EACCES' ? 'it may not be read' : (cause as Error).message
    throw new WherryError('BadRequest', `-f ${path}: ${why}`, { cause })
  }
}
