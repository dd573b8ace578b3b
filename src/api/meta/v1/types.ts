/** The types of meta/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, json, list, map, message, nullable, string, time } from '#schema/schema.ts'

export const ShardInfo = message('k8s.io.apimachinery.pkg.apis.meta.v1.ShardInfo', {
  selector: field(1, string(), { required: true }),
})
export type ShardInfo = Of<typeof ShardInfo>

export const ListMeta = message('k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta', {
  selfLink: field(1, string()),
  resourceVersion: field(2, string()),
  continue: field(3, string()),
  remainingItemCount: field(4, int64(), { pointer: true }),
  shardInfo: field(5, ShardInfo, { pointer: true }),
})
export type ListMeta = Of<typeof ListMeta>

export const OwnerReference = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.OwnerReference',
  {
    apiVersion: field(5, string(), { required: true }),
    kind: field(1, string(), { required: true }),
    name: field(3, string(), { required: true }),
    uid: field(4, string(), { required: true }),
    controller: field(6, bool(), { pointer: true }),
    blockOwnerDeletion: field(7, bool(), { pointer: true }),
  },
  { atomic: true },
)
export type OwnerReference = Of<typeof OwnerReference>

export const ManagedFieldsEntry = message('k8s.io.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', {
  manager: field(1, string()),
  operation: field(2, string()),
  apiVersion: field(3, string()),
  time: field(4, time(), { pointer: true }),
  fieldsType: field(6, string()),
  fieldsV1: field(7, json({ name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1' }), { pointer: true }),
  subresource: field(8, string()),
})
export type ManagedFieldsEntry = Of<typeof ManagedFieldsEntry>

export const ObjectMeta = message('k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta', {
  name: field(1, string()),
  generateName: field(2, string()),
  namespace: field(3, string()),
  selfLink: field(4, string()),
  uid: field(5, string()),
  resourceVersion: field(6, string()),
  generation: field(7, int64()),
  creationTimestamp: field(8, time()),
  deletionTimestamp: field(9, time(), { pointer: true }),
  deletionGracePeriodSeconds: field(10, int64(), { pointer: true }),
  labels: field(11, map(string())),
  annotations: field(12, map(string())),
  ownerReferences: field(13, list(OwnerReference, { apply: { type: 'map', keys: ['uid'] }, patch: { strategy: 'merge', key: 'uid' } })),
  finalizers: field(14, list(string(), { apply: { type: 'set' }, patch: { strategy: 'merge' } })),
  managedFields: field(17, list(ManagedFieldsEntry)),
})
export type ObjectMeta = Of<typeof ObjectMeta>

export const ListOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.ListOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  labelSelector: field(1, string()),
  fieldSelector: field(2, string()),
  watch: field(3, bool()),
  allowWatchBookmarks: field(9, bool()),
  resourceVersion: field(4, string()),
  resourceVersionMatch: field(10, string()),
  timeoutSeconds: field(5, int64(), { pointer: true }),
  limit: field(7, int64()),
  continue: field(8, string()),
  sendInitialEvents: field(11, bool(), { pointer: true }),
  shardSelector: field(15, string()),
})
export type ListOptions = Of<typeof ListOptions>

export const GetOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.GetOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  resourceVersion: field(1, string()),
})
export type GetOptions = Of<typeof GetOptions>

export const Preconditions = message('k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions', {
  uid: field(1, string(), { pointer: true }),
  resourceVersion: field(2, string(), { pointer: true }),
})
export type Preconditions = Of<typeof Preconditions>

export const DeleteOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  gracePeriodSeconds: field(1, int64(), { pointer: true }),
  preconditions: field(2, Preconditions, { pointer: true }),
  orphanDependents: field(3, bool(), { pointer: true }),
  propagationPolicy: field(4, string(), { pointer: true }),
  dryRun: field(5, list(string())),
  ignoreStoreReadErrorWithClusterBreakingPotential: field(6, bool(), { pointer: true }),
})
export type DeleteOptions = Of<typeof DeleteOptions>

export const CreateOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.CreateOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  dryRun: field(1, list(string())),
  fieldManager: field(3, string()),
  fieldValidation: field(4, string()),
})
export type CreateOptions = Of<typeof CreateOptions>

export const PatchOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.PatchOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  dryRun: field(1, list(string())),
  force: field(2, bool(), { pointer: true }),
  fieldManager: field(3, string()),
  fieldValidation: field(4, string()),
})
export type PatchOptions = Of<typeof PatchOptions>

export const ApplyOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.ApplyOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  dryRun: field(1, list(string())),
  force: field(2, bool(), { required: true }),
  fieldManager: field(3, string(), { required: true }),
})
export type ApplyOptions = Of<typeof ApplyOptions>

export const UpdateOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.UpdateOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  dryRun: field(1, list(string())),
  fieldManager: field(2, string()),
  fieldValidation: field(3, string()),
})
export type UpdateOptions = Of<typeof UpdateOptions>

export const StatusCause = message('k8s.io.apimachinery.pkg.apis.meta.v1.StatusCause', {
  reason: field(1, string()),
  message: field(2, string()),
  field: field(3, string()),
})
export type StatusCause = Of<typeof StatusCause>

export const StatusDetails = message('k8s.io.apimachinery.pkg.apis.meta.v1.StatusDetails', {
  name: field(1, string()),
  group: field(2, string()),
  kind: field(3, string()),
  uid: field(6, string()),
  causes: field(4, list(StatusCause)),
  retryAfterSeconds: field(5, int32()),
})
export type StatusDetails = Of<typeof StatusDetails>

export const Status = message('k8s.io.apimachinery.pkg.apis.meta.v1.Status', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, ListMeta, { always: true }),
  status: field(2, string()),
  message: field(3, string()),
  reason: field(4, string()),
  details: field(5, StatusDetails, { pointer: true }),
  code: field(6, int32()),
})
export type Status = Of<typeof Status>

export const List = message('k8s.io.apimachinery.pkg.apis.meta.v1.List', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, ListMeta, { always: true }),
  items: field(2, list(json()), { required: true }),
})
export type List = Of<typeof List>

export const ServerAddressByClientCIDR = message('k8s.io.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR', {
  clientCIDR: field(1, string(), { required: true }),
  serverAddress: field(2, string(), { required: true }),
})
export type ServerAddressByClientCIDR = Of<typeof ServerAddressByClientCIDR>

export const APIVersions = message('k8s.io.apimachinery.pkg.apis.meta.v1.APIVersions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  versions: field(1, list(string()), { required: true }),
  serverAddressByClientCIDRs: field(2, list(ServerAddressByClientCIDR), { required: true }),
})
export type APIVersions = Of<typeof APIVersions>

export const GroupVersionForDiscovery = message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery', {
  groupVersion: field(1, string(), { required: true }),
  version: field(2, string(), { required: true }),
})
export type GroupVersionForDiscovery = Of<typeof GroupVersionForDiscovery>

export const APIGroup = message('k8s.io.apimachinery.pkg.apis.meta.v1.APIGroup', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  name: field(1, string(), { required: true }),
  versions: field(2, list(GroupVersionForDiscovery), { required: true }),
  preferredVersion: field(3, GroupVersionForDiscovery, { always: true }),
  serverAddressByClientCIDRs: field(4, list(ServerAddressByClientCIDR)),
})
export type APIGroup = Of<typeof APIGroup>

export const APIGroupList = message('k8s.io.apimachinery.pkg.apis.meta.v1.APIGroupList', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  groups: field(1, list(APIGroup), { required: true }),
})
export type APIGroupList = Of<typeof APIGroupList>

export const Verbs = list(string())
export type Verbs = Of<typeof Verbs>

export const APIResource = message('k8s.io.apimachinery.pkg.apis.meta.v1.APIResource', {
  name: field(1, string(), { required: true }),
  singularName: field(6, string(), { required: true }),
  namespaced: field(2, bool(), { required: true }),
  group: field(8, string()),
  version: field(9, string()),
  kind: field(3, string(), { required: true }),
  verbs: field(4, Verbs, { required: true, wrapped: true }),
  shortNames: field(5, list(string())),
  categories: field(7, list(string())),
  storageVersionHash: field(10, string()),
})
export type APIResource = Of<typeof APIResource>

export const APIResourceList = message('k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  groupVersion: field(1, string(), { required: true }),
  resources: field(2, list(APIResource), { required: true }),
})
export type APIResourceList = Of<typeof APIResourceList>

export const RootPaths = message('k8s.io.apimachinery.pkg.apis.meta.v1.RootPaths', {
  paths: field(1, list(string()), { required: true }),
})
export type RootPaths = Of<typeof RootPaths>

export const LabelSelectorRequirement = message('k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', {
  key: field(1, string(), { required: true }),
  operator: field(2, string(), { required: true }),
  values: field(3, list(string())),
})
export type LabelSelectorRequirement = Of<typeof LabelSelectorRequirement>

export const LabelSelector = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  {
    matchLabels: field(1, map(string())),
    matchExpressions: field(2, list(LabelSelectorRequirement)),
  },
  { atomic: true },
)
export type LabelSelector = Of<typeof LabelSelector>

export const FieldSelectorRequirement = message('k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement', {
  key: field(1, string(), { required: true }),
  operator: field(2, string(), { required: true }),
  values: field(3, list(string())),
})
export type FieldSelectorRequirement = Of<typeof FieldSelectorRequirement>

export const TableColumnDefinition = message('k8s.io.apimachinery.pkg.apis.meta.v1.TableColumnDefinition', {
  name: field(0, string(), { required: true }),
  type: field(0, string(), { required: true }),
  format: field(0, string(), { required: true }),
  description: field(0, string(), { required: true }),
  priority: field(0, int32(), { required: true }),
})
export type TableColumnDefinition = Of<typeof TableColumnDefinition>

export const TableRowCondition = message('k8s.io.apimachinery.pkg.apis.meta.v1.TableRowCondition', {
  type: field(0, string(), { required: true }),
  status: field(0, string(), { required: true }),
  reason: field(0, string()),
  message: field(0, string()),
})
export type TableRowCondition = Of<typeof TableRowCondition>

export const TableRow = message('k8s.io.apimachinery.pkg.apis.meta.v1.TableRow', {
  conditions: field(0, list(TableRowCondition)),
  object: field(0, json()),
})
export type TableRow = Of<typeof TableRow>

export const Table = message('k8s.io.apimachinery.pkg.apis.meta.v1.Table', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(0, ListMeta, { always: true }),
  columnDefinitions: field(0, list(TableColumnDefinition), { required: true }),
  rows: field(0, list(TableRow), { required: true }),
})
export type Table = Of<typeof Table>

export const TableOptions = message('k8s.io.apimachinery.pkg.apis.meta.v1.TableOptions', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  '-': field(0, bool(), { required: true }),
  includeObject: field(1, string()),
})
export type TableOptions = Of<typeof TableOptions>

export const PartialObjectMetadata = message('k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, ObjectMeta, { always: true }),
})
export type PartialObjectMetadata = Of<typeof PartialObjectMetadata>

export const PartialObjectMetadataList = message('k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, ListMeta, { always: true }),
  items: field(2, list(PartialObjectMetadata), { required: true }),
})
export type PartialObjectMetadataList = Of<typeof PartialObjectMetadataList>

export const Condition = message('k8s.io.apimachinery.pkg.apis.meta.v1.Condition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  observedGeneration: field(3, int64()),
  lastTransitionTime: field(4, nullable(time()), { always: true }),
  reason: field(5, string(), { required: true }),
  message: field(6, string(), { required: true }),
})
export type Condition = Of<typeof Condition>

export const WatchEvent = message('k8s.io.apimachinery.pkg.apis.meta.v1.WatchEvent', {
  type: field(1, string(), { required: true }),
  object: field(2, json(), { required: true }),
})
export type WatchEvent = Of<typeof WatchEvent>
