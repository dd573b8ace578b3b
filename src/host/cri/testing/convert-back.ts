import type { ContainerConfig, PodFilter, SandboxConfig } from '#kubelet/runtime.ts'
import type { Of } from '#schema/schema.ts'
import type * as cri from '../messages.ts'

/** CRI's words into ours, as far as a simulated runtime heeds them: the way back of `convert.ts`. */

export function sandboxFrom(config: Of<typeof cri.PodSandboxConfig>, runtimeHandler: string): SandboxConfig {
  const { metadata, hostname = '', logDirectory = '', labels = {}, annotations = {}, linux } = config
  const { name = '', namespace = '', uid = '', attempt = 0 } = metadata ?? {}
  const security = linux?.securityContext
  return {
    metadata: { name, namespace, uid, attempt },
    hostname,
    logDirectory,
    portMappings: [],
    labels,
    annotations,
    cgroupParent: linux?.cgroupParent ?? '',
    sysctls: linux?.sysctls ?? {},
    security: {
      network: security?.namespaceOptions?.network === 2 ? 'node' : 'pod',
      pid: 'container',
      ipc: 'pod',
      supplementalGroups: security?.supplementalGroups ?? [],
      privileged: security?.privileged ?? false,
      readonlyRootfs: security?.readonlyRootfs ?? false,
      seccomp: { type: 'RuntimeDefault' },
    },
    runtimeHandler,
  }
}

export function containerFrom(config: Of<typeof cri.ContainerConfig>): ContainerConfig {
  const { metadata, image, command = [], args = [], workingDir = '', labels = {}, annotations = {}, logPath = '', linux } = config
  return {
    metadata: { name: metadata?.name ?? '', attempt: metadata?.attempt ?? 0 },
    image: image?.image ?? '',
    userImage: image?.userSpecifiedImage ?? '',
    command,
    args,
    workingDir,
    env: (config.envs ?? []).map(({ key = '', value = '' }) => ({ key, value })),
    mounts: [],
    devices: [],
    labels,
    annotations,
    logPath,
    stdin: config.stdin ?? false,
    stdinOnce: config.stdinOnce ?? false,
    tty: config.tty ?? false,
    resources: { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 },
    security: {
      privileged: linux?.securityContext?.privileged ?? false,
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
  }
}

/** The one filter that the kubelet uses. */
export function podUid(labels: Readonly<Record<string, string>> | undefined): PodFilter | undefined {
  const uid = labels?.['io.kubernetes.pod.uid']
  return uid === undefined ? undefined : { podUid: uid }
}
