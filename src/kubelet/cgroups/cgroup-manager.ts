import type { Pod } from '#api/core/v1/pod.ts'
import type { CgroupManager } from '#kubelet/interfaces.ts'
import type { Clock } from '#lib/clock.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { qosClass } from '../pod/qos.ts'
import { cpuShares, MIN_SHARES } from '../resources/cpu-share.ts'
import type { CgroupTraits } from '../resources/node-resources.ts'
import type { CgroupDriver, QosClass } from './cgroup-names.ts'
import { cgroupParent, cgroupPath, podCgroup, qosCgroup, uidOf } from './cgroup-names.ts'
import { type CgroupResources, cpuRequestMilli, podCgroupResources } from './pod-resources.ts'

/** The kernel's control groups; `host/cgroups.ts` implements it for v1 and v2. Paths begin at the mount, as `/kubepods/burstable`. */
export interface CgroupHost {
  /** Makes the group, in every hierarchy there is, and the groups above it. */
  make(path: string): Promise<void>
  readonly traits: CgroupTraits
  /** Sets what is named; a limit left out is lifted. */
  limit(path: string, resources: CgroupResources): Promise<void>
  /** What is set now, as far as `limit` sets it; without huge pages. */
  read(path: string): Promise<CgroupResources>
  /** Undefined for a group that there is not. */
  memoryUsageBytes(path: string): Promise<number | undefined>
  /** Which processors may be used, as `0-2,7`. */
  limitCpus(path: string, cpus: string): Promise<void>
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
  /** What all pods together may use; left out: no bound beside the machine's own. Read at each `ensureTree`. */
  readonly allocatable?: () => NodeShare | undefined
  /** Groups of the machine's own services and what they may use; they have to exist. */
  readonly reserved?: readonly ReservedGroup[]
  readonly podPidsLimit?: number
  readonly hasCpuQuota?: boolean
  /** In which quotas are counted; left out: the kernel's own. */
  readonly cpuPeriodUs?: number
  readonly hugePageSizes?: readonly string[]
  /** Whether the pod has processors that nobody else runs on, so that it needs no quota. */
  readonly hasExclusiveCpus?: (pod: Pod) => boolean
  /** A group was held to its share; with `error`, the kernel did not take that because more is in use already, and it is tried again later. */
  readonly onEnforced?: (outcome: Enforcement) => void
}

/** A group of the machine's own services, and whose reservation it is. */
export interface ReservedGroup {
  readonly whose: 'system' | 'kube'
  readonly path: string
  readonly share: NodeShare
}

/** How it went to hold a group to its share of the machine. */
export interface Enforcement {
  readonly of: 'pods' | ReservedGroup['whose']
  readonly path: string
  readonly error?: unknown
}

/** A part of the machine; left out: not limited. */
export interface NodeShare {
  readonly cpuMilli?: number
  readonly memoryBytes?: number
  readonly pids?: number
}

const classes: readonly QosClass[] = ['Guaranteed', 'Burstable', 'BestEffort']
/** Processes that got KILL are gone in milliseconds, unless the kernel holds them in a system call. */
const removeMs = 10_000
const firstWaitMs = 5
/** The reference's pause before it tries again to hold the pods to their share. */
const enforceAgainMs = 60_000

