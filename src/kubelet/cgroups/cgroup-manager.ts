import type { Pod } from '#api/core/v1/pod.ts'
import type { CgroupManager } from '#kubelet/interfaces.ts'
import type { Clock } from '#lib/clock.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { CgroupDriver, QosClass } from './cgroup-names.ts'
import { cgroupParent, cgroupPath, podCgroup, qosCgroup, uidOf } from './cgroup-names.ts'
import type { CgroupResources } from './pod-resources.ts'
import { cpuRequestMilli, minShares, podCgroupResources, qosOf, sharesOf } from './pod-resources.ts'

/** The kernel's control groups; `host/cgroups.ts` implements it for v1 and v2. Paths begin at the mount, as `/kubepods/burstable`. */
export interface CgroupHost {
  /** Makes the group, in every hierarchy there is, and the groups above it. */
  make(path: string): Promise<void>
  /** Sets what is named; a limit left out is lifted. */
  limit(path: string, resources: CgroupResources): Promise<void>
  /** Names of the groups directly below; empty when there is none. */
  children(path: string): Promise<readonly string[]>
  /** Sends KILL to every process in the group and below. */
  kill(path: string): Promise<void>
  /** Removes the group and all below it. False while processes are still in it. */
  remove(path: string): Promise<boolean>
}

export interface CgroupOptions {
  readonly host: CgroupHost
  readonly clock: Clock
  readonly driver?: CgroupDriver
  /** Group above `kubepods`, such as `/wherry/node-1`: several nodes on one machine keep apart by it. */
  readonly root?: string
  /** What all pods together may use; left out: no bound beside the machine's own. */
  readonly allocatable?: { readonly cpuMilli: number; readonly memoryBytes: number }
}

const classes: readonly QosClass[] = ['Guaranteed', 'Burstable', 'BestEffort']
/** Processes that got KILL are gone in milliseconds, unless the kernel holds them in a system call. */
const removeMs = 10_000
const firstWaitMs = 5

export function createCgroupManager(options: CgroupOptions): CgroupManager & {
  /** Removes the whole tree and the groups above it that are then empty, for a node that leaves the machine. Kills what is left in it. */
  removeTree(): Promise<void>
} {
  const { host, clock, driver = 'cgroupfs', root = '', allocatable } = options
  const pathOf = (name: readonly string[]) => cgroupPath(name, driver, root)
  /** Requests of the burstable pods, whose sum is their group's weight. */
  const burstable = new Map<string, number>()
  let burstableShares: number | undefined

  const weighBurstable = async (): Promise<void> => {
    const shares = sharesOf([...burstable.values()].reduce((sum, milli) => sum + milli, 0))
    if (shares === burstableShares) return
    burstableShares = shares
    await host.limit(pathOf(qosCgroup('Burstable')), { cpuShares: shares })
  }
  const remove = async (path: string): Promise<void> => {
    const giveUpAt = clock.now() + removeMs
    for (let waitMs = firstWaitMs; ; waitMs *= 2) {
      await host.kill(path)
      if (await host.remove(path)) return
      if (clock.now() >= giveUpAt) throw new WherryError('Timeout', `processes in cgroup ${path} do not end`)
      await sleep(clock, waitMs)
    }
  }
  const groupsOf = async (uid: string): Promise<readonly string[]> => {
    const found: string[] = []
    for (const qos of classes) {
      const parent = pathOf(qosCgroup(qos))
      for (const child of await host.children(parent)) if (uidOf(child) === uid) found.push(`${parent}/${child}`)
    }
    return found
  }

  return {
    async ensureTree() {
      const top = pathOf(['kubepods'])
      await host.make(top)
      if (allocatable) await host.limit(top, { cpuShares: sharesOf(allocatable.cpuMilli), memoryBytes: allocatable.memoryBytes })
      for (const qos of ['Burstable', 'BestEffort'] as const) {
        await host.make(pathOf(qosCgroup(qos)))
        await host.limit(pathOf(qosCgroup(qos)), { cpuShares: minShares })
      }
      burstableShares = minShares
    },
    async ensurePod(pod: Pod) {
      const qos = qosOf(pod)
      const { uid } = pod.metadata
      const name = podCgroup(uid, qos)
      await host.make(pathOf(name))
      await host.limit(pathOf(name), podCgroupResources(pod, qos))
      if (qos === 'Burstable') {
        burstable.set(uid, cpuRequestMilli(pod))
        await weighBurstable()
      }
      return cgroupParent(name, driver, root)
    },
    async removePod(uid) {
      for (const path of await groupsOf(uid)) await remove(path)
      if (burstable.delete(uid)) await weighBurstable()
    },
    async known() {
      const uids = new Set<string>()
      for (const qos of classes) {
        for (const child of await host.children(pathOf(qosCgroup(qos)))) {
          const uid = uidOf(child)
          if (uid !== undefined) uids.add(uid)
        }
      }
      return [...uids].sort()
    },
    async removeTree() {
      await remove(pathOf(root === '' ? ['kubepods'] : []))
      // What stands above our root was made for it, unless another node's root is there too.
      const above = cgroupPath([], driver, root).split('/').slice(1, -1)
      for (; above.length > 0; above.pop()) {
        const path = `/${above.join('/')}`
        if ((await host.children(path)).length > 0 || !(await host.remove(path))) return
      }
    },
  }
}
