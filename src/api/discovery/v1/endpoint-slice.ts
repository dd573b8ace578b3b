import * as types from '#api/discovery/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const EndpointSlice = kind(types.EndpointSlice, {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  scope: 'Namespaced',
})
export type EndpointSlice = Of<typeof EndpointSlice>
