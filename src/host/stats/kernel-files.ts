import { readFileSync } from 'node:fs'

/**
 * The text of one of the kernel's own files (cgroup, proc, sys), undefined where there is none. Read at once and not beside: the kernel makes it in
 * memory, and handing it to another thread takes ten times as long as reading it.
 */
export function kernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** A file with one number; `max` and what is no number is undefined. */
export function kernelNumber(path: string): number | undefined {
  const text = kernelFile(path)?.trim()
  if (text === undefined || text === '' || text === 'max') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** A file with `name number` on each line, as memory.stat and cpu.stat are. */
export function kernelTable(path: string): ReadonlyMap<string, number> {
  const table = new Map<string, number>()
  for (const line of (kernelFile(path) ?? '').split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) table.set(line.slice(0, space), Number(line.slice(space + 1)))
  }
  return table
}

/** A group that ends while it is read answers with all of these; some files are not there under some kernels, or not for us. */
const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP', 'EACCES', 'EPERM', 'EINVAL', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')
