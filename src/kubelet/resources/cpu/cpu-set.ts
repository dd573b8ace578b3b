import { WherryError } from '#lib/errors.ts'

/** Processors by id, as the kernel writes lists of them (cpuset(7), "List format"): `0-3,8`. */

/** Throws `Invalid` for what is no list. */
export function parseCpuSet(text: string): ReadonlySet<number> {
  const found = new Set<number>()
  for (const part of text.trim().split(',')) {
    if (part === '') continue
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (first === undefined || Number(last) < Number(first))
      throw new WherryError('Invalid', `"${text}" is no list of processors such as "0-3,8"`)
    for (let id = Number(first); id <= Number(last); id += 1) found.add(id)
  }
  return found
}

export function formatCpuSet(cpus: Iterable<number>): string {
  const ranges: [number, number][] = []
  for (const id of [...cpus].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === id - 1) last[1] = id
    else ranges.push([id, id])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
