import { WherryError } from '#lib/errors.ts'

/** Containers, mounts and packet rules need root. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new WherryError('Forbidden', 'this needs root: try again with sudo')
}
