import { join } from 'node:path'
import { dialRpc } from '#host/plugins/rpc.ts'
import { socketFolder } from '#host/plugins/socket-folder.ts'
import { createPluginWatcher, type PluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import type { AgentContext } from './agent-context.ts'

/** Finds the plug-ins of this node: drivers of storage and of devices. Who looks after a type says so before the start. */
export function makePluginWatcher({ where, clock, random, log }: AgentContext): PluginWatcher {
  return createPluginWatcher({
    directory: join(where.kubelet, 'plugins_registry'),
    sockets: socketFolder,
    dial: dialRpc,
    clock,
    random: random.fork('plugins'),
    log: log.with({ part: 'plugins' }),
  })
}
