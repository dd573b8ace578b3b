import type { ContainerdOptions } from '#host/containerd.ts'
import { type Layout, paths } from '#host/layout.ts'

/** The containerd of this machine's node. */
export function containerdOptions(layout: Layout): ContainerdOptions {
  const where = paths(layout)
  return {
    rootDirectory: where.containerdRoot,
    stateDirectory: where.containerdState,
    logFile: where.containerdLog,
    cniConfigDirectory: where.cniConfig,
    cniBinaryDirectories: ['/usr/lib/cni'],
  }
}
