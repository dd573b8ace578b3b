import { existsSync, mkdirSync, readFileSync, watch } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { amountsOf } from '#api/core/v1/resources.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { createInformer } from '#client/informer.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { type Config, readConfig, serviceRanges } from '#host/config.ts'
import { type ContainerdOptions, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { exchangeDns, listenDns } from '#host/dns-sockets.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { type Layout, type Paths, paths } from '#host/layout.ts'
import { volumeHost } from '#host/mounts.ts'
import { names } from '#host/names.ts'
import { createNetworkHost } from '#host/network.ts'
import { networkProbe } from '#host/network-probe.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { nodeFacts } from '#host/node-facts.ts'
import { systemRandom } from '#host/random.ts'
import { isV6Range } from '#host/service-ranges.ts'
import { createCgroupManager } from '#kubelet/cgroups/cgroup-manager.ts'
import { createLogManager } from '#kubelet/container-log/log-manager.ts'
import { createKubelet, type Kubelet } from '#kubelet/kubelet.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createAuthenticate } from '#kubelet/server/authentication.ts'
import { createAuthorize } from '#kubelet/server/authorization.ts'
import { createKubeletServer } from '#kubelet/server/kubelet-server.ts'
import { accessReview, tokenReview } from '#kubelet/server/reviews.ts'
import { createObjectSource } from '#kubelet/volumes/object-source.ts'
import { createTokenSource } from '#kubelet/volumes/tokens.ts'
import { createVolumeManager } from '#kubelet/volumes/volume-manager.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { kubernetesVersion } from '#lib/version.ts'
import { createEventRecorder } from '#loop/events.ts'
import { serviceAddressIndex, sliceAddressIndex, startNodeNetwork } from '#network/node-network.ts'
import { sliceServiceIndex } from '#network/proxy/proxy.ts'
import { processLog, untilTold } from './process.ts'

/** Where systemd-resolved runs, /etc/resolv.conf names only its own loopback address, which a pod cannot reach. */
const resolvConf = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'].find(existsSync) ?? '/etc/resolv.conf'
const clock = systemClock
const random = systemRandom

/** Runs the agent of this machine's node until it is told to stop. Containers run on. */
export async function runAgent(layout: Layout): Promise<void> {
  const log = processLog('agent')
  const where = paths(layout)
  const config = readConfig(where.config)
  if (!config) throw new WherryError('ServiceUnavailable', `${where.config} is missing; "wherry up" writes it`)
  const transport = createHttpsTransport({
    server: `https://127.0.0.1:${config.apiPort}`,
    ca: pem(where, 'ca.crt'),
    certificate: () => pem(where, `nodes/${config.nodeName}/kubelet-client.crt`),
    key: () => pem(where, `nodes/${config.nodeName}/kubelet-client.key`),
    clock,
    random,
  })
  const client = createClient(transport, { fieldManager: 'wherry-agent' })
  const containerd = containerdOptions(layout)
  await ensureContainerd(containerd)
  const runtime = supervised(createCriRuntime({ endpoint: containerdSocket(containerd), clock }), containerd)
  const network = await runNetwork(config, where, client, log)
  const kubelet = makeKubelet(config, where, client, runtime, log)
  const server = makeServer(config, where, client, runtime, kubelet, log)
  await server.listen(config.kubeletPort)
  let isStopping = false
  kubelet.start().catch((error: unknown) => {
    if (isStopping) return
    // It tries again by itself whatever may pass. What is left would leave an agent that runs for nothing; one that ended is started anew.
    log.error('the kubelet could not start, so the agent ends', { error })
    process.exit(1)
  })

  const signal = await untilTold()
  isStopping = true
  log.info('stopping', { signal })
  await server.close()
  await kubelet.stop()
  await network.stop()
  runtime.close()
  transport.close()
}

/** Whoever listens for events wants the runtime to be there: one that died is started again before each subscription. */
function supervised<T extends Runtime>(runtime: T, containerd: ContainerdOptions): T {
  return {
    ...runtime,
    async *events(signal: AbortSignal) {
      await ensureContainerd(containerd)
      yield* runtime.events(signal)
    },
  }
}

/** Pod network, service proxy and DNS. The range of the node's pods comes with its Node object. */
async function runNetwork(config: Config, where: Paths, client: Client, log: Log) {
  const cache = { clock, random, log: log.with({ part: 'network' }) }
  const informers = {
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { ...sliceServiceIndex, ...sliceAddressIndex } }),
    pods: createInformer(client, Pod, { ...cache, fieldSelector: `spec.nodeName=${config.nodeName}` }),
    namespaces: createInformer(client, Namespace, cache),
  }
  const node = createInformer(client, Node, { ...cache, fieldSelector: `metadata.name=${config.nodeName}` })
  const network = await startNodeNetwork({
    host: createNetworkHost(where.savedSettings),
    listenDns: (address, handler) => listenDns(address, 53, handler, (error) => log.warn('a name server socket failed', { error })),
    exchangeDns,
    nameServers: nameServers(readFileSync(resolvConf, 'utf8')).filter((address) => address !== config.dnsAddress),
    clock,
    log,
    nodeName: config.nodeName,
    nodeAddress: config.nodeAddress,
    clusterCIDR: config.podCIDR,
    serviceCIDR: serviceRanges(config).find((range) => !isV6Range(range))!,
    dnsAddress: config.dnsAddress,
    clusterDomain: config.clusterDomain,
    mtu: mtuOf(config.nodeAddress),
    names: { bridge: names.bridge, dnsDevice: names.serviceDevice, table: names.table },
    cniConfigFile: join(where.cniConfig, '10-wherry.conflist'),
    cniStateDirectory: where.cniState,
    informers,
  })
  let podCIDR = ''
  node.onChange(({ spec }, _previous, change) => {
    if (change === 'deleted' || !spec.podCIDR || spec.podCIDR === podCIDR) return
    podCIDR = spec.podCIDR
    network.setPodCIDR(podCIDR).catch((error: unknown) => log.error('the network configuration could not be written', { error }))
  })
  return {
    async stop() {
      await network.stop()
      await Promise.all([node, ...Object.values(informers)].map((informer) => informer.close()))
    },
  }
}

