import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { sameList } from './memory.ts'
import type { Backend } from './model/backend.ts'
import { type BackendSource, backendOf } from './model/service-backend.ts'
import type { RouterView } from './router-part.ts'
import { isPause, type Steps } from './turns.ts'

/** The backends of these sources, each name once, by their names. One whose slices are the same as the last time is the same value. */
export function createBackends(): (sources: readonly BackendSource[], view: Pick<RouterView, 'slices'>) => Steps<readonly Backend[]> {
  let last:
    | { readonly sources: readonly BackendSource[]; readonly found: readonly Found[]; readonly backends: readonly Backend[] }
    | undefined
  return function* (sources, view) {
    const before = last?.sources === sources ? last.found : arranged(sources, last?.found ?? [])
    let found: Found[] | undefined
    for (let at = 0; at < before.length; at += 1) {
      const { source, slices, backend } = before[at]!
      const now = view.slices(source.service, source.namespace)
      if (backend === undefined || sameList(slices, now) !== slices) {
        found ??= before.slice()
        found[at] = { source, slices: now, backend: backendOf(source, now) }
      }
      if (isPause(at)) yield
    }
    if (last?.sources === sources && found === undefined) return last.backends
    const backends = sameList(
      last?.backends,
      (found ?? before).map(({ backend }) => backend!),
    )
    last = { sources, found: found ?? before, backends }
    return backends
  }
}

interface Found {
  readonly source: BackendSource
  readonly slices?: readonly EndpointSlice[]
  readonly backend?: Backend
}

/** With what is known of those that were there before. */
function arranged(sources: readonly BackendSource[], before: readonly Found[]): readonly Found[] {
  const known = new Map(before.map((one) => [one.source.name, one]))
  const all = new Map<string, Found>()
  for (const source of sources) {
    if (all.has(source.name)) continue
    const there = known.get(source.name)
    all.set(source.name, there?.source.portName === source.portName ? there : { source })
  }
  // Nearly in order already, however many there are.
  return [...all.values()].sort((left, right) => (left.source.name < right.source.name ? -1 : 1))
}
