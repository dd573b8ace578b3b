import { join } from 'node:path'
import { type Layout, paths } from '../layout.ts'
import { names } from '../names.ts'

/** A further node of this machine: network, mounts and host name are its own, kernel and disk are the machine's. */
export interface Machine {
  /** The node's name, and the host name inside. */
  readonly name: string
  /** Its place in the range of machines; the first is the gateway's. */
  readonly index: number
  /** One of IPv4, then one of IPv6 where the machine has it. */
  readonly addresses: readonly string[]
  /** It was told to go: whoever finds it so ends what is left of it. */
  readonly isLeaving: boolean
}

/** The kinds of namespaces that it has, as /proc calls them. */
export const namespaceKinds = ['net', 'uts', 'mnt'] as const

/** Folders of a further node, those that every node has and those that make it a machine. */
export function machinePaths(layout: Layout, name: string) {
  const own: Layout = {
    dataDirectory: join(layout.dataDirectory, 'nodes', name),
    runDirectory: join(layout.runDirectory, 'nodes', name),
    compileCache: paths(layout).compileCache,
  }
  const namespaces = join(own.runDirectory, 'namespaces')
  return {
    /** For everything that takes the layout of a node: its agent, its containerd, its images. */
    layout: own,
    /** What we know of it; the first file that is written, and the last that goes. */
    record: join(own.dataDirectory, 'machine.json'),
    namespaces,
    /** Files that its namespaces are mounted on, which keep them alive without a process. */
    files: Object.fromEntries(namespaceKinds.map((kind) => [kind, join(namespaces, kind)])) as Readonly<
      Record<(typeof namespaceKinds)[number], string>
    >,
    /** Says that all mounts were made. */
    complete: join(namespaces, 'complete'),
    /** Stands in for files of the machine that name it. */
    ownFiles: join(own.runDirectory, 'etc'),
    containerLogs: join(own.dataDirectory, 'logs', 'containers'),
  } as const
}

/** Above the cgroups of its pods. */
export const machineCgroupRoot = (name: string): string => `${names.cgroupRoot}-${name}`

/** Its cable's end on our side. A device's name has 15 letters at most, so the node's name does not fit. */
export const cableOf = ({ index }: Pick<Machine, 'index'>): string => `${cablePrefix}${index}`
export const cablePrefix = 'wherry-n'

/** Words that run a program inside, by its namespaces' files. The process keeps its number: nsenter(1) becomes it. */
export function entering(layout: Layout, name: string): readonly string[] {
  const { files } = machinePaths(layout, name)
  return ['nsenter', `--net=${files.net}`, `--uts=${files.uts}`, `--mount=${files.mnt}`, '--']
}
