import type { EvictionFigures } from '../eviction/eviction-manager.ts'
import type { Observation, Observations } from '../eviction/signals.ts'
import type { createFileSystems } from './file-systems.ts'
import type { FileSystemStats, MachineStats, StatsHost } from './stats-host.ts'
import type { PodStats } from './summary.ts'

export interface EvictionFiguresOptions {
  readonly host: Pick<StatsHost, 'group' | 'tasks'>
  readonly fileSystems: Pick<ReturnType<typeof createFileSystems>, 'space'>
  readonly podsGroup: string
  readonly machine: () => Promise<MachineStats>
  readonly measure: (uids: ReadonlySet<string>) => Promise<readonly PodStats[]>
}

/** What is left of the node, in a handful of reads. What cannot be told is left out: no pod has to go because of what nobody knows. */
export function createEvictionFigures(options: EvictionFiguresOptions): EvictionFigures {
  const { host, fileSystems, podsGroup } = options
  return {
    async observe() {
      const [{ memoryBytes }, whole, pods, { limit, count }, { nodeFs, imageFs, containerFs }] = await Promise.all([
        options.machine(),
        host.group('/', 'core'),
        host.group(podsGroup, 'core'),
        host.tasks(),
        fileSystems.space(),
      ])
      const layers = containerFs ?? imageFs
      const observations: Observations = {
        ...(whole?.memory && { 'memory.available': memoryLeft(memoryBytes, whole.memory.workingSetBytes) }),
        ...(pods?.memory?.limitBytes !== undefined && {
          'allocatableMemory.available': memoryLeft(Math.min(pods.memory.limitBytes, memoryBytes), pods.memory.workingSetBytes),
        }),
        ...(nodeFs && { 'nodefs.available': space(nodeFs), ...inodes('nodefs.inodesFree', nodeFs) }),
        ...(imageFs && { 'imagefs.available': space(imageFs), ...inodes('imagefs.inodesFree', imageFs) }),
        ...(layers && { 'containerfs.available': space(layers), ...inodes('containerfs.inodesFree', layers) }),
        'pid.available': { capacity: limit, available: limit - count },
      }
      const hasImageFs = nodeFs !== undefined && imageFs !== undefined && imageFs.id !== nodeFs.id
      return { observations, disks: { hasImageFs, isSplit: hasImageFs && containerFs !== undefined } }
    },
    pods: options.measure,
  }
}

const memoryLeft = (capacity: number, used: number): Observation => ({ capacity, available: Math.max(0, capacity - used) })
const space = ({ capacityBytes, availableBytes }: FileSystemStats): Observation => ({ capacity: capacityBytes, available: availableBytes })

/** File systems that make inodes as they need them (btrfs) have none to run out of. */
function inodes(signal: 'nodefs.inodesFree' | 'imagefs.inodesFree' | 'containerfs.inodesFree', fs: FileSystemStats): Observations {
  return fs.inodes > 0 ? { [signal]: { capacity: fs.inodes, available: fs.inodesFree } } : {}
}
