import type { Registry } from '#lib/metrics/registry.ts'
import type { DraManager } from '../dra/dra-manager.ts'
import type { PluginWatcher } from './plugin-watcher.ts'

/** What is asked for, not counted: the plug-ins that are here, and the claims that are in use. Names and labels are the reference's. */
export function observePlugins(
  registry: Registry,
  { watcher, dra }: { readonly watcher: Pick<PluginWatcher, 'sockets'>; readonly dra: Pick<DraManager, 'claimsInUse'> },
): void {
  registry.observed(
    {
      name: 'plugin_manager_total_plugins',
      help: 'Number of plugins in Plugin Manager',
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['socket_path', 'state'],
    },
    () =>
      watcher
        .sockets()
        .flatMap(({ path, isRegistered }) => [
          ...(isRegistered ? [{ labels: [path, 'actual_state_of_world'], value: 1 }] : []),
          { labels: [path, 'desired_state_of_world'], value: 1 },
        ]),
  )
  registry.observed(
    {
      name: 'dra_resource_claims_in_use',
      help: 'Number of ResourceClaims in use on the node, by driver; <any> stands for all drivers.',
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['driver_name'],
    },
    () => [...dra.claimsInUse()].map(([driver, value]) => ({ labels: [driver === '' ? '<any>' : driver], value })),
  )
}
