import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type Features, noFeatures, optionalVersions } from '#api/features.ts'
import { servedKinds } from '#api/served-kinds.ts'
import { createTestServer, type TestServer } from '#apiserver/testing.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import type { Clock } from '#lib/clock.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { KubeletConfig } from './config.ts'
import type { CgroupManager, EventSink, Files, LogManager, MachineFacts, NetworkProbe, VolumeManager } from './interfaces.ts'
import { createKubelet, type Kubelet, type KubeletOptions } from './kubelet.ts'
import type { Runtime } from './runtime.ts'

/** For tests: an API server in memory with one node's kubelet at it. What a test does not hand in does nothing, and succeeds. */
export interface TestNode {
  readonly server: TestServer
  readonly client: Client
  /** `Reason message`, in order. */
  readonly events: string[]
  /** Makes a pod bound to the node, in the namespace default. */
  create(name: string, spec: object, metadata?: object): Promise<Pod>
  pod(name: string): Promise<Pod | undefined>
  /** A kubelet process: a second one after `stop` takes over what the first left. */
  startKubelet(config?: Partial<KubeletConfig>): Promise<Kubelet>
  close(): Promise<void>
}

export interface TestNodeOptions {
  readonly clock: Clock
  readonly runtime: Runtime
  readonly network: NetworkProbe
  readonly seed?: number
  readonly files?: Files
  readonly volumes?: VolumeManager
  readonly cgroups?: CgroupManager
  readonly logs?: LogManager
  readonly images?: KubeletOptions['images']
  /** What the kubelet's client is to be, made of the one that it would have. */
  readonly through?: (client: Client) => Client
  readonly config?: Partial<KubeletConfig>
  readonly machine?: Partial<MachineFacts>
  readonly log?: KubeletOptions['log']
  /** Feature gates of the API server that are on beside the defaults, with all that they serve. */
  readonly features?: Features
  /** Further parts of the node: its devices, what it says of itself. */
  readonly parts?: Pick<
    KubeletOptions,
    'observer' | 'tracer' | 'admitters' | 'resourceManagers' | 'nodeSources' | 'podSources' | 'runtimeHandler' | 'podNetwork'
  >
}

export async function createTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { clock } = options
  const { features = noFeatures } = options
  const server = await createTestServer({
    clock,
    ...(features.size > 0 && {
      kinds: servedKinds(features, Object.fromEntries(Object.keys(optionalVersions).map((version) => [version, true]))),
      server: { features },
    }),
  })
  const client = createClient(server.transport)
  for (const name of ['default', 'kube-node-lease']) await client.create(Namespace, { metadata: { name } }).catch(onlyExisting)
  await client.create(ServiceAccount, { metadata: { name: 'default' } }, { namespace: 'default' }).catch(onlyExisting)
  const events: string[] = []
  const sink: EventSink = { record: ({ reason, message }) => void events.push(`${reason} ${message}`) }
  const running = new Set<Kubelet>()
  let processes = 0

  return {
    server,
    client,
    events,
    create: (name, spec, metadata = {}) =>
      client.create(
        Pod,
        { metadata: { name, ...metadata }, spec: { nodeName: 'node', automountServiceAccountToken: false, ...spec } } as never,
        { namespace: 'default' },
      ),
    pod: (name) => client.get(Pod, name, 'default').catch(onlyMissing),
    async startKubelet(changed = {}) {
      const kubelet = createKubelet({
        config: { ...config, ...options.config, ...changed },
        client: options.through?.(client) ?? client,
        clock,
        random: seededRandom((options.seed ?? 1) * 1000 + (processes += 1)),
        log: options.log ?? silentLog,
        runtime: options.runtime,
        ...(options.images && { images: options.images }),
        network: options.network,
        volumes: options.volumes ?? noVolumes(),
        cgroups: options.cgroups ?? noCgroups,
        logs: options.logs ?? noLogs,
        files: options.files ?? memoryFiles(),
        events: sink,
        facts: { read: async () => ({ ...machine, ...options.machine }) },
        ...options.parts,
      })
      running.add(kubelet)
      const stop = kubelet.stop
      kubelet.start().catch((error: unknown) => {
        if (running.has(kubelet)) throw error
      })
      return {
        ...kubelet,
        async stop() {
          running.delete(kubelet)
          await stop()
        },
      }
    },
    async close() {
      for (const kubelet of running) {
        running.delete(kubelet)
        await kubelet.stop()
      }
      await server.close()
    },
  }
}

/** What the test node is set to, and what its machine is. */
export { config as testConfig, machine as testMachine }

const config: KubeletConfig = {
  nodeName: 'node',
  rootDirectory: '/var/lib/kubelet',
  podLogsDirectory: '/var/log/pods',
  seccompDirectory: '/var/lib/kubelet/seccomp',
  clusterDns: { servers: ['10.96.0.10'], domain: 'cluster.local' },
  resolvConf: '/etc/resolv.conf',
  port: 10250,
  maxPods: 110,
  reserved: { cpuMilli: 0, memoryBytes: 0 },
  labels: {},
  taints: [],
  version: 'v1.36.3',
}

const machine: MachineFacts = {
  hostname: 'machine',
  addresses: ['192.0.2.1'],
  cpuCount: 4,
  memoryBytes: 8 * 2 ** 30,
  memoryAvailableBytes: 4 * 2 ** 30,
  swapBytes: 0,
  storage: { capacityBytes: 100 * 2 ** 30, availableBytes: 50 * 2 ** 30, inodes: 1_000_000, inodesFree: 500_000 },
  hugepages: {},
  processLimit: 32_768,
  processCount: 100,
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  architecture: 'amd64',
}

export function noVolumes(): VolumeManager {
  const known = new Set<string>()
  return {
    async prepare(pod) {
      known.add(pod.metadata.uid)
      return new Map((pod.spec.volumes ?? []).map(({ name }) => [name, { hostPath: `/volumes/${name}`, readOnly: false }]))
    },
    refresh() {},
    teardown: async (uid) => void known.delete(uid),
    known: async () => [...known],
    subPath: async (_uid, volume, _container, _index, subPath) => `/volumes/${volume}/${subPath}`,
    close: async () => {},
  }
}

export const noCgroups: CgroupManager = {
  ensureTree: async () => {},
  ensurePod: async (pod) => `/kubepods/pod${pod.metadata.uid}`,
  removePod: async () => {},
  known: async () => [],
}

const noLogs: LogManager = { track() {}, forget() {}, remove: async () => {}, tail: async () => '', close: async () => {} }

export function memoryFiles(): Files {
  const files = new Map<string, Uint8Array>()
  return {
    read: async (path, limitBytes) => files.get(path)?.subarray(0, limitBytes),
    write: async (path, content) => void files.set(path, Buffer.from(content)),
    makeDirectory: async () => {},
    list: async (path) => [...files.keys()].filter((name) => name.startsWith(`${path}/`)),
    async remove(path) {
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name)
    },
    link: async () => {},
  }
}

function onlyExisting(error: unknown): void {
  if ((error as { code?: string }).code !== 'AlreadyExists') throw error
}
function onlyMissing(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'NotFound') throw error
}
