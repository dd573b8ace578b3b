import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupHost } from '#host/cgroups.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { names } from '#host/names.ts'
import { networkProbe } from '#host/network-probe.ts'
import { nodeFacts } from '#host/node-facts.ts'
import { createCgroupManager } from '#kubelet/cgroups/cgroup-manager.ts'
import { createLogManager } from '#kubelet/container-log/log-manager.ts'
import { createKubelet, type Kubelet } from '#kubelet/kubelet.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import type { VolumePlugin } from '#kubelet/volumes/volume-plugin.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { kubernetesVersion } from '#lib/version.ts'
import { createEventRecorder } from '#loop/events.ts'
import type { AgentContext } from './agent-context.ts'
import { makeImages } from './make-images.ts'
import { makeVolumes } from './make-volumes.ts'
import { resolvConf } from './resolv-conf.ts'

/** The kubelet of this node with everything that it manages pods by. */
export function makeKubelet(context: AgentContext, runtime: Runtime, volumePlugins: readonly VolumePlugin[]): Kubelet {
  const { config, configuration, where, client, clock, random, log } = context
  mkdirSync(where.kubelet, { recursive: true, mode: 0o750 })
  const recorder = createEventRecorder({ client, clock, random, log, component: 'kubelet', host: config.nodeName })
  const volumes = makeVolumes(context, recorder, () => kubelet, volumePlugins)
  const kubelet = createKubelet({
    config: {
      nodeName: config.nodeName,
      rootDirectory: where.kubelet,
      podLogsDirectory: where.podLogs,
      seccompDirectory: join(where.kubelet, 'seccomp'),
      clusterDns: { servers: [config.dnsAddress], domain: config.clusterDomain },
      resolvConf,
      port: config.kubeletPort,
      maxPods: configuration.maxPods,
      reserved: { cpuMilli: 0, memoryBytes: 0 },
      labels: config.nodeLabels ?? {},
      taints: configuration.registerWithTaints,
      configuration,
      version: kubernetesVersion,
    },
    client,
    clock,
    random,
    log,
    runtime,
    volumes,
    images: makeImages(context, runtime),
    cgroups: createCgroupManager({ host: cgroupHost(), clock, root: names.cgroupRoot }),
    logs: createLogManager({
      files: logFiles,
      runtime,
      clock,
      maxBytes: quantityToInteger(configuration.containerLogMaxSize),
      maxFiles: configuration.containerLogMaxFiles,
      report: (error, logPath) => log.warn('a log could not be rotated', { logPath, error }),
    }),
    files: nodeFiles,
    network: networkProbe,
    events: recorder,
    nodeSources: [volumes.node],
    facts: nodeFacts({ rootDirectory: where.kubelet, addresses: [config.nodeAddress] }),
  })
  return kubelet
}
