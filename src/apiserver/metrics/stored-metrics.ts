import type { Registry } from '#lib/metrics/registry.ts'
import type { Cacher } from '../cacher/cacher.ts'
import { nextSequence } from '../cacher/history.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { storageKindOf } from '../registry/keys.ts'

/** What is stored, read from the caches when somebody asks. */
export function registerStoredMetrics(registry: Registry, kinds: KindRegistry, cacher: Cacher, storageSizeBytes?: () => number): void {
  if (storageSizeBytes !== undefined)
    registry.observed(
      {
        name: 'apiserver_storage_size_bytes',
        help: 'Size of the store on its disk, in bytes.',
        stability: 'STABLE',
        type: 'gauge',
        labels: ['storage_cluster_id'],
      },
      // The reference's name of its first store; dashboards choose by it.
      () => [{ labels: ['etcd-0'], value: storageSizeBytes() }],
    )
  function* stored(): Generator<{ readonly group: string; readonly resource: string; readonly cache: ReturnType<Cacher['of']> }> {
    const seen = new Set<object>()
    for (const kind of kinds.all) {
      if (kind.verbs !== undefined && !kind.verbs.includes('list')) continue
      const cache = cacher.of(kind)
      // Versions of one resource share their storage.
      if (seen.has(cache)) continue
      seen.add(cache)
      const { group, plural } = storageKindOf(kind)
      yield { group, resource: plural, cache }
    }
  }
  const byResource = ['group', 'resource']
  registry.observed(
    { name: 'apiserver_storage_objects', help: 'Stored objects by resource.', stability: 'STABLE', type: 'gauge', labels: ['resource'] },
    function* () {
      for (const { group, resource, cache } of stored())
        yield { labels: [group === '' ? resource : `${resource}.${group}`], value: cache.index.size }
    },
  )
  registry.observed(
    { name: 'apiserver_resource_objects', help: 'Stored objects by resource.', stability: 'ALPHA', type: 'gauge', labels: byResource },
    function* () {
      for (const { group, resource, cache } of stored()) yield { labels: [group, resource], value: cache.index.size }
    },
  )
  registry.observed(
    {
      name: 'apiserver_storage_events_received_total',
      help: 'Changes that came from the store, by resource.',
      stability: 'BETA',
      type: 'counter',
      labels: byResource,
    },
    function* () {
      for (const { group, resource, cache } of stored()) {
        const value = nextSequence(cache.history)
        if (value > 0) yield { labels: [group, resource], value }
      }
    },
  )
  registry.observed(
    {
      name: 'apiserver_watch_cache_resource_version',
      help: 'Revision up to which everything is visible.',
      stability: 'ALPHA',
      type: 'gauge',
      labels: byResource,
    },
    // One watch of the store feeds the caches of all resources.
    function* () {
      for (const { group, resource } of stored()) yield { labels: [group, resource], value: cacher.revision() }
    },
  )
}
