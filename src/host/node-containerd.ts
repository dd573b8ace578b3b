import type { CgroupDriver } from '#kubelet/cgroups/cgroup-names.ts'
import { kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { readTracing } from '#schema/read-tracing.ts'
import type { Config } from './config.ts'
import type { ContainerdOptions } from './containerd.ts'
import { type Layout, paths } from './layout.ts'

/** The containerd of this machine's node, set as the configuration says. Without one (a file that cannot be read is no reason not to end it): its defaults. */
export function containerdOptions(
  layout: Layout,
  config: Pick<Config, 'kubelet' | 'runtimeHandlers' | 'cniConfigDirectory' | 'cniPluginDirectory'> = {},
): ContainerdOptions {
  const where = paths(layout)
  const { runtimeHandlers } = config
  const { cgroupDriver, tracing } = kubeletConfiguration(config.kubelet)
  return {
    rootDirectory: where.containerdRoot,
    stateDirectory: where.containerdState,
    logFile: where.containerdLog,
    cniConfigDirectory: config.cniConfigDirectory ?? where.cniConfig,
    cniBinaryDirectories: [config.cniPluginDirectory ?? '/usr/lib/cni'],
    ...(runtimeHandlers !== undefined && { handlers: runtimeHandlers }),
    cgroupDriver: cgroupDriver as CgroupDriver,
    ...(tracing !== undefined && { traces: readTracing(tracing).endpoint }),
  }
}
