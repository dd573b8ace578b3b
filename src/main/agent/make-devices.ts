import { join } from 'node:path'
import { readMachineTopology } from '#host/machine-topology.ts'
import { checkpointFile } from '#host/plugins/checkpoint-file.ts'
import { deviceFolder } from '#host/plugins/device-folder.ts'
import { dialRpc, serveRpc } from '#host/plugins/rpc.ts'
import { createDeviceManager } from '#kubelet/devices/device-manager.ts'
import { startRegistrationServer } from '#kubelet/devices/registration-server.ts'
import { resetResources } from '#kubelet/devices/reset-resources.ts'
import { createDraManager } from '#kubelet/dra/dra-manager.ts'
import type { NodeSource, ResourceManager } from '#kubelet/interfaces.ts'
import type { Kubelet } from '#kubelet/kubelet.ts'
import { observePlugins } from '#kubelet/plugins/plugin-metrics.ts'
import type { PluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import type { RpcServer } from '#kubelet/plugins/rpc.ts'
import { type ExclusiveResources, startPodResourcesServer } from '#kubelet/pod-resources/pod-resources-server.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import type { AgentContext } from './agent-context.ts'

/** Devices of this node: those of device plug-ins, those of claims, and the socket that tells who holds them. */
export interface NodeDevices {
  readonly resourceManagers: readonly ResourceManager[]
  readonly nodeSource: NodeSource
  /** What was given out before is known, and plug-ins may register. Before the plug-in watcher and the kubelet start. */
  start(): Promise<void>
  /** All pods of this node are known: what others held is free. */
  podsAreKnown(): void
  close(): Promise<void>
}

export interface NodeDevicesOptions {
  readonly runtime: Runtime
  readonly plugins: PluginWatcher
  /** Asked only once pods are handled. */
  readonly kubelet: () => Kubelet
  /** CPUs and memory of containers alone; asked only once pods are handled. */
  readonly exclusive: () => ExclusiveResources
}

export async function makeDevices(context: AgentContext, options: NodeDevicesOptions): Promise<NodeDevices> {
  const { config, where, client, clock, random, metrics } = context
  const { runtime, plugins, kubelet, exclusive } = options
  const log = context.log.with({ part: 'devices' })
  const directory = join(where.kubelet, 'device-plugins')
  let arePodsKnown = false
  const activePods = () =>
    arePodsKnown
      ? new Set(
          kubelet()
            .pods.list()
            .map(({ pod }) => pod.metadata.uid),
        )
      : undefined
  const devices = createDeviceManager({
    dial: dialRpc,
    checkpoint: checkpointFile(join(directory, 'kubelet_internal_checkpoint')),
    clock,
    log,
    isRunning: async (podUid) => (await runtime.sandboxes({ podUid })).some(({ ready }) => ready),
    activePods,
    numaNodes: (await readMachineTopology()).nodes.map(({ id }) => id),
    metrics: metrics.devices,
  })
  const dra = createDraManager({
    nodeName: config.nodeName,
    client,
    dial: dialRpc,
    checkpoint: checkpointFile(join(where.kubelet, 'dra_manager_state')),
    clock,
    random: random.fork('dra'),
    log,
    activePods,
    metrics: metrics.dra,
  })
  plugins.handle('DevicePlugin', devices.plugins)
  plugins.handle('DRAPlugin', dra.plugins)
  observePlugins(metrics.registry, { watcher: plugins, dra })
  const servers: RpcServer[] = []
  const stopping = new AbortController()
  return {
    resourceManagers: [devices.manager, dra.manager],
    nodeSource: devices.node,
    async start() {
      await devices.start()
      await dra.start()
      if (devices.isNew()) {
        const served = () => devices.node.read().capacity ?? {}
        const reset = resetResources(
          { nodeName: config.nodeName, client, served, clock, random: random.fork('resources'), log },
          stopping.signal,
        )
        reset.catch((error: unknown) => log.error('the resources of an old node stay', { error }))
      }
      servers.push(await startRegistrationServer({ directory, folder: deviceFolder, serve: serveRpc, devices, log }))
      servers.push(
        await startPodResourcesServer({
          socketPath: join(where.kubelet, 'pod-resources', 'kubelet.sock'),
          serve: serveRpc,
          pods: { list: () => kubelet().pods.list(), get: (namespace, name) => kubelet().pods.get(namespace, name) },
          devices,
          claims: dra,
          exclusive: exclusive(),
          clock,
          log,
          registry: metrics.registry,
        }),
      )
    },
    podsAreKnown() {
      arePodsKnown = true
      dra.sweep()
    },
    async close() {
      stopping.abort(new Error('the kubelet stops'))
      await Promise.all(servers.map((server) => server.close()))
      devices.close()
      dra.close()
    },
  }
}
