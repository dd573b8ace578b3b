import { join } from 'node:path'
import { type Config, dnsAddresses } from '#host/config.ts'
import { containerdSocket } from '#host/containerd.ts'
import { isJoined } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { type KubeletConfiguration, kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { resolvConf } from './resolv-conf.ts'

/** What the file says of the node, with what the layout decides. Throws `Invalid`. */
export function nodeConfiguration(config: Config, layout: Layout): KubeletConfiguration {
  const where = paths(layout)
  const fixed = {
    podLogsDir: where.podLogs,
    port: config.kubeletPort,
    clusterDomain: config.clusterDomain,
    clusterDNS: [...dnsAddresses(config)],
    resolvConf,
    containerRuntimeEndpoint: `unix://${containerdSocket(containerdOptions(layout))}`,
    clientCAFile: join(where.pki, 'ca.crt'),
  }
  return kubeletConfiguration(signed(config, pulling(config.kubelet)), fixed, (field) => `${where.config}: kubelet.${field}`)
}

/**
 * The reference pulls one image after another unless it is told otherwise, so that a slow registry holds everybody up. Five at once, of three layers
 * each, fill a line without starving one another.
 */
function pulling(given: Config['kubelet'] = {}): Readonly<Record<string, unknown>> {
  const isSaid = given['serializeImagePulls'] !== undefined || given['maxParallelImagePulls'] !== undefined
  return isSaid ? given : { ...given, maxParallelImagePulls: 5 }
}

/** Where the server is elsewhere, nobody on this machine makes the certificate of the kubelet's port: the cluster is asked, unless told otherwise. */
const signed = (config: Config, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  isJoined(config) && given['serverTLSBootstrap'] === undefined ? { ...given, serverTLSBootstrap: true } : given
