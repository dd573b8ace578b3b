/** The types of apidiscovery.k8s.io/v2, as data: what aggregated discovery is written by in protobuf. */

import { ListMeta, ObjectMeta } from '#api/meta/v1/types.ts'
import { field, list, message, string } from '#schema/schema.ts'

const name = (type: string): string => `k8s.io.api.apidiscovery.v2.${type}`

const GroupVersionKind = message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionKind', {
  group: field(1, string(), { required: true }),
  version: field(2, string(), { required: true }),
  kind: field(3, string(), { required: true }),
})

const APISubresourceDiscovery = message(name('APISubresourceDiscovery'), {
  subresource: field(1, string(), { required: true }),
  responseKind: field(2, GroupVersionKind, { pointer: true }),
  acceptedTypes: field(3, list(GroupVersionKind)),
  verbs: field(4, list(string())),
})

const APIResourceDiscovery = message(name('APIResourceDiscovery'), {
  resource: field(1, string(), { required: true }),
  responseKind: field(2, GroupVersionKind, { pointer: true }),
  scope: field(3, string(), { required: true }),
  singularResource: field(4, string(), { required: true }),
  verbs: field(5, list(string())),
  shortNames: field(6, list(string())),
  categories: field(7, list(string())),
  subresources: field(8, list(APISubresourceDiscovery)),
})

const APIVersionDiscovery = message(name('APIVersionDiscovery'), {
  version: field(1, string(), { required: true }),
  resources: field(2, list(APIResourceDiscovery)),
  freshness: field(3, string()),
})

const APIGroupDiscovery = message(name('APIGroupDiscovery'), {
  metadata: field(1, ObjectMeta, { always: true }),
  versions: field(2, list(APIVersionDiscovery)),
})

/** All groups with their versions and resources. */
export const APIGroupDiscoveryList = message(name('APIGroupDiscoveryList'), {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, ListMeta, { always: true }),
  items: field(2, list(APIGroupDiscovery)),
})
