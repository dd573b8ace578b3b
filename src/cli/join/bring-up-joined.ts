import { type Config, writeConfig } from '#host/config.ts'
import { findDaemon } from '#host/daemon.ts'
import { paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import type { Given, Terminal } from '../command.ts'
import { createProgress, seconds } from '../progress.ts'
import { preflight } from '../up/preflight.ts'
import { settle } from '../up/settle.ts'
import { ensurePackages, startJoinedNode } from './start-joined-node.ts'

/** The image of the pause container may have to be made, and the server may only be starting as well. */
const patienceMs = 180_000
/** What only a server, or who joins, can be told. */
const foreign = ['nodes', 'api-port', 'node-name', 'node-address'] as const

/** What "wherry up" does on a machine that joined a cluster elsewhere: starts its node again, and no server. */
export async function bringUpJoined({ layout, options }: Given, terminal: Terminal, present: Config): Promise<number> {
  const startedAt = performance.now()
  const progress = createProgress(terminal, () => performance.now())
  const where = paths(layout)
  for (const option of foreign)
    if (options[option] !== undefined)
      throw new WherryError(
        'BadRequest',
        `this machine is node ${present.nodeName} of the cluster at ${present.server}, where --${option} is not for it to choose; "wherry join" again changes its address, "wherry reset" ends its membership`,
      )
  const config = settle(present, options)
  if (config.kubeletPort !== present.kubeletPort && findDaemon(where.agentPid))
    throw new WherryError('BadRequest', `the agent runs with port ${present.kubeletPort}; "wherry down" first`)
  await progress.step('Looking at this machine', () => preflight(layout, config))
  await ensurePackages(progress)
  writeConfig(where.config, config)
  await startJoinedNode({ layout, config, progress, patienceMs })
  terminal.out(
    `\nThis machine's node ${config.nodeName} of the cluster at ${config.server} is up (${seconds(performance.now() - startedAt)}).\n`,
  )
  return 0
}