export function createCgroupManager(options: CgroupOptions): CgroupManager & {
  /** Removes the whole tree and the groups above it that are then empty, for a node that leaves the machine. Kills what is left in it. */
  removeTree(): Promise<void>
  /** Gives up what is still to be tried again. */
  close(): void
} {
  const { host, clock, driver = 'cgroupfs', root = '' } = options
  const pathOf = (name: readonly string[]) => cgroupPath(name, driver, root)
  /** Requests of the burstable pods, whose sum is their group's weight. */
  const burstable = new Map<string, number>()
  let burstableShares: number | undefined
  const limitsOf = (pod: Pod): CgroupResources =>
    podCgroupResources(pod, {
      podPidsLimit: options.podPidsLimit ?? -1,
      hasCpuQuota: options.hasCpuQuota !== false && host.traits.hasCpuQuota && !options.hasExclusiveCpus?.(pod),
      ...(options.cpuPeriodUs !== undefined && { cpuPeriodUs: options.cpuPeriodUs }),
      hugePageSizes: host.traits.hasHugePages ? (options.hugePageSizes ?? []) : [],
    })

  const again = new Map<string, () => void>()
  const close = (): void => {
    for (const forget of again.values()) forget()
  }
  /** More may be in use than is allowed from now on: who evicts pods brings it down, and then it holds. */
  const enforce = async (of: Enforcement['of'], path: string, share: NodeShare): Promise<void> => {
    try {
      // A group that is not ours keeps what it has, but for what is reserved for it.
      const kept = of === 'pods' ? { cpuShares: 0 } : await host.read(path)
      await host.limit(path, {
        ...kept,
        cpuShares: share.cpuMilli === undefined ? kept.cpuShares : cpuShares(share.cpuMilli),
        ...(share.memoryBytes !== undefined && { memoryBytes: share.memoryBytes }),
        ...(share.pids !== undefined && { pids: share.pids }),
      })
      options.onEnforced?.({ of, path })
    } catch (error) {
      options.onEnforced?.({ of, path, error })
      again.set(
        path,
        clock.schedule(clock.now() + enforceAgainMs, () => void enforce(of, path, share)),
      )
    }
  }

  const sharesOfBurstable = () => cpuShares([...burstable.values()].reduce((sum, milli) => sum + milli, 0))
  const weighBurstable = async (): Promise<void> => {
    const shares = sharesOfBurstable()
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
      const share = options.allocatable?.()
      if (share !== undefined) await enforce('pods', top, share)
      for (const { whose, path, share: own } of options.reserved ?? []) await enforce(whose, path, own)
      for (const qos of ['Burstable', 'BestEffort'] as const) await host.make(pathOf(qosCgroup(qos)))
      await host.limit(pathOf(qosCgroup('BestEffort')), { cpuShares: MIN_SHARES })
      const path = pathOf(qosCgroup('Burstable'))
      // What runs there since a former kubelet keeps what it was promised, until it is known again what that is.
      const hasPods = (await host.children(path)).some((child) => uidOf(child) !== undefined)
      burstableShares = hasPods ? (await host.read(path)).cpuShares : MIN_SHARES
      if (!hasPods) await host.limit(path, { cpuShares: MIN_SHARES })
    },
    async adopt(pod) {
      if (qosClass(pod) !== 'Burstable' || burstable.has(pod.metadata.uid)) return
      burstable.set(pod.metadata.uid, cpuRequestMilli(pod))
      // One after another becomes known: the others count by what there is.
      if (sharesOfBurstable() > (burstableShares ?? 0)) await weighBurstable()
    },
    async ensurePod(pod: Pod) {
      const qos = qosClass(pod)
      const { uid } = pod.metadata
      const name = podCgroup(uid, qos)
      await host.make(pathOf(name))
      await host.limit(pathOf(name), limitsOf(pod))
      if (qos === 'Burstable') {
        burstable.set(uid, cpuRequestMilli(pod))
        await weighBurstable()
      }
      return cgroupParent(name, driver, root)
    },
    parentOf: (pod) => cgroupParent(podCgroup(pod.metadata.uid, qosClass(pod)), driver, root),
    async makeRoom(pod) {
      const path = pathOf(podCgroup(pod.metadata.uid, qosClass(pod)))
      const [now, wanted] = [await host.read(path), limitsOf(pod)]
      // No limit is more than any.
      const larger = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : Math.max(a, b))
      // The period of old may have been another.
      const scale = (wanted.cpuPeriod ?? 1) / (now.cpuPeriod ?? wanted.cpuPeriod ?? 1)
      const cpuQuota = larger(now.cpuQuota && Math.ceil(now.cpuQuota * scale), wanted.cpuQuota)
      const memoryBytes = larger(now.memoryBytes, wanted.memoryBytes)
      const { cpuQuota: _, cpuPeriod, memoryBytes: __, ...rest } = wanted
      await host.limit(path, {
        ...rest,
        cpuShares: Math.max(now.cpuShares, wanted.cpuShares),
        ...(cpuQuota !== undefined && { cpuQuota, ...(cpuPeriod !== undefined && { cpuPeriod }) }),
        ...(memoryBytes !== undefined && { memoryBytes }),
      })
    },
    memory: async (pod) => {
      const path = pathOf(podCgroup(pod.metadata.uid, qosClass(pod)))
      const { memoryBytes } = await host.read(path)
      return { usageBytes: await host.memoryUsageBytes(path), limitBytes: memoryBytes, wantedBytes: limitsOf(pod).memoryBytes }
    },
    traits: host.traits,
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
    close,
    async removeTree() {
      close()
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
