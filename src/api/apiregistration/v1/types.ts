/** The types of apiregistration/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { bool, bytes, field, int32, list, message, nullable, string, time } from '#schema/schema.ts'

export const ServiceReference = message(
  'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.ServiceReference',
  {
    namespace: field(1, string(), { about: 'Namespace of the service.' }),
    name: field(2, string(), { about: 'Name of the service.' }),
    port: field(3, int32(), { default: 443, pointer: true, about: 'Port of the service, from 1 to 65535; 443 by default.' }),
  },
  { about: 'Service that an aggregated API server is reached at.' },
)
export type ServiceReference = Of<typeof ServiceReference>

export const APIServiceSpec = message(
  'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceSpec',
  {
    service: field(1, ServiceReference, {
      pointer: true,
      about: 'Service that requests are passed on to; absent for a group version that this server serves itself.',
    }),
    group: field(2, string(), { about: 'API group that is registered.' }),
    version: field(3, string(), { about: 'Version of the group that is registered.' }),
    insecureSkipTLSVerify: field(4, bool(), {
      about: 'Takes any certificate of the server; better to give a caBundle, with which it does not go.',
    }),
    caBundle: field(5, bytes(), {
      atomic: true,
      about: "PEM certificates that the server's is checked with, base64 in JSON; by default those of the system.",
    }),
    groupPriorityMinimum: field(7, int32(), {
      required: true,
      about: 'Rank of the group in discovery, from 1 to 20000: higher comes first, the highest of its versions counts.',
    }),
    versionPriority: field(8, int32(), {
      required: true,
      about: 'Rank of the version in its group, from 1 to 1000: higher comes first, equals go by the usual order of versions.',
    }),
  },
  { about: 'Which group version is served by whom, and its rank among others.' },
)
export type APIServiceSpec = Of<typeof APIServiceSpec>

export const APIServiceCondition = message(
  'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceCondition',
  {
    type: field(1, string(), { required: true, about: 'Available, the only type so far.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a registration's state." },
)
export type APIServiceCondition = Of<typeof APIServiceCondition>

export const APIServiceStatus = message(
  'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIServiceStatus',
  {
    conditions: field(1, list(APIServiceCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
  },
  { about: 'Whether the group version can be reached.' },
)
export type APIServiceStatus = Of<typeof APIServiceStatus>

export const APIService = message(
  'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIService',
  {
    ...objectFields,
    spec: field(2, APIServiceSpec, { always: true, about: "Group version and its server. The object's name is <version>.<group>." }),
    status: field(3, APIServiceStatus, { always: true, about: 'Whether the server can be reached; written by the API server.' }),
  },
  { about: 'Registers a group version of the API and who serves it: this server, or another one behind a service.' },
)
export type APIService = Of<typeof APIService>