function makeKubelet(config: Config, where: Paths, client: Client, runtime: Runtime, log: Log): Kubelet {
  mkdirSync(where.kubelet, { recursive: true, mode: 0o750 })
  const recorder = createEventRecorder({ client, clock, random, log, component: 'kubelet', host: config.nodeName })
  const volumes = createVolumeManager({
    rootDirectory: where.kubelet,
    host: volumeHost,
    objects: createObjectSource(client, { clock, random, log }),
    tokens: createTokenSource(client, () => clock.now()),
    allocatable: () => allocatableAmounts(kubelet.allocatable()),
    clock,
    random,
    report: (pod, error) => recorder.record({ regarding: pod, type: 'Warning', reason: 'FailedMount', message: (error as Error).message }),
    ready: (uid) => kubelet.look(uid),
  })
  const kubelet = createKubelet({
    config: {
      nodeName: config.nodeName,
      rootDirectory: where.kubelet,
      podLogsDirectory: where.podLogs,
      seccompDirectory: join(where.kubelet, 'seccomp'),
      clusterDns: { servers: [config.dnsAddress], domain: config.clusterDomain },
      resolvConf,
      port: config.kubeletPort,
      maxPods: 110,
      reserved: { cpuMilli: 0, memoryBytes: 0 },
      labels: {},
      taints: [],
      version: kubernetesVersion,
    },
    client,
    clock,
    random,
    log,
    runtime,
    volumes,
    cgroups: createCgroupManager({ host: cgroupHost(), clock, root: names.cgroupRoot }),
    logs: createLogManager({
      files: logFiles,
      runtime,
      clock,
      report: (error, logPath) => log.warn('a log could not be rotated', { logPath, error }),
    }),
    files: nodeFiles,
    network: networkProbe,
    events: recorder,
    facts: nodeFacts({ rootDirectory: where.kubelet, addresses: [config.nodeAddress] }),
  })
  return kubelet
}

function makeServer(config: Config, where: Paths, client: Client, runtime: Runtime, kubelet: Kubelet, log: Log) {
  return createKubeletServer({
    nodeName: config.nodeName,
    pods: kubelet.pods,
    runtime,
    logFiles,
    authenticate: createAuthenticate({ reviewToken: tokenReview(client), clock }),
    authorize: createAuthorize({ review: accessReview(client, config.nodeName), clock }),
    certificate: {
      current: () => ({
        certificate: pem(where, `nodes/${config.nodeName}/kubelet-serving.crt`),
        key: pem(where, `nodes/${config.nodeName}/kubelet-serving.key`),
        clientCa: pem(where, 'ca.crt'),
      }),
      // The server process renews the files; what it wrote is taken up without a restart.
      onChange: (listener) => watched(join(where.pki, 'nodes', config.nodeName), listener),
    },
    clock,
    log,
  })
}

/** The listener hears of files once they have been left alone for a moment: certificate and key are two, and only fit when both are new. */
function watched(directory: string, listener: () => void): () => void {
  let forget = (): void => {}
  const watcher = watch(directory, { persistent: false }, () => {
    forget()
    forget = clock.schedule(clock.now() + 1_000, listener)
  })
  return () => {
    forget()
    watcher.close()
  }
}

function allocatableAmounts(list: Readonly<Record<string, string>>) {
  const amounts = amountsOf(list)
  return { cpuMilli: amounts['cpu'] ?? 0, memoryBytes: amounts['memory'] ?? 0, ephemeralStorageBytes: amounts['ephemeral-storage'] ?? 0 }
}

const pem = (where: Paths, name: string): string => readFileSync(join(where.pki, name), 'utf8')

/** resolv.conf(5). Our own address would ask itself for ever. */
const nameServers = (text: string): string[] => [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map((match) => match[1]!)

/** Of the interface that has the node's address: a bigger packet would not leave the machine. */
function mtuOf(address: string): number {
  const device = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
  return device ? Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) : 1500
}
