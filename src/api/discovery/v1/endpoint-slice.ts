import { age, column, firstThree } from '#api/columns.ts'
import * as types from '#api/discovery/v1/types.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from '#api/discovery/v1/validate-endpoint-slice.ts'
import { kind } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const EndpointSlice = kind(
  types.EndpointSlice,
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    singular: 'endpointslice',
    scope: 'Namespaced',
    columns: [
      column<types.EndpointSlice>('AddressType', ({ addressType }) => addressType),
      column<types.EndpointSlice>('Ports', ({ ports }) =>
        firstThree(
          (ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port))),
          '<unset>',
        ),
      ),
      column<types.EndpointSlice>('Endpoints', ({ endpoints }) =>
        firstThree(
          (endpoints ?? []).flatMap(({ addresses }) => addresses),
          '<unset>',
        ),
      ),
      age,
    ],
  },
  {
    prepareCreate: withoutTopology,
    prepareUpdate: withoutTopology,
    generation: (next, previous) =>
      !same(next.endpoints, previous.endpoints) ||
      !same(next.ports, previous.ports) ||
      next.addressType !== previous.addressType ||
      !same(next.metadata.labels, previous.metadata.labels),
    validate: validateEndpointSlice,
    checksMetadata: 'content',
    validateUpdate: validateEndpointSliceUpdate,
  },
)
export type EndpointSlice = Of<typeof EndpointSlice>

/** `deprecatedTopology` belongs to the beta version, and is dropped from what v1 clients write. */
function withoutTopology<S extends types.EndpointSlice>(slice: S): S {
  if (!slice.endpoints?.some((endpoint) => endpoint.deprecatedTopology !== undefined)) return slice
  return { ...slice, endpoints: slice.endpoints.map(({ deprecatedTopology: _, ...endpoint }) => endpoint) }
}
