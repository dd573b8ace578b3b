import type { Pod } from '#api/core/v1/pod.ts'
import { sandboxSecurity } from '../container/security.ts'
import { hasSharedHostNetwork, initContainers, isSidecar, regularContainers } from '../pod/containers.ts'
import { podLogDirectory, podNameLabel, podNamespaceLabel, podUidLabel } from '../pod/names.ts'
import type { SandboxConfig, UserNamespace } from '../runtime.ts'
import { type ClusterDns, type DnsConfig, podDns } from './dns.ts'
import { podHostname } from './hostname.ts'
import { sandboxResources } from './sandbox-resources.ts'

export interface SandboxInput {
  readonly pod: Pod
  readonly attempt: number
  readonly cgroupParent: string
  readonly runtimeHandler: string
  readonly clusterDns: ClusterDns
  readonly nodeDns: DnsConfig
  readonly podLogsDirectory: string
  /** In which quotas of processor time are counted; left out: the kernel's own. */
  readonly cpuPeriodUs?: number
  readonly userNamespace?: UserNamespace | undefined
}

/** The sandbox of a pod as the runtime wants it. Throws `Invalid` for a hostname that cannot be. */
export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { pod } = input
  const { name, namespace, uid, labels, annotations } = pod.metadata
  const isHostNetwork = hasSharedHostNetwork(pod)
  return {
    metadata: { name, namespace, uid, attempt: input.attempt },
    // On the node's network the name is the node's too.
    hostname: isHostNetwork ? '' : podHostname(pod, input.clusterDns.domain).kernel,
    logDirectory: podLogDirectory(input.podLogsDirectory, pod.metadata),
    dns: podDns(pod, input.clusterDns, input.nodeDns),
    portMappings: isHostNetwork ? [] : portMappings(pod),
    labels: { ...labels, [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid },
    annotations: annotations ?? {},
    cgroupParent: input.cgroupParent,
    sysctls: Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map((one) => [one.name, one.value])),
    security: {
      ...sandboxSecurity(pod),
      ...(input.userNamespace !== undefined && { userNamespace: input.userNamespace }),
    },
    runtimeHandler: input.runtimeHandler,
    ...sandboxResources(pod, input.cpuPeriodUs),
  }
}

/** Only ports that ask for a port of the node concern the sandbox. */
function portMappings(pod: Pod): SandboxConfig['portMappings'] {
  const containers = [...initContainers(pod).filter((one) => isSidecar(one, 'init')), ...regularContainers(pod)]
  return containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ protocol, containerPort, hostPort, hostIP }) => ({ protocol, containerPort, hostPort: hostPort!, hostIp: hostIP ?? '' }))
}
