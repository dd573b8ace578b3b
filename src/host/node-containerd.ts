import type { CgroupDriver } from '#kubelet/cgroups/cgroup-names.ts'
import { kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { Config } from './config.ts'
import type { ContainerdOptions } from './containerd.ts'
import { type Layout, paths } from './layout.ts'

/** The containerd of this machine's node, set as the configuration says. Without one (a file that cannot be read is no reason not to end it): its defaults. */
export function containerdOptions(
  layout: Layout,
  config: Pick<Config, 'kubelet' | 'runtimeHandlers' | 'cniConfigDirectory' | 'cniPluginDirectory'> = {},
): ContainerdOptions {
  const where = paths(layout)
  const { kubelet, runtimeHandlers } = config
  return {
    rootDirectory: where.containerdRoot,
    stateDirectory: where.containerdState,
    logFile: where.containerdLog,
    cniConfigDirectory: config.cniConfigDirectory ?? where.cniConfig,
    cniBinaryDirectories: [config.cniPluginDirectory ?? '/usr/lib/cni'],
    ...(runtimeHandlers !== undefined && { handlers: runtimeHandlers }),
    cgroupDriver: kubeletConfiguration(kubelet).cgroupDriver as CgroupDriver,
  }
}
