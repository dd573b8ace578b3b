import type { RequestInfo } from '../http/request-info.ts'

/** How many watches a write would reach, by what they watch: what fairness charges a write for. */
export interface WatchCounts {
  /** Returns how to forget the watch. */
  add(info: RequestInfo): () => void
  reachedBy(info: RequestInfo): number
}

/**
 * Counts watches by resource, namespace and name. A watch of one node's pods sees a small part of all changes, and the cache finds it
 * by its field: it is left out, as the reference does.
 */
export function createWatchCounts(): WatchCounts {
  const counts = new Map<string, number>()
  return {
    add(info) {
      if (info.resource === 'pods' && /(?:^|,)spec\.nodeName==?[^,]/.test(info.query.get('fieldSelector') ?? '')) return () => {}
      const key = keyOf(info.group, info.resource, info.namespace, info.name)
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return () => {
        const left = (counts.get(key) ?? 1) - 1
        if (left === 0) counts.delete(key)
        else counts.set(key, left)
      }
    },
    reachedBy({ group, resource, namespace, name }) {
      if (counts.size === 0) return 0
      let reached = counts.get(keyOf(group, resource, '', '')) ?? 0
      if (namespace !== '') reached += counts.get(keyOf(group, resource, namespace, '')) ?? 0
      if (name !== '') reached += counts.get(keyOf(group, resource, namespace, name)) ?? 0
      return reached
    },
  }
}

const keyOf = (group: string, resource: string, namespace: string, name: string): string => `${group}/${resource}/${namespace}/${name}`
