import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { containerdPidFile, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { stopDaemon } from '#host/daemon.ts'
import { ociArchive } from '#host/images/oci-archive.ts'
import { pauseArchive } from '#host/images/pause.ts'
import { importImages } from '#host/images/store.ts'
import { mountsBelow, unmount } from '#host/mounts.ts'
import { createCgroupManager } from '#kubelet/cgroups/cgroup-manager.ts'
import type { ContainerRecord, PodLookup, PodRecord } from '#kubelet/interfaces.ts'
import type { ContainerConfig, SandboxConfig } from '#kubelet/runtime.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'

/** Where Debian's busybox-static puts it: the one program in the test image. */
export const busybox = '/bin/busybox'
export const testImage = 'wherry.test/busybox:1'

/**
 * A containerd of our own with pods made directly through CRI, for tests of what stands above it. Everything lies in one temporary folder
 * and one cgroup, and is gone after `close`.
 */
export async function startNode() {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-node-'))
  const options = {
    rootDirectory: join(folder, 'root'),
    stateDirectory: join(folder, 'state'),
    logFile: join(folder, 'containerd.log'),
    cniConfigDirectory: join(folder, 'cni'),
    cniBinaryDirectories: ['/usr/lib/cni'],
  }
  mkdirSync(options.cniConfigDirectory)
  writeFileSync(join(options.cniConfigDirectory, '10-test.conflist'), JSON.stringify(networkOf(folder)))
  await ensureContainerd(options)
  const socket = containerdSocket(options)
  const machine = process.arch === 'arm64' ? 'arm64' : 'x64'
  await importImages(socket, pauseArchive(machine))
  await importImages(socket, busyboxArchive())
  const runtime = createCriRuntime({ endpoint: socket, clock: systemClock })
  const root = `/wherry-node-${process.pid}`
  const cgroups = createCgroupManager({ host: cgroupHost(), clock: systemClock, root })
  await cgroups.ensureTree()
  const records = new Map<string, PodRecord>()
  const listeners = new Set<(uid: string) => void>()

  return {
    runtime,
    folder,
    cgroupRoot: root,
    pids: () => Number(readFileSync(containerdPidFile(options), 'utf8').split(/\s/)[0]),
    lookup: lookupOf(records, listeners),
    /** A pod of one container that runs this script in a shell. */
    async runPod(name: string, script: string, how: { readonly tty?: boolean; readonly stdin?: boolean } = {}) {
      const uid = `uid-${name}`
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', uid, resourceVersion: '1', creationTimestamp: rfc3339(systemClock.now()) },
        spec: {
          nodeName: 'node',
          containers: [{ name: 'main', image: testImage, tty: how.tty === true, stdin: how.stdin === true, resources: {} }],
        },
      } as unknown as Pod
      const logDirectory = join(folder, 'logs', name)
      mkdirSync(join(logDirectory, 'main'), { recursive: true })
      const sandbox = sandboxConfig(name, uid, logDirectory, await cgroups.ensurePod(pod))
      const sandboxId = await runtime.runSandbox(sandbox)
      const id = await runtime.createContainer(sandboxId, containerConfig(script, how), sandbox)
      await runtime.startContainer(id)
      const container: ContainerRecord = {
        name: 'main',
        kind: 'regular',
        id,
        attempt: 0,
        state: 'running',
        logPath: join(logDirectory, 'main/0.log'),
      }
      const status = {
        phase: 'Running',
        containerStatuses: [{ name: 'main', containerID: `containerd://${id}`, state: { running: {} }, ready: true, started: true }],
      }
      const record: PodRecord = { pod, withStatus: { ...pod, status } as unknown as Pod, sandboxId, containers: [container] }
      records.set(uid, record)
      return {
        record,
        id,
        /** The kubelet's core would learn it from an event. */
        ended() {
          records.set(uid, { ...record, containers: [{ ...container, state: 'exited' }] })
          for (const listener of listeners) listener(uid)
        },
      }
    },
    async close() {
      for (const { sandboxId } of records.values()) {
        await runtime.stopSandbox(sandboxId!)
        await runtime.removeSandbox(sandboxId!)
      }
      runtime.close()
      await stopDaemon(containerdPidFile(options))
      await cgroups.removeTree()
      for (const mount of await mountsBelow(folder)) await unmount(mount)
      rmSync(folder, { recursive: true })
    },
  }
}

