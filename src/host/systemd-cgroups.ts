import type { CgroupHost } from '#kubelet/cgroups/cgroup-manager.ts'
import type { CgroupResources } from '#kubelet/cgroups/pod-resources.ts'
import { CPU_PERIOD_US, cpuWeight } from '#kubelet/resources/cpu-share.ts'
import { isError } from '#lib/errors.ts'
import { run as runProgram } from './run.ts'

/**
 * Groups that systemd has to know of, since the runtime makes its own as systemd units inside of them (driver `systemd`): a slice that systemd
 * first hears of from the runtime would get its default limits over ours. Each is a transient unit, made and limited over D-Bus by `busctl`
 * (org.freedesktop.systemd1(5)); what systemd does not limit (huge pages) and what is read is the kernel's own files, as without systemd.
 */
export function systemdCgroupHost(kernel: CgroupHost, run: typeof runProgram = runProgram): CgroupHost {
  const call = (method: string, signature: string, args: readonly string[]) =>
    run('busctl', ['--system', 'call', SYSTEMD, OBJECT, MANAGER, method, signature, ...args], { timeoutMs: CALL_TIMEOUT_MS })
  /** Made by this process: making them again would only be refused. */
  const made = new Set<string>()
  const slicesOf = (path: string) => path.split('/').filter((part) => part.endsWith('.slice'))

  return {
    ...kernel,
    async make(path) {
      for (const slice of slicesOf(path)) {
        if (made.has(slice)) continue
        const properties = [
          ['Description', 's', 'containers of Kubernetes pods'],
          ['DefaultDependencies', 'b', 'false'],
          ['MemoryAccounting', 'b', 'true'],
          ['CPUAccounting', 'b', 'true'],
          ['TasksAccounting', 'b', 'true'],
        ]
        try {
          await call('StartTransientUnit', 'ssa(sv)a(sa(sv))', [slice, 'replace', String(properties.length), ...properties.flat(), '0'])
        } catch (error) {
          // It was made before.
          if (!isSaid(error, 'already exists', 'already loaded', 'UnitExists')) throw error
        }
        made.add(slice)
      }
      await kernel.make(path)
    },
    async limit(path, resources) {
      const slice = slicesOf(path).at(-1)
      if (slice !== undefined) {
        const properties = slicePropertiesOf(resources, kernel.traits.isUnified)
        await call('SetUnitProperties', 'sba(sv)', [slice, 'true', String(properties.length), ...properties.flat()])
      }
      // systemd writes what it was told when it gets to it; a pod starts now.
      await kernel.limit(path, resources)
    },
    async remove(path) {
      if (!(await kernel.remove(path))) return false
      const slice = slicesOf(path).at(-1)
      if (slice === undefined) return true
      made.delete(slice)
      try {
        await call('StopUnit', 'ss', [slice, 'replace'])
      } catch (error) {
        if (!isSaid(error, 'not loaded', 'NoSuchUnit')) throw error
      }
      return true
    },
  }
}

/** Limits as properties of a unit (systemd.resource-control(5)). */
export function slicePropertiesOf(resources: CgroupResources, isUnified: boolean): readonly (readonly [string, string, string])[] {
  const { cpuQuota, cpuPeriod = CPU_PERIOD_US, memoryBytes, pids } = resources
  // In steps of a hundredth of a processor: systemd rounds down otherwise, and the pod would get less than it was promised.
  const quotaPerSecond = cpuQuota === undefined ? INFINITY : String(Math.ceil((cpuQuota * 1_000_000) / cpuPeriod / 10_000) * 10_000)
  return [
    isUnified ? ['CPUWeight', 't', String(cpuWeight(resources.cpuShares))] : ['CPUShares', 't', String(resources.cpuShares)],
    ['CPUQuotaPerSecUSec', 't', quotaPerSecond],
    // Its own is the kernel's; releases of systemd before 242 know no other.
    ...(cpuPeriod === CPU_PERIOD_US ? [] : [['CPUQuotaPeriodUSec', 't', String(cpuPeriod)] as const]),
    [isUnified ? 'MemoryMax' : 'MemoryLimit', 't', memoryBytes === undefined ? INFINITY : String(memoryBytes)],
    ['TasksMax', 't', pids === undefined ? INFINITY : String(pids)],
  ]
}

const SYSTEMD = 'org.freedesktop.systemd1'
const OBJECT = '/org/freedesktop/systemd1'
const MANAGER = 'org.freedesktop.systemd1.Manager'
const CALL_TIMEOUT_MS = 30_000
/** The greatest number of 64 bits stands for no limit. */
const INFINITY = String(2n ** 64n - 1n)

const isSaid = (error: unknown, ...words: readonly string[]): boolean =>
  isError(error, 'InternalError') && words.some((word) => error.message.includes(word))
