import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { byService } from '../common/indexes.ts'
import { splitKey } from '../common/key.ts'
import { type MirroringView, managedBy, planMirror } from './plan.ts'

/** Shows hand-made Endpoints to those who only read slices. */
export const endpointSliceMirroringController: Controller<MirroringView> = {
  name: 'endpointslicemirroring-controller',
  eventSource: 'endpoint-slice-mirroring-controller',
  sources: [
    { kind: Endpoints },
    { kind: Service },
    {
      kind: EndpointSlice,
      keys: (slice: EndpointSlice, _cache: Cache, previous: EndpointSlice | undefined) => [
        ...endpointsOf(slice),
        ...(previous === undefined ? [] : endpointsOf(previous)),
      ],
    },
  ],
  view: (key, cache) => {
    const { namespace, name } = splitKey(key)
    const slices = cache.indexed(EndpointSlice, byService, key).filter((slice) => slice.metadata.labels?.[managedByLabel] === managedBy)
    const service = cache.get(Service, name, namespace)
    const endpoints = cache.get(Endpoints, name, namespace)
    const mirrored = service !== undefined && service.spec.selector === undefined && endpoints !== undefined && wantsMirror(endpoints)
    if (!mirrored && slices.length === 0) return undefined
    return { endpoints: mirrored ? endpoints : undefined, slices }
  },
  plan: planMirror,
}

const managedByLabel = 'endpointslice.kubernetes.io/managed-by'

function endpointsOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.['kubernetes.io/service-name']
  return name === undefined || metadata.labels?.[managedByLabel] !== managedBy ? [] : [`${metadata.namespace}/${name}`]
}

const wantsMirror = ({ metadata }: Endpoints): boolean =>
  metadata.labels?.['endpointslice.kubernetes.io/skip-mirror'] !== 'true' &&
  metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] === undefined
