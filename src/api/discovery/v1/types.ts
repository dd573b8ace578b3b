/** The types of discovery/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, list, map, message, oneOf, string } from '#schema/schema.ts'

export const AddressType = oneOf('IPv4', 'IPv6', 'FQDN')
export type AddressType = Of<typeof AddressType>

export const EndpointConditions = message('k8s.io.api.discovery.v1.EndpointConditions', {
  ready: field(1, bool(), { pointer: true }),
  serving: field(2, bool(), { pointer: true }),
  terminating: field(3, bool(), { pointer: true }),
})
export type EndpointConditions = Of<typeof EndpointConditions>

export const ForZone = message('k8s.io.api.discovery.v1.ForZone', {
  name: field(1, string(), { required: true }),
})
export type ForZone = Of<typeof ForZone>

export const ForNode = message('k8s.io.api.discovery.v1.ForNode', {
  name: field(1, string(), { required: true }),
})
export type ForNode = Of<typeof ForNode>

export const EndpointHints = message('k8s.io.api.discovery.v1.EndpointHints', {
  forZones: field(1, list(ForZone)),
  forNodes: field(2, list(ForNode)),
})
export type EndpointHints = Of<typeof EndpointHints>

export const Endpoint = message('k8s.io.api.discovery.v1.Endpoint', {
  addresses: field(1, list(string(), { apply: { type: 'set' } }), { required: true }),
  conditions: field(2, EndpointConditions, { always: true }),
  hostname: field(3, string(), { pointer: true }),
  targetRef: field(4, core.ObjectReference, { pointer: true }),
  deprecatedTopology: field(5, map(string())),
  nodeName: field(6, string(), { pointer: true }),
  zone: field(7, string(), { pointer: true }),
  hints: field(8, EndpointHints, { pointer: true }),
})
export type Endpoint = Of<typeof Endpoint>

export const EndpointPort = message(
  'k8s.io.api.discovery.v1.EndpointPort',
  {
    name: field(1, string(), { default: '', pointer: true }),
    protocol: field(2, core.Protocol, { default: 'TCP', pointer: true }),
    port: field(3, int32(), { pointer: true }),
    appProtocol: field(4, string(), { pointer: true }),
  },
  { atomic: true },
)
export type EndpointPort = Of<typeof EndpointPort>

export const EndpointSlice = message('k8s.io.api.discovery.v1.EndpointSlice', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  addressType: field(4, AddressType, { required: true }),
  endpoints: field(2, list(Endpoint), { always: true }),
  ports: field(3, list(EndpointPort), { always: true }),
})
export type EndpointSlice = Of<typeof EndpointSlice>
