import type { Registry } from '#lib/metrics/registry.ts'
import type { VolumeObserver } from './operation.ts'

/** Volumes of pods that are there: what each is made by, and whether it can be used. */
export type CountVolumes = () => Iterable<{ readonly plugin: string; readonly isMounted: boolean }>

/** How long what is done for volumes takes, by the names that dashboards know. */
export function operationMetrics(registry: Registry): VolumeObserver {
  const storage = registry.histogram({
    name: 'storage_operation_duration_seconds',
    help: 'Storage operation duration',
    stability: 'ALPHA',
    labels: ['volume_plugin', 'operation_name', 'status', 'migrated'],
    buckets,
  })
  const total = registry.histogram({
    name: 'volume_operation_total_seconds',
    help: 'Storage operation end to end duration in seconds',
    stability: 'ALPHA',
    labels: ['plugin_name', 'operation_name'],
    buckets,
  })
  return {
    // No volume is one of a driver that took over for another.
    done: (plugin, name, isError, seconds) => storage.of(plugin, name, isError ? 'fail-unknown' : 'success', 'false').observe(seconds),
    usable: (plugin, seconds) => total.of(plugin, 'overall_volume_mount').observe(seconds),
  }
}

/** How many volumes there are, counted when somebody asks. */
export function countVolumes(registry: Registry, volumes: CountVolumes): void {
  registry.observed(
    {
      name: 'volume_manager_total_volumes',
      help: 'Number of volumes in Volume Manager',
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['plugin_name', 'state'],
    },
    () => {
      const counts = new Map<string, Map<string, number>>()
      for (const { plugin, isMounted } of volumes())
        for (const state of ['desired_state_of_world', ...(isMounted ? ['actual_state_of_world'] : [])]) {
          const ofState = counts.get(state) ?? new Map<string, number>()
          counts.set(state, ofState.set(plugin, (ofState.get(plugin) ?? 0) + 1))
        }
      return [...counts].flatMap(([state, plugins]) => [...plugins].map(([plugin, value]) => ({ labels: [plugin, state], value })))
    },
  )
}

const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600]
