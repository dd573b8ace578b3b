/** The types of networking/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, intOrString, list, message, oneOf, string } from '#schema/schema.ts'

export const NetworkPolicyPort = message('k8s.io.api.networking.v1.NetworkPolicyPort', {
  protocol: field(1, core.Protocol, { default: 'TCP', pointer: true }),
  port: field(2, intOrString(), { pointer: true }),
  endPort: field(3, int32(), { pointer: true }),
})
export type NetworkPolicyPort = Of<typeof NetworkPolicyPort>

export const IPBlock = message('k8s.io.api.networking.v1.IPBlock', {
  cidr: field(1, string(), { required: true }),
  except: field(2, list(string())),
})
export type IPBlock = Of<typeof IPBlock>

export const NetworkPolicyPeer = message('k8s.io.api.networking.v1.NetworkPolicyPeer', {
  podSelector: field(1, meta.LabelSelector, { pointer: true }),
  namespaceSelector: field(2, meta.LabelSelector, { pointer: true }),
  ipBlock: field(3, IPBlock, { pointer: true }),
})
export type NetworkPolicyPeer = Of<typeof NetworkPolicyPeer>

export const NetworkPolicyIngressRule = message('k8s.io.api.networking.v1.NetworkPolicyIngressRule', {
  ports: field(1, list(NetworkPolicyPort)),
  from: field(2, list(NetworkPolicyPeer)),
})
export type NetworkPolicyIngressRule = Of<typeof NetworkPolicyIngressRule>

export const NetworkPolicyEgressRule = message('k8s.io.api.networking.v1.NetworkPolicyEgressRule', {
  ports: field(1, list(NetworkPolicyPort)),
  to: field(2, list(NetworkPolicyPeer)),
})
export type NetworkPolicyEgressRule = Of<typeof NetworkPolicyEgressRule>

export const PolicyType = oneOf('Ingress', 'Egress')
export type PolicyType = Of<typeof PolicyType>

export const NetworkPolicySpec = message('k8s.io.api.networking.v1.NetworkPolicySpec', {
  podSelector: field(1, meta.LabelSelector, { always: true }),
  ingress: field(2, list(NetworkPolicyIngressRule)),
  egress: field(3, list(NetworkPolicyEgressRule)),
  policyTypes: field(4, list(PolicyType)),
})
export type NetworkPolicySpec = Of<typeof NetworkPolicySpec>

export const NetworkPolicy = message('k8s.io.api.networking.v1.NetworkPolicy', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, NetworkPolicySpec, { always: true }),
})
export type NetworkPolicy = Of<typeof NetworkPolicy>

export const ServiceBackendPort = message(
  'k8s.io.api.networking.v1.ServiceBackendPort',
  {
    name: field(1, string()),
    number: field(2, int32()),
  },
  { atomic: true },
)
export type ServiceBackendPort = Of<typeof ServiceBackendPort>

export const IngressServiceBackend = message('k8s.io.api.networking.v1.IngressServiceBackend', {
  name: field(1, string(), { required: true }),
  port: field(2, ServiceBackendPort, { always: true }),
})
export type IngressServiceBackend = Of<typeof IngressServiceBackend>

export const IngressBackend = message('k8s.io.api.networking.v1.IngressBackend', {
  service: field(4, IngressServiceBackend, { pointer: true }),
  resource: field(3, core.TypedLocalObjectReference, { pointer: true }),
})
export type IngressBackend = Of<typeof IngressBackend>

export const IngressTLS = message('k8s.io.api.networking.v1.IngressTLS', {
  hosts: field(1, list(string())),
  secretName: field(2, string()),
})
export type IngressTLS = Of<typeof IngressTLS>

export const PathType = oneOf('Exact', 'Prefix', 'ImplementationSpecific')
export type PathType = Of<typeof PathType>

export const HTTPIngressPath = message('k8s.io.api.networking.v1.HTTPIngressPath', {
  path: field(1, string()),
  pathType: field(3, PathType, { required: true, pointer: true }),
  backend: field(2, IngressBackend, { required: true }),
})
export type HTTPIngressPath = Of<typeof HTTPIngressPath>

export const HTTPIngressRuleValue = message('k8s.io.api.networking.v1.HTTPIngressRuleValue', {
  paths: field(1, list(HTTPIngressPath), { required: true }),
})
export type HTTPIngressRuleValue = Of<typeof HTTPIngressRuleValue>

const IngressRuleValueFields = {
  http: field(1, HTTPIngressRuleValue, { pointer: true }),
}
export const IngressRuleValue = message('k8s.io.api.networking.v1.IngressRuleValue', IngressRuleValueFields)
export type IngressRuleValue = Of<typeof IngressRuleValue>

export const IngressRule = message(
  'k8s.io.api.networking.v1.IngressRule',
  {
    host: field(1, string()),
    ...IngressRuleValueFields,
  },
  { embeds: [{ number: 2, type: IngressRuleValue }] },
)
export type IngressRule = Of<typeof IngressRule>

export const IngressSpec = message('k8s.io.api.networking.v1.IngressSpec', {
  ingressClassName: field(4, string(), { pointer: true }),
  defaultBackend: field(1, IngressBackend, { pointer: true }),
  tls: field(2, list(IngressTLS)),
  rules: field(3, list(IngressRule)),
})
export type IngressSpec = Of<typeof IngressSpec>

export const IngressPortStatus = message('k8s.io.api.networking.v1.IngressPortStatus', {
  port: field(1, int32(), { required: true }),
  protocol: field(2, core.Protocol, { required: true }),
  error: field(3, string(), { pointer: true }),
})
export type IngressPortStatus = Of<typeof IngressPortStatus>

export const IngressLoadBalancerIngress = message('k8s.io.api.networking.v1.IngressLoadBalancerIngress', {
  ip: field(1, string()),
  hostname: field(2, string()),
  ports: field(4, list(IngressPortStatus)),
})
export type IngressLoadBalancerIngress = Of<typeof IngressLoadBalancerIngress>

export const IngressLoadBalancerStatus = message('k8s.io.api.networking.v1.IngressLoadBalancerStatus', {
  ingress: field(1, list(IngressLoadBalancerIngress)),
})
export type IngressLoadBalancerStatus = Of<typeof IngressLoadBalancerStatus>

export const IngressStatus = message('k8s.io.api.networking.v1.IngressStatus', {
  loadBalancer: field(1, IngressLoadBalancerStatus, { always: true }),
})
export type IngressStatus = Of<typeof IngressStatus>

export const Ingress = message('k8s.io.api.networking.v1.Ingress', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, IngressSpec, { always: true }),
  status: field(3, IngressStatus, { always: true }),
})
export type Ingress = Of<typeof Ingress>

export const IngressClassParametersReference = message('k8s.io.api.networking.v1.IngressClassParametersReference', {
  apiGroup: field(1, string(), { pointer: true }),
  kind: field(2, string(), { required: true }),
  name: field(3, string(), { required: true }),
  scope: field(4, string(), { always: true, default: 'Cluster', pointer: true }),
  namespace: field(5, string(), { pointer: true }),
})
export type IngressClassParametersReference = Of<typeof IngressClassParametersReference>

export const IngressClassSpec = message('k8s.io.api.networking.v1.IngressClassSpec', {
  controller: field(1, string()),
  parameters: field(2, IngressClassParametersReference, { pointer: true }),
})
export type IngressClassSpec = Of<typeof IngressClassSpec>

export const IngressClass = message('k8s.io.api.networking.v1.IngressClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, IngressClassSpec, { always: true }),
})
export type IngressClass = Of<typeof IngressClass>

export const ParentReference = message('k8s.io.api.networking.v1.ParentReference', {
  group: field(1, string()),
  resource: field(2, string()),
  namespace: field(3, string()),
  name: field(4, string()),
})
export type ParentReference = Of<typeof ParentReference>

export const IPAddressSpec = message('k8s.io.api.networking.v1.IPAddressSpec', {
  parentRef: field(1, ParentReference, { pointer: true }),
})
export type IPAddressSpec = Of<typeof IPAddressSpec>

export const IPAddress = message('k8s.io.api.networking.v1.IPAddress', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, IPAddressSpec, { always: true }),
})
export type IPAddress = Of<typeof IPAddress>

export const ServiceCIDRSpec = message('k8s.io.api.networking.v1.ServiceCIDRSpec', {
  cidrs: field(1, list(string())),
})
export type ServiceCIDRSpec = Of<typeof ServiceCIDRSpec>

export const ServiceCIDRStatus = message('k8s.io.api.networking.v1.ServiceCIDRStatus', {
  conditions: field(1, list(meta.Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type ServiceCIDRStatus = Of<typeof ServiceCIDRStatus>

export const ServiceCIDR = message('k8s.io.api.networking.v1.ServiceCIDR', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ServiceCIDRSpec, { always: true }),
  status: field(3, ServiceCIDRStatus, { always: true }),
})
export type ServiceCIDR = Of<typeof ServiceCIDR>
