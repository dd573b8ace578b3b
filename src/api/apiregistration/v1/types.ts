/** The types of apiregistration/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, bytes, field, int32, list, message, nullable, string, time } from '#schema/schema.ts'

export const ServiceReference = message('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.ServiceReference', {
  namespace: field(1, string()),
  name: field(2, string()),
  port: field(3, int32(), { default: 443, pointer: true }),
})
export type ServiceReference = Of<typeof ServiceReference>

export const APIServiceSpec = message('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceSpec', {
  service: field(1, ServiceReference, { pointer: true }),
  group: field(2, string()),
  version: field(3, string()),
  insecureSkipTLSVerify: field(4, bool()),
  caBundle: field(5, bytes()),
  groupPriorityMinimum: field(7, int32(), { required: true }),
  versionPriority: field(8, int32(), { required: true }),
})
export type APIServiceSpec = Of<typeof APIServiceSpec>

export const APIServiceCondition = message('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type APIServiceCondition = Of<typeof APIServiceCondition>

export const APIServiceStatus = message('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceStatus', {
  conditions: field(1, list(APIServiceCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type APIServiceStatus = Of<typeof APIServiceStatus>

export const APIService = message('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIService', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, APIServiceSpec, { always: true }),
  status: field(3, APIServiceStatus, { always: true }),
})
export type APIService = Of<typeof APIService>
