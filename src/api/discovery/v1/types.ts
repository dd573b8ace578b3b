/** The types of discovery/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, list, map, message, oneOf, string } from '#schema/schema.ts'

export const AddressType = oneOf('IPv4', 'IPv6', 'FQDN')
export type AddressType = Of<typeof AddressType>

export const EndpointConditions = message(
  'k8s.io.api.discovery.v1.EndpointConditions',
  {
    ready: field(1, bool(), {
      pointer: true,
      about: 'Whether it takes new connections: serving and not terminating, or its service publishes unready ones. Absent counts as true.',
    }),
    serving: field(2, bool(), { pointer: true, about: 'Whether it can answer, terminating or not. Absent counts as true.' }),
    terminating: field(3, bool(), { pointer: true, about: 'Whether it is being ended. Absent counts as false.' }),
  },
  { about: 'Whether an endpoint takes traffic.' },
)
export type EndpointConditions = Of<typeof EndpointConditions>

export const ForZone = message(
  'k8s.io.api.discovery.v1.ForZone',
  {
    name: field(1, string(), { required: true, about: 'Name of the zone.' }),
  },
  { about: 'Zone whose clients should use an endpoint.' },
)
export type ForZone = Of<typeof ForZone>

export const ForNode = message(
  'k8s.io.api.discovery.v1.ForNode',
  {
    name: field(1, string(), { required: true, about: 'Name of the node.' }),
  },
  { about: 'Node whose clients should use an endpoint.' },
)
export type ForNode = Of<typeof ForNode>

export const EndpointHints = message(
  'k8s.io.api.discovery.v1.EndpointHints',
  {
    forZones: field(1, list(ForZone), { about: 'Zones whose clients should use it, at most 8.' }),
    forNodes: field(2, list(ForNode), { about: 'Nodes whose clients should use it, at most 8.' }),
  },
  { about: 'Who should use an endpoint, so that traffic stays near.' },
)
export type EndpointHints = Of<typeof EndpointHints>

export const Endpoint = message(
  'k8s.io.api.discovery.v1.Endpoint',
  {
    addresses: field(1, list(string(), { apply: { type: 'set' } }), {
      required: true,
      about:
        "Addresses of the endpoint, of the slice's addressType and all for the same purpose: 1 to 100, of which clients use the first.",
    }),
    conditions: field(2, EndpointConditions, { always: true, about: 'Whether it takes traffic.' }),
    hostname: field(3, string(), {
      pointer: true,
      about: 'Host name for DNS, as a label; endpoints that share one give several addresses for it.',
    }),
    targetRef: field(4, core.ObjectReference, { pointer: true, about: 'Object behind it, mostly a pod.' }),
    deprecatedTopology: field(5, map(string()), {
      about: 'Kept for objects from v1beta1; it cannot be written and is ignored. See nodeName and zone.',
    }),
    nodeName: field(6, string(), { pointer: true, about: 'Node that it runs on.' }),
    zone: field(7, string(), { pointer: true, about: 'Zone that it runs in.' }),
    hints: field(8, EndpointHints, { pointer: true, about: 'Who should use it, if traffic is to stay near.' }),
  },
  { about: 'One backend of a service, mostly a pod.' },
)
export type Endpoint = Of<typeof Endpoint>

export const EndpointPort = message(
  'k8s.io.api.discovery.v1.EndpointPort',
  {
    name: field(1, string(), {
      default: '',
      pointer: true,
      about: "Name of the port, unique in the slice; for services the name of the service's port, empty by default.",
    }),
    protocol: field(2, core.Protocol, { default: 'TCP', pointer: true, about: 'TCP (the default), UDP or SCTP.' }),
    port: field(3, int32(), { pointer: true, about: 'Number of the port; if absent, any port, as the consumer understands it.' }),
    appProtocol: field(4, string(), {
      pointer: true,
      about: 'Protocol spoken over it, as an IANA name, a kubernetes.io one such as kubernetes.io/h2c, or one with a domain of your own.',
    }),
  },
  { atomic: true, about: 'Port of all endpoints of a slice.' },
)
export type EndpointPort = Of<typeof EndpointPort>

export const EndpointSlice = message(
  'k8s.io.api.discovery.v1.EndpointSlice',
  {
    ...objectFields,
    addressType: field(4, AddressType, {
      required: true,
      about: 'IPv4, IPv6 or FQDN, the sort of all addresses in the slice. Cannot be changed.',
    }),
    endpoints: field(2, list(Endpoint), { always: true, about: 'The endpoints, at most 1000.' }),
    ports: field(3, list(EndpointPort), { always: true, about: 'Ports that all of the endpoints have.' }),
  },
  { about: "Part of a service's endpoints; the label kubernetes.io/service-name says of which service." },
)
export type EndpointSlice = Of<typeof EndpointSlice>
