import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import type { ListOptions, WatchOptions, WriteOptions } from './client.ts'

/** The URL path of a kind, an object or one of its subresources, percent-encoded. */
export function pathOf(kind: AnyKind, namespace?: string, name?: string, subresource?: string): string {
  const parts = [kind.group === '' ? '/api' : '/apis', apiVersionOf(kind)]
  if (kind.scope === 'Namespaced' && namespace !== undefined && namespace !== '') parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(kind.plural)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource !== undefined) parts.push(subresource)
  return parts.join('/')
}

/** The query of a list, or of a watch, which asks for bookmarks: they are what makes resuming cheap. */
export function listQuery(options: ListOptions): string {
  const { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch } = options
  return query({ labelSelector, fieldSelector, limit, continue: options.continue, resourceVersion, resourceVersionMatch })
}

/** The query of a watch, with its question mark. */
export function watchQuery(options: WatchOptions): string {
  const { labelSelector, fieldSelector, resourceVersion, sendInitialEvents, timeoutSeconds } = options
  // The server takes initial events only together with this match (KEP-3157).
  const resourceVersionMatch = options.resourceVersionMatch ?? (sendInitialEvents ? 'NotOlderThan' : undefined)
  return query({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    resourceVersionMatch,
    sendInitialEvents,
    timeoutSeconds,
  })
}

/** The query of a write, with its question mark; '' where there is nothing to say. */
export const writeQuery = ({ dryRun, fieldManager, fieldValidation, force }: WriteOptions & { readonly force?: boolean }): string =>
  query({ dryRun: dryRun ? 'All' : undefined, fieldManager, fieldValidation, force: force ? 'true' : undefined })

function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}
