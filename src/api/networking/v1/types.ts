/** The types of networking/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, intOrString, list, message, oneOf, string } from '#schema/schema.ts'

export const NetworkPolicyPort = message(
  'k8s.io.api.networking.v1.NetworkPolicyPort',
  {
    protocol: field(1, core.Protocol, { default: 'TCP', pointer: true, about: 'TCP (the default), UDP or SCTP.' }),
    port: field(2, intOrString(), {
      pointer: true,
      about: 'Port number, or the name of a container port; without it every port of the protocol.',
    }),
    endPort: field(3, int32(), { pointer: true, about: 'Last port of a range that begins at port, which then has to be a number.' }),
  },
  { about: 'Port, or range of ports, of the pods that a connection goes to.' },
)
export type NetworkPolicyPort = Of<typeof NetworkPolicyPort>

export const IPBlock = message(
  'k8s.io.api.networking.v1.IPBlock',
  {
    cidr: field(1, string(), { required: true, about: 'The range in CIDR form, such as 192.168.1.0/24 or 2001:db8::/64.' }),
    except: field(2, list(string()), { about: 'Ranges inside cidr that are not meant.' }),
  },
  { about: 'Range of IP addresses outside the cluster, with exceptions.' },
)
export type IPBlock = Of<typeof IPBlock>

export const NetworkPolicyPeer = message(
  'k8s.io.api.networking.v1.NetworkPolicyPeer',
  {
    podSelector: field(1, meta.LabelSelector, {
      pointer: true,
      about: "Pods with these labels, of the policy's own namespace unless namespaceSelector says which; {} means all.",
    }),
    namespaceSelector: field(2, meta.LabelSelector, {
      pointer: true,
      about: 'Namespaces with these labels, and all pods in them unless podSelector narrows it down; {} means all.',
    }),
    ipBlock: field(3, IPBlock, { pointer: true, about: 'Range of addresses; it goes with neither of the selectors.' }),
  },
  { about: 'Other end of a connection: either pods chosen by labels or a range of addresses.' },
)
export type NetworkPolicyPeer = Of<typeof NetworkPolicyPeer>

export const NetworkPolicyIngressRule = message(
  'k8s.io.api.networking.v1.NetworkPolicyIngressRule',
  {
    ports: field(1, list(NetworkPolicyPort), { about: 'Ports of the selected pods that may be reached; an empty list means all of them.' }),
    from: field(2, list(NetworkPolicyPeer), {
      about: 'Where connections may come from, any one of the entries; an empty list means from everywhere.',
    }),
  },
  { about: 'Connections that may come in: both the port and the source have to match.' },
)
export type NetworkPolicyIngressRule = Of<typeof NetworkPolicyIngressRule>

export const NetworkPolicyEgressRule = message(
  'k8s.io.api.networking.v1.NetworkPolicyEgressRule',
  {
    ports: field(1, list(NetworkPolicyPort), { about: 'Ports of the destination that may be reached; an empty list means all of them.' }),
    to: field(2, list(NetworkPolicyPeer), { about: 'Where connections may go, any one of the entries; an empty list means everywhere.' }),
  },
  { about: 'Connections that may go out: both the port and the destination have to match.' },
)
export type NetworkPolicyEgressRule = Of<typeof NetworkPolicyEgressRule>

export const PolicyType = oneOf('Ingress', 'Egress')
export type PolicyType = Of<typeof PolicyType>

export const NetworkPolicySpec = message(
  'k8s.io.api.networking.v1.NetworkPolicySpec',
  {
    podSelector: field(1, meta.LabelSelector, {
      always: true,
      about: 'Pods of the namespace that the policy is for; an empty selector means all of them.',
    }),
    ingress: field(2, list(NetworkPolicyIngressRule), {
      about: 'What may come in; the policies for a pod add up, and what none of them allows is refused.',
    }),
    egress: field(3, list(NetworkPolicyEgressRule), {
      about: 'What may go out; the policies for a pod add up, and what none of them allows is refused.',
    }),
    policyTypes: field(4, list(PolicyType), {
      about: 'Directions that are restricted; by default Ingress, and Egress too if there are egress rules.',
    }),
  },
  { about: 'Which pods a policy isolates, and which connections it still lets through.' },
)
export type NetworkPolicySpec = Of<typeof NetworkPolicySpec>

export const NetworkPolicy = message(
  'k8s.io.api.networking.v1.NetworkPolicy',
  {
    ...objectFields,
    spec: field(2, NetworkPolicySpec, { always: true, about: 'Selected pods and the connections allowed to them.' }),
  },
  { about: 'Restricts which connections some pods of a namespace may take and make; replies are always let through.' },
)
export type NetworkPolicy = Of<typeof NetworkPolicy>

export const ServiceBackendPort = message(
  'k8s.io.api.networking.v1.ServiceBackendPort',
  {
    name: field(1, string(), { about: "Name of the service's port; give either this or number." }),
    number: field(2, int32(), { about: "Number of the service's port, such as 80; give either this or name." }),
  },
  { atomic: true, about: 'Port of a service, by either name or number.' },
)
export type ServiceBackendPort = Of<typeof ServiceBackendPort>

export const IngressServiceBackend = message(
  'k8s.io.api.networking.v1.IngressServiceBackend',
  {
    name: field(1, string(), { required: true, about: "Name of a service in the Ingress's namespace." }),
    port: field(2, ServiceBackendPort, { always: true, about: 'Which port of the service.' }),
  },
  { about: 'Service that requests are passed on to.' },
)
export type IngressServiceBackend = Of<typeof IngressServiceBackend>

export const IngressBackend = message(
  'k8s.io.api.networking.v1.IngressBackend',
  {
    service: field(4, IngressServiceBackend, { pointer: true, about: 'Service that takes the requests; not together with resource.' }),
    resource: field(3, core.TypedLocalObjectReference, {
      pointer: true,
      about: 'Other object in the same namespace that takes them, such as a bucket; not together with service.',
    }),
  },
  { about: 'Where requests are passed on to: either a service or some other resource.' },
)
export type IngressBackend = Of<typeof IngressBackend>

export const IngressTLS = message(
  'k8s.io.api.networking.v1.IngressTLS',
  {
    hosts: field(1, list(string()), {
      about: 'Host names that the certificate is for; they should match those in the rules. Without any, the controller decides.',
    }),
    secretName: field(2, string(), {
      about: 'Secret of type kubernetes.io/tls with certificate and key; without it, the controller picks by host name.',
    }),
  },
  { about: 'Certificate for some of the host names.' },
)
export type IngressTLS = Of<typeof IngressTLS>

export const PathType = oneOf('Exact', 'Prefix', 'ImplementationSpecific')
export type PathType = Of<typeof PathType>

export const HTTPIngressPath = message(
  'k8s.io.api.networking.v1.HTTPIngressPath',
  {
    path: field(1, string(), { about: 'Path that a request has to match, beginning with /; needed for the types Exact and Prefix.' }),
    pathType: field(3, PathType, {
      required: true,
      pointer: true,
      about: 'Exact compares the whole path, Prefix element by element up to a /, ImplementationSpecific as the controller likes.',
    }),
    backend: field(2, IngressBackend, { required: true, about: 'Where matching requests go.' }),
  },
  { about: 'Passes requests for one path on to a backend.' },
)
export type HTTPIngressPath = Of<typeof HTTPIngressPath>

export const HTTPIngressRuleValue = message(
  'k8s.io.api.networking.v1.HTTPIngressRuleValue',
  {
    paths: field(1, list(HTTPIngressPath), { required: true, about: 'Paths with the backend for each; at least one.' }),
  },
  { about: 'Paths of one host; the longest match wins, and Exact before Prefix.' },
)
export type HTTPIngressRuleValue = Of<typeof HTTPIngressRuleValue>

const IngressRuleValueFields = {
  http: field(1, HTTPIngressRuleValue, {
    pointer: true,
    about: 'Paths of the host and their backends; without it all requests for the host go to defaultBackend.',
  }),
}
export const IngressRuleValue = message('k8s.io.api.networking.v1.IngressRuleValue', IngressRuleValueFields, {
  about: 'What happens to requests for a host.',
})
export type IngressRuleValue = Of<typeof IngressRuleValue>

export const IngressRule = message(
  'k8s.io.api.networking.v1.IngressRule',
  {
    host: field(1, string(), { about: 'Host name without port, perhaps with a first label of *; empty means every host.' }),
    ...IngressRuleValueFields,
  },
  { embeds: [{ number: 2, type: IngressRuleValue }], about: 'Routing for one host name.' },
)
export type IngressRule = Of<typeof IngressRule>

export const IngressSpec = message(
  'k8s.io.api.networking.v1.IngressSpec',
  {
    ingressClassName: field(4, string(), {
      pointer: true,
      about: 'IngressClass whose controller serves this Ingress; empty takes the class marked as default, if there is one.',
    }),
    defaultBackend: field(1, IngressBackend, {
      pointer: true,
      about: 'Where requests go that no rule matches; needed if there are no rules.',
    }),
    tls: field(2, list(IngressTLS), {
      about: 'Certificates by host; TLS is served on port 443, and the host name (SNI) chooses among several.',
    }),
    rules: field(3, list(IngressRule), { about: 'Routing by host and path; without any, all requests go to defaultBackend.' }),
  },
  { about: 'How an Ingress routes requests.' },
)
export type IngressSpec = Of<typeof IngressSpec>

export const IngressPortStatus = message(
  'k8s.io.api.networking.v1.IngressPortStatus',
  {
    port: field(1, int32(), { required: true, about: 'Port number of the Ingress.' }),
    protocol: field(2, core.Protocol, { required: true, about: 'TCP, UDP or SCTP.' }),
    error: field(3, string(), {
      pointer: true,
      about: 'Why the port does not work, as a CamelCase word, with a domain prefix if a cloud provider made it up; absent if it does.',
    }),
  },
  { about: 'State of one port of a load balancer.' },
)
export type IngressPortStatus = Of<typeof IngressPortStatus>

export const IngressLoadBalancerIngress = message(
  'k8s.io.api.networking.v1.IngressLoadBalancerIngress',
  {
    ip: field(1, string(), { about: 'IP address, if the load balancer is reached by one.' }),
    hostname: field(2, string(), { about: 'Host name, if the load balancer is reached by one.' }),
    ports: field(4, list(IngressPortStatus), { about: 'State of the ports at this address.' }),
  },
  { about: 'One address at which a load balancer answers for the Ingress.' },
)
export type IngressLoadBalancerIngress = Of<typeof IngressLoadBalancerIngress>

export const IngressLoadBalancerStatus = message(
  'k8s.io.api.networking.v1.IngressLoadBalancerStatus',
  {
    ingress: field(1, list(IngressLoadBalancerIngress), { about: 'Addresses at which it answers.' }),
  },
  { about: 'Load balancer of an Ingress.' },
)
export type IngressLoadBalancerStatus = Of<typeof IngressLoadBalancerStatus>

export const IngressStatus = message(
  'k8s.io.api.networking.v1.IngressStatus',
  {
    loadBalancer: field(1, IngressLoadBalancerStatus, { always: true, about: 'Addresses of the load balancer that serves it.' }),
  },
  { about: 'Where an Ingress can be reached.' },
)
export type IngressStatus = Of<typeof IngressStatus>

export const Ingress = message(
  'k8s.io.api.networking.v1.Ingress',
  {
    ...objectFields,
    spec: field(2, IngressSpec, { always: true, about: 'Hosts, paths, backends and certificates.' }),
    status: field(3, IngressStatus, { always: true, about: 'Addresses; written by the Ingress controller.' }),
  },
  { about: 'Routes HTTP requests from outside to services by host name and path, and ends TLS; an Ingress controller does the work.' },
)
export type Ingress = Of<typeof Ingress>

export const IngressClassParametersReference = message(
  'k8s.io.api.networking.v1.IngressClassParametersReference',
  {
    apiGroup: field(1, string(), { pointer: true, about: 'API group of the object; empty for the core group.' }),
    kind: field(2, string(), { required: true, about: 'Kind of the object.' }),
    name: field(3, string(), { required: true, about: 'Name of the object.' }),
    scope: field(4, string(), {
      always: true,
      default: 'Cluster',
      pointer: true,
      about: 'Cluster (the default) or Namespace, after where the object lives.',
    }),
    namespace: field(5, string(), {
      pointer: true,
      about: 'Namespace of the object, needed with scope Namespace and not allowed with Cluster.',
    }),
  },
  { about: 'Object with further settings for the controller of a class.' },
)
export type IngressClassParametersReference = Of<typeof IngressClassParametersReference>

export const IngressClassSpec = message(
  'k8s.io.api.networking.v1.IngressClassSpec',
  {
    controller: field(1, string(), {
      about: 'Controller in charge as a domain-prefixed path, such as acme.io/ingress; at most 250 characters. Cannot be changed.',
    }),
    parameters: field(2, IngressClassParametersReference, {
      pointer: true,
      about: 'Object with settings that the controller understands.',
    }),
  },
  { about: 'Which controller serves the Ingresses of a class, and with which settings.' },
)
export type IngressClassSpec = Of<typeof IngressClassSpec>

export const IngressClass = message(
  'k8s.io.api.networking.v1.IngressClass',
  {
    ...objectFields,
    spec: field(2, IngressClassSpec, { always: true, about: 'Controller of the class and its settings.' }),
  },
  { about: 'Sort of Ingress, each served by one controller; an annotation makes one of them the default.' },
)
export type IngressClass = Of<typeof IngressClass>

export const ParentReference = message(
  'k8s.io.api.networking.v1.ParentReference',
  {
    group: field(1, string(), { about: 'API group of the object; empty for the core group.' }),
    resource: field(2, string(), { listed: true, about: 'Resource of the object in plural, such as services.' }),
    namespace: field(3, string(), { about: 'Namespace of the object; empty for one without.' }),
    name: field(4, string(), { listed: true, about: 'Name of the object.' }),
  },
  { about: 'Object that an IP address belongs to.' },
)
export type ParentReference = Of<typeof ParentReference>

export const IPAddressSpec = message(
  'k8s.io.api.networking.v1.IPAddressSpec',
  {
    parentRef: field(1, ParentReference, {
      listed: true,
      pointer: true,
      about: 'Object that has the address, mostly a service; required, and it cannot be changed.',
    }),
  },
  { about: 'What an IP address is used for.' },
)
export type IPAddressSpec = Of<typeof IPAddressSpec>

export const IPAddress = message(
  'k8s.io.api.networking.v1.IPAddress',
  {
    ...objectFields,
    spec: field(2, IPAddressSpec, { listed: true, always: true, about: 'Who has the address.' }),
  },
  { about: 'Marks one address as taken by a service, so that it is given out only once. Its name is the address.' },
)
export type IPAddress = Of<typeof IPAddress>

export const ServiceCIDRSpec = message(
  'k8s.io.api.networking.v1.ServiceCIDRSpec',
  {
    cidrs: field(1, list(string()), {
      about: 'One range for each IP family, at most two, such as 10.96.0.0/16. A second family may be added, else it cannot be changed.',
    }),
  },
  { about: 'Ranges that ClusterIPs of services are taken from.' },
)
export type ServiceCIDRSpec = Of<typeof ServiceCIDRSpec>

export const ServiceCIDRStatus = message(
  'k8s.io.api.networking.v1.ServiceCIDRStatus',
  {
    conditions: field(1, list(meta.Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Ready tells whether services may get addresses out of the range; one entry for each type.',
    }),
  },
  { about: 'State of a range.' },
)
export type ServiceCIDRStatus = Of<typeof ServiceCIDRStatus>

export const ServiceCIDR = message(
  'k8s.io.api.networking.v1.ServiceCIDR',
  {
    ...objectFields,
    spec: field(2, ServiceCIDRSpec, { always: true, about: 'The ranges.' }),
    status: field(3, ServiceCIDRStatus, { always: true, about: 'Whether the range can be used; written by the controller.' }),
  },
  { about: 'Adds a range of addresses for the ClusterIPs of services; it goes only when no address in it is needed any more.' },
)
export type ServiceCIDR = Of<typeof ServiceCIDR>