/** Why such a node cannot be had here, for `skip`. */
export function missingForNode(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  if (!existsSync(busybox)) return `needs ${busybox} (Debian package busybox-static)`
  try {
    execFileSync('containerd', ['--version'])
  } catch {
    return 'needs containerd'
  }
  return false
}

function busyboxArchive(): Uint8Array[] {
  const commands = [
    'sh',
    'cat',
    'sleep',
    'echo',
    'nc',
    'head',
    'tar',
    'stty',
    'wc',
    'yes',
    'dd',
    'mkdir',
    'rm',
    'ls',
    'true',
    'seq',
    'md5sum',
    'test',
    'httpd',
  ]
  return ociArchive(
    { name: testImage, architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', entrypoint: ['/bin/sh'], env: ['PATH=/bin'] },
    [
      { type: 'directory', path: 'bin', mode: 0o755 },
      { type: 'directory', path: 'tmp', mode: 0o1777 },
      { type: 'file', path: 'bin/busybox', mode: 0o755, parts: [readFileSync(busybox)] },
      ...commands.map((name) => ({ type: 'link' as const, path: `bin/${name}`, target: 'busybox' })),
    ],
  )
}

/** A veth pair into each pod, gone with its namespace: nothing of the network outlives the pods. */
const networkOf = (folder: string) => ({
  cniVersion: '0.4.0',
  name: 'wherry-test',
  plugins: [{ type: 'ptp', ipam: { type: 'host-local', ranges: [[{ subnet: '10.217.93.0/24' }]], dataDir: join(folder, 'addresses') } }],
})

const sandboxConfig = (name: string, uid: string, logDirectory: string, cgroupParent: string): SandboxConfig => ({
  metadata: { name, namespace: 'default', uid, attempt: 0 },
  hostname: name,
  logDirectory,
  portMappings: [],
  labels: {},
  annotations: {},
  cgroupParent,
  sysctls: {},
  security: {
    network: 'pod',
    pid: 'container',
    ipc: 'pod',
    supplementalGroups: [],
    privileged: false,
    readonlyRootfs: false,
    seccomp: { type: 'RuntimeDefault' },
  },
  runtimeHandler: '',
})

const containerConfig = (script: string, how: { readonly tty?: boolean; readonly stdin?: boolean }): ContainerConfig => ({
  metadata: { name: 'main', attempt: 0 },
  image: testImage,
  userImage: testImage,
  command: ['/bin/sh', '-c', script],
  args: [],
  workingDir: '/',
  env: [],
  mounts: [],
  devices: [],
  labels: {},
  annotations: {},
  logPath: 'main/0.log',
  stdin: how.stdin === true,
  stdinOnce: false,
  tty: how.tty === true,
  resources: { cpuPeriod: 0, cpuQuota: 0, cpuShares: 2, memoryLimitBytes: 0, oomScoreAdj: 1000 },
  security: {
    privileged: false,
    addCapabilities: [],
    dropCapabilities: [],
    network: 'pod',
    pid: 'container',
    ipc: 'pod',
    supplementalGroups: [],
    readonlyRootfs: false,
    noNewPrivs: false,
    maskedPaths: [],
    readonlyPaths: [],
    seccomp: { type: 'RuntimeDefault' },
  },
})

function lookupOf(records: ReadonlyMap<string, PodRecord>, listeners: Set<(uid: string) => void>): PodLookup {
  return {
    list: () => [...records.values()],
    get: (namespace, name) =>
      [...records.values()].find(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name),
    byUid: (uid) => records.get(uid),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    killPod: () => Promise.reject(new WherryError('MethodNotAllowed', 'nothing is evicted in this test')),
  }
}
