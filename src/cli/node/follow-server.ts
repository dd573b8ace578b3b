import { readConfig, writeConfig } from '#host/config.ts'
import { stopDaemon } from '#host/daemon.ts'
import { serverUrls } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'

/**
 * A node of this machine that joined by another address of it, or another port, asks at `server` (a URL) from now on; its agent, which began with the
 * other one, is ended for that. Further servers may stand beside it.
 */
export async function followServer(own: Layout, server: string): Promise<void> {
  const where = paths(own)
  if (serverUrls(readConfig(where.config)!).includes(server)) return
  await stopDaemon(where.agentPid)
  // Read again: an agent writes there as well, as long as it runs.
  writeConfig(where.config, { ...readConfig(where.config)!, server })
}
