import { mountPoint } from '../mount-table.ts'

/** Where something of the machine's has to be the node's own: each is a line of the script, so that all is done or an error told. */
export interface OwnPlaces {
  /** Folders of the node, by the place of the machine that they are put over. */
  readonly folders: readonly (readonly [own: string, place: string])[]
  /** The same of single files. */
  readonly files: readonly (readonly [own: string, place: string])[]
  /** Places that are empty at first, and in memory only. */
  readonly empty: readonly string[]
  /** An empty folder for the time of the set-up. */
  readonly scratch: string
}

/**
 * Mounts that a new mount namespace has copied and must not keep: what stands below these folders belongs to other nodes and their pods, and would
 * live on here after its end (namespaces of pods, layers, Secrets). The innermost first. `table` is /proc/PID/mountinfo (proc(5)).
 */
export function foreignMounts(table: string, folders: readonly string[]): readonly string[] {
  return mountPoints(table)
    .filter((point) => folders.some((folder) => point.startsWith(`${folder}/`)))
    .reverse()
}

/** All places of a mount table in its order, as their names are. */
export const mountPoints = (table: string): readonly string[] =>
  table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => mountPoint(line.split(' ', 5)[4]!))

/**
 * What is run inside a node's new namespaces, in sh(1). Its devices are shown by a sysfs of its own network namespace; what else is mounted below
 * /sys, cgroups above all, is the machine's and is put back over it, bound and not mounted anew. At last all mounts are shared within, so that
 * those of containers and drivers reach each other, and no further, since they were private before.
 */
export function mountScript(table: string, places: OwnPlaces): string {
  const { scratch } = places
  const beneathSys = mountPoints(table).filter((point) => point.startsWith('/sys/'))
  const kept = [...new Set(beneathSys)].filter((point) => !beneathSys.some((other) => point.startsWith(`${other}/`)))
  return [
    'set -eu',
    `mount -t sysfs sysfs ${quoted(scratch)}`,
    // Of a file system that this kernel hides in another network namespace there is no place to put it back to.
    ...kept.map((point) => {
      const place = quoted(scratch + point.slice('/sys'.length))
      return `if [ -e ${place} ]; then mount --rbind ${quoted(point)} ${place}; fi`
    }),
    `mount --move ${quoted(scratch)} /sys`,
    'mount --make-rshared /',
    ...places.empty.map((place) => `mkdir -p ${quoted(place)}; mount -t tmpfs -o mode=0711,size=64m tmpfs ${quoted(place)}`),
    ...places.folders.map(([own, place]) => `mount --bind ${quoted(own)} ${quoted(place)}`),
    ...places.files.map(([own, place]) => `mount --bind ${quoted(own)} ${quoted(place)}`),
    '',
  ].join('\n')
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
