import type { CgroupManager, Files, LogManager, MachineFacts, VolumeManager } from '#kubelet/interfaces.ts'

/** A node's disk and kernel, in memory: what outlives a kubelet. */
export interface SimulatedMachine {
  readonly volumes: VolumeManager
  readonly cgroups: CgroupManager
  readonly logs: LogManager
  readonly files: Files
  facts(): MachineFacts
  /** Another boot: what was mounted and grouped is gone, files stay. */
  reboot(): void
}

export interface SimulatedMachineOptions {
  readonly name: string
  readonly address: string
  readonly cpuCount: number
  readonly memoryBytes: number
}

export function createSimulatedMachine({ name, address, cpuCount, memoryBytes }: SimulatedMachineOptions): SimulatedMachine {
  const mounted = new Set<string>()
  const groups = new Set<string>()
  let boot = 1
  return {
    volumes: {
      async prepare(pod) {
        mounted.add(pod.metadata.uid)
        const place = (volume: string) => `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/${volume}`
        return new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, { hostPath: place(volume.name), readOnly: false }]))
      },
      refresh() {},
      teardown: async (uid) => void mounted.delete(uid),
      known: async () => [...mounted],
      subPath: async (uid, volume, _container, _index, subPath) => `/var/lib/kubelet/pods/${uid}/volumes/${volume}/${subPath}`,
      close: async () => {},
    },
    cgroups: {
      ensureTree: async () => {},
      async ensurePod({ metadata: { uid } }) {
        groups.add(uid)
        return `/kubepods/pod${uid}`
      },
      removePod: async (uid) => void groups.delete(uid),
      known: async () => [...groups],
    },
    logs: { track() {}, forget() {}, remove: async () => {}, tail: async () => '', close: async () => {} },
    files: memoryFiles(),
    facts: () => ({
      hostname: name,
      addresses: [address],
      cpuCount,
      memoryBytes,
      memoryAvailableBytes: memoryBytes / 2,
      swapBytes: 0,
      storage: { capacityBytes: 100 * 2 ** 30, availableBytes: 50 * 2 ** 30, inodes: 1_000_000, inodesFree: 500_000 },
      hugepages: {},
      processLimit: 32_768,
      processCount: 100,
      machineId: name,
      systemUuid: name,
      bootId: `${name}-${boot}`,
      kernelVersion: '6.1.0',
      osImage: 'Simulated',
      architecture: 'amd64',
    }),
    reboot() {
      boot += 1
      mounted.clear()
      groups.clear()
    },
  }
}

function memoryFiles(): Files {
  const files = new Map<string, Uint8Array>()
  return {
    read: async (path, limitBytes) => files.get(path)?.subarray(0, limitBytes),
    write: async (path, content) => void files.set(path, Buffer.from(content)),
    makeDirectory: async () => {},
    list: async (path) => [...files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
    async remove(path) {
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name)
    },
    link: async () => {},
  }
}
