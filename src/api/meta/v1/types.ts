/** The types of meta/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, json, list, map, message, nullable, string, time } from '#schema/schema.ts'
import { typeFields } from './type-fields.ts'

export const ShardInfo = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ShardInfo',
  {
    selector: field(1, string(), {
      required: true,
      about: 'Shard selector that the answer was made for, as the client sent it; use it to tell the shards apart.',
    }),
  },
  { about: 'Tells which part of a collection a list or watch covers, when the client asked for one shard of it only.' },
)
export type ShardInfo = Of<typeof ShardInfo>

export const ListMeta = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta',
  {
    selfLink: field(1, string(), { about: 'Not filled in any more; it used to be the path of the list.' }),
    resourceVersion: field(2, string(), {
      about: 'Opaque version at which the list was read; start a watch from it to see every later change.',
    }),
    continue: field(3, string(), {
      about: 'Opaque token that fetches the next page; empty on the last one. It expires after some minutes.',
    }),
    remainingItemCount: field(4, int64(), {
      pointer: true,
      about: 'How many objects are left after this page, if the server knows; an estimate, for display only.',
    }),
    shardInfo: field(5, ShardInfo, {
      pointer: true,
      about: 'Which shard the list covers, if not all; needs the feature gate ShardedListAndWatch, off by default.',
    }),
  },
  { about: 'What a list says about itself, as opposed to the objects in it.' },
)
export type ListMeta = Of<typeof ListMeta>

export const OwnerReference = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.OwnerReference',
  {
    apiVersion: field(5, string(), { required: true, about: 'Group and version of the owner, such as apps/v1.' }),
    kind: field(1, string(), { required: true, about: 'Kind of the owner, such as ReplicaSet.' }),
    name: field(3, string(), { required: true, about: 'Name of the owner, in the namespace of this object or cluster-wide.' }),
    uid: field(4, string(), { required: true, about: 'UID of the owner, which tells it from a later object of the same name.' }),
    controller: field(6, bool(), {
      pointer: true,
      about: 'Marks the one owner that manages this object; at most one reference may say true.',
    }),
    blockOwnerDeletion: field(7, bool(), {
      pointer: true,
      about: 'Whether a foreground deletion of the owner waits until this object is gone; false by default.',
    }),
  },
  { atomic: true, about: 'Points at an object that this one belongs to: once all owners are gone, the garbage collector deletes it.' },
)
export type OwnerReference = Of<typeof OwnerReference>

export const ManagedFieldsEntry = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  {
    manager: field(1, string(), { about: 'Name of the writer: the fieldManager of its requests, or the beginning of its User-Agent.' }),
    operation: field(2, string(), { about: 'How the fields were set: Apply for server-side apply, Update for every other write.' }),
    apiVersion: field(3, string(), { about: 'API version in which the paths of fieldsV1 are written.' }),
    time: field(4, time(), { pointer: true, about: 'When the writer last added, changed or dropped one of its fields.' }),
    fieldsType: field(6, string(), { about: 'Format of the field set; FieldsV1 is the only one.' }),
    fieldsV1: field(7, json({ name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1' }), {
      pointer: true,
      about: 'The fields as a tree: f:name is a field, k:{...} and v:... are list items, and a dot is the value itself.',
    }),
    subresource: field(8, string(), {
      about: 'Subresource through which the fields were written, such as status; empty for the object itself.',
    }),
  },
  { about: 'Which fields one writer has set by one kind of operation; server-side apply finds conflicts by it.' },
)
export type ManagedFieldsEntry = Of<typeof ManagedFieldsEntry>

export const ObjectMeta = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  {
    name: field(1, string(), { about: 'Name of the object, unique among its kind in a namespace, or in the cluster. It cannot change.' }),
    generateName: field(2, string(), {
      about: 'Prefix to which the server adds five random characters, to make a name when none is given.',
    }),
    namespace: field(3, string(), { about: 'Namespace that the object lives in, empty for cluster-wide kinds. It cannot change.' }),
    selfLink: field(4, string(), { about: 'Not filled in any more; it used to be the path of the object.' }),
    uid: field(5, string(), { about: 'Unique identifier given by the server on creation and never used again, even for the same name.' }),
    resourceVersion: field(6, string(), {
      about: "Opaque version that changes at every write; send it back in an update so as not to overwrite somebody else's change.",
    }),
    generation: field(7, int64(), {
      about: 'Counts changes of the desired state, starting at 1; status.observedGeneration is compared with it.',
    }),
    creationTimestamp: field(8, time(), {
      about: 'CreationTimestamp is a timestamp of the moment when the server stored the object first. Read-only.',
    }),
    deletionTimestamp: field(9, time(), {
      pointer: true,
      about: 'When the object is due to go, set by a deletion; it vanishes once its finalizers are gone. Read-only.',
    }),
    deletionGracePeriodSeconds: field(10, int64(), {
      pointer: true,
      about: 'Seconds that a graceful deletion may take, set along with deletionTimestamp; it can only be shortened.',
    }),
    labels: field(11, map(string()), {
      about: 'Short keys and values that selectors of services, controllers and queries find the object by.',
    }),
    annotations: field(12, map(string()), {
      about: 'Free-form text by keys, for tools and people; nothing selects by it. At most 256 KiB in all.',
    }),
    ownerReferences: field(13, list(OwnerReference, { apply: { type: 'map', keys: ['uid'] }, patch: { strategy: 'merge', key: 'uid' } }), {
      about: 'Objects that this one depends on; when the last of them is deleted, the garbage collector deletes this one too.',
    }),
    finalizers: field(14, list(string(), { apply: { type: 'set' }, patch: { strategy: 'merge' } }), {
      about: 'Names of those that must clean up first: a deleted object stays until each has removed its own entry.',
    }),
    managedFields: field(17, list(ManagedFieldsEntry), {
      about: 'Who set which fields, kept by the server for server-side apply; writing a list of one empty entry forgets them all.',
    }),
  },
  { about: 'Metadata that all stored objects have, partly written by clients and partly kept by the server.' },
)
export type ObjectMeta = Of<typeof ObjectMeta>

export const ListOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ListOptions',
  {
    ...typeFields,
    labelSelector: field(1, string(), { about: 'Only objects whose labels match, such as app=web,tier!=cache; empty matches all.' }),
    fieldSelector: field(2, string(), {
      about: 'Only objects whose fields match, such as status.phase=Running; each kind supports a few fields.',
    }),
    watch: field(3, bool(), { about: 'Streams the changes from resourceVersion on, instead of answering with a list.' }),
    allowWatchBookmarks: field(9, bool(), {
      about: 'Lets the server send BOOKMARK events, which carry a recent resourceVersion and no change.',
    }),
    resourceVersion: field(4, string(), {
      about: 'Version to read at or to watch from; empty means the latest, 0 whatever the cache has.',
    }),
    resourceVersionMatch: field(10, string(), {
      about: 'How a list treats resourceVersion: Exact, or NotOlderThan. It needs resourceVersion to be set.',
    }),
    timeoutSeconds: field(5, int64(), { pointer: true, about: 'Ends the request after so many seconds, also when a watch still goes on.' }),
    limit: field(7, int64(), { about: 'At most so many objects in one answer; the rest is fetched by the continue token.' }),
    continue: field(8, string(), { about: 'Token from the previous page; the other parameters have to be the same as there.' }),
    sendInitialEvents: field(11, bool(), {
      pointer: true,
      about: 'Starts a watch with an ADDED event for each existing object and then a bookmark, in place of a list.',
    }),
    shardSelector: field(15, string(), {
      about: 'Only the objects of one shard, a range of hashes of a field; needs the feature gate ShardedListAndWatch, off by default.',
    }),
  },
  { about: 'Query parameters of list and watch requests.' },
)
export type ListOptions = Of<typeof ListOptions>

export const GetOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GetOptions',
  {
    ...typeFields,
    resourceVersion: field(1, string(), {
      about: 'The answer is at least as new as this version; empty reads the latest, 0 whatever the cache has.',
    }),
  },
  { about: 'Query parameters of a request for one object.' },
)
export type GetOptions = Of<typeof GetOptions>

export const Preconditions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions',
  {
    uid: field(1, string(), { pointer: true, about: 'The object must have this UID.' }),
    resourceVersion: field(2, string(), { pointer: true, about: 'The object must still be at this version.' }),
  },
  { about: 'What must hold of an object for an operation to go ahead; otherwise the answer is 409 Conflict.' },
)
export type Preconditions = Of<typeof Preconditions>

export const DeleteOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  {
    ...typeFields,
    gracePeriodSeconds: field(1, int64(), {
      pointer: true,
      about: 'Seconds that the object gets to end; 0 deletes at once, absent takes the default of the kind.',
    }),
    preconditions: field(2, Preconditions, {
      pointer: true,
      about: 'What must hold for the deletion to happen, to be sure that it meets the right object.',
    }),
    orphanDependents: field(3, bool(), {
      pointer: true,
      about: 'Older form of propagationPolicy: true leaves the dependents alone. Only one of the two may be set.',
    }),
    propagationPolicy: field(4, string(), {
      pointer: true,
      about: 'What becomes of dependents: Background deletes them afterwards, Foreground before, Orphan keeps them.',
    }),
    dryRun: field(5, list(string()), { about: 'With the one value All the request is checked and answered, but nothing is stored.' }),
    ignoreStoreReadErrorWithClusterBreakingPotential: field(6, bool(), {
      pointer: true,
      about: 'Deletes an object that cannot be read any more, without finalizers or hooks. It can break the cluster.',
    }),
  },
  { about: 'How an object is to be deleted; sent as the body of the request or as query parameters.' },
)
export type DeleteOptions = Of<typeof DeleteOptions>

export const CreateOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.CreateOptions',
  {
    ...typeFields,
    dryRun: field(1, list(string()), { about: 'With the one value All the object is checked and answered, but not created.' }),
    fieldManager: field(3, string(), {
      about: 'Name that managedFields knows the writer by, at most 128 characters; by default from the User-Agent.',
    }),
    fieldValidation: field(4, string(), {
      about: 'Unknown and doubled fields are dropped silently (Ignore), told as warnings (Warn, the default) or refused (Strict).',
    }),
  },
  { about: 'Query parameters of a create request.' },
)
export type CreateOptions = Of<typeof CreateOptions>

export const PatchOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PatchOptions',
  {
    ...typeFields,
    dryRun: field(1, list(string()), { about: 'With the one value All the patch is checked and its outcome answered, but not stored.' }),
    force: field(2, bool(), {
      pointer: true,
      about: 'Takes fields over from other managers instead of answering with a conflict; for server-side apply only.',
    }),
    fieldManager: field(3, string(), { about: 'Name that managedFields knows the writer by; apply requests must give it.' }),
    fieldValidation: field(4, string(), {
      about: 'What becomes of unknown and doubled fields in the patch: Ignore, Warn (the default) or Strict.',
    }),
  },
  { about: 'Query parameters of a patch request.' },
)
export type PatchOptions = Of<typeof PatchOptions>

export const ApplyOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ApplyOptions',
  {
    ...typeFields,
    dryRun: field(1, list(string()), {
      about: 'With the one value All the configuration is applied and the outcome answered, but not stored.',
    }),
    force: field(2, bool(), { required: true, about: 'Takes fields over from other managers instead of answering with a conflict.' }),
    fieldManager: field(3, string(), { required: true, about: 'Name of the one that applies, by which its fields are remembered.' }),
  },
  { about: 'Query parameters of a server-side apply request.' },
)
export type ApplyOptions = Of<typeof ApplyOptions>

export const UpdateOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.UpdateOptions',
  {
    ...typeFields,
    dryRun: field(1, list(string()), { about: 'With the one value All the update is checked and answered, but not stored.' }),
    fieldManager: field(2, string(), { about: 'Name that managedFields knows the writer by, at most 128 printable characters.' }),
    fieldValidation: field(3, string(), {
      about: 'What becomes of unknown and doubled fields in the object: Ignore, Warn (the default) or Strict.',
    }),
  },
  { about: 'Query parameters of an update request.' },
)
export type UpdateOptions = Of<typeof UpdateOptions>

export const StatusCause = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.StatusCause',
  {
    reason: field(1, string(), { about: 'Machine-readable cause, such as FieldValueInvalid.' }),
    message: field(2, string(), { about: 'The cause in words, for people.' }),
    field: field(3, string(), { about: 'Path of the field that is at fault, such as spec.ports[0].name.' }),
  },
  { about: 'One of the reasons for a refusal, about one field where it can be told.' },
)
export type StatusCause = Of<typeof StatusCause>

export const StatusDetails = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.StatusDetails',
  {
    name: field(1, string(), { about: 'Name of the object concerned, if there is one.' }),
    group: field(2, string(), { about: 'API group of the object concerned.' }),
    kind: field(3, string(), { about: 'Kind or resource of the object concerned.' }),
    uid: field(6, string(), { about: 'UID of the object concerned, where it is known.' }),
    causes: field(4, list(StatusCause), { about: 'Each single fault that was found, as far as the server tells them apart.' }),
    retryAfterSeconds: field(5, int32(), { about: 'Seconds after which the request may be tried again.' }),
  },
  { about: 'What an answer is about, and what was wrong with it in particular.' },
)
export type StatusDetails = Of<typeof StatusDetails>

export const Status = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Status',
  {
    ...typeFields,
    metadata: field(1, ListMeta, {
      always: true,
      about: 'About the list as a whole: the version it was read at, and where the next page begins.',
    }),
    status: field(2, string(), { about: 'Success or Failure.' }),
    message: field(3, string(), { about: 'What happened, in words for people.' }),
    reason: field(4, string(), { about: 'Why it failed, in one machine-readable word such as NotFound; the HTTP code goes with it.' }),
    details: field(5, StatusDetails, { pointer: true, about: 'The object concerned and the single faults, if the reason has any.' }),
    code: field(6, int32(), { about: 'HTTP status code of the answer.' }),
  },
  { about: 'The answer to a request that has no object to give back, above all to one that failed.' },
)
export type Status = Of<typeof Status>

export const List = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.List',
  {
    ...typeFields,
    metadata: field(1, ListMeta, {
      always: true,
      about: 'About the list as a whole: the version it was read at, and where the next page begins.',
    }),
    items: field(2, list(json()), { required: true, about: 'The objects, each with its own apiVersion and kind.' }),
  },
  { about: 'Objects of any kinds, one after the other.' },
)
export type List = Of<typeof List>

export const ServerAddressByClientCIDR = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
  {
    clientCIDR: field(1, string(), { required: true, about: 'Network whose clients should use the address; 0.0.0.0/0 is everybody.' }),
    serverAddress: field(2, string(), { required: true, about: 'Host name or IP of the server, with a port if it is not the usual one.' }),
  },
  { about: 'Address of the API server for the clients of one network.' },
)
export type ServerAddressByClientCIDR = Of<typeof ServerAddressByClientCIDR>

export const APIVersions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIVersions',
  {
    ...typeFields,
    versions: field(1, list(string()), { required: true, about: 'Names of the versions, such as v1.' }),
    serverAddressByClientCIDRs: field(2, list(ServerAddressByClientCIDR), {
      required: true,
      about: 'Addresses under which clients of different networks reach the server.',
    }),
  },
  { about: 'Versions of the core group, as the path /api answers.' },
)
export type APIVersions = Of<typeof APIVersions>

export const GroupVersionForDiscovery = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
  {
    groupVersion: field(1, string(), { required: true, about: 'Group and version as apiVersion has them, such as apps/v1.' }),
    version: field(2, string(), { required: true, about: 'The version alone, such as v1.' }),
  },
  { about: 'A version of an API group, by its short and its full name.' },
)
export type GroupVersionForDiscovery = Of<typeof GroupVersionForDiscovery>

export const APIGroup = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroup',
  {
    ...typeFields,
    name: field(1, string(), { required: true, about: 'Name of the group, such as apps.' }),
    versions: field(2, list(GroupVersionForDiscovery), { required: true, about: 'All versions that the server offers of the group.' }),
    preferredVersion: field(3, GroupVersionForDiscovery, {
      always: true,
      about: 'Version that clients without a wish of their own should use.',
    }),
    serverAddressByClientCIDRs: field(4, list(ServerAddressByClientCIDR), {
      about: 'Addresses by which clients of different networks reach the group.',
    }),
  },
  { about: 'An API group and the versions in which it is served.' },
)
export type APIGroup = Of<typeof APIGroup>

export const APIGroupList = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroupList',
  {
    ...typeFields,
    groups: field(1, list(APIGroup), { required: true, about: 'The groups; the core group is not among them.' }),
  },
  { about: 'All named API groups, as the path /apis answers.' },
)
export type APIGroupList = Of<typeof APIGroupList>

export const Verbs = list(string())
export type Verbs = Of<typeof Verbs>

export const APIResource = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIResource',
  {
    name: field(1, string(), { required: true, about: 'Plural name as it stands in paths, such as pods or pods/status.' }),
    singularName: field(6, string(), { required: true, about: 'Singular name that command line tools accept too.' }),
    namespaced: field(2, bool(), { required: true, about: 'Whether its objects live in namespaces.' }),
    group: field(8, string(), { about: 'Group of the objects that it takes, where it is not the group of the whole list.' }),
    version: field(9, string(), { about: 'Version of the objects that it takes, where it is not the version of the whole list.' }),
    kind: field(3, string(), { required: true, about: 'Kind of its objects, such as Pod.' }),
    verbs: field(4, Verbs, { required: true, wrapped: true, about: 'What can be done with it, such as get, list, watch or create.' }),
    shortNames: field(5, list(string()), { about: 'Abbreviations that command line tools accept, such as po.' }),
    categories: field(7, list(string()), { about: 'Groups of resources it belongs to, such as all.' }),
    storageVersionHash: field(10, string(), { about: 'Opaque hash that changes when the version in which objects are stored does.' }),
  },
  { about: 'A resource or subresource of a group version, as discovery tells clients.' },
)
export type APIResource = Of<typeof APIResource>

export const APIResourceList = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList',
  {
    ...typeFields,
    groupVersion: field(1, string(), { required: true, about: 'Group and version that the resources belong to.' }),
    resources: field(2, list(APIResource), { required: true, about: 'The resources and their subresources.' }),
  },
  { about: 'Resources of one group version, as discovery answers.' },
)
export type APIResourceList = Of<typeof APIResourceList>

export const RootPaths = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.RootPaths',
  {
    paths: field(1, list(string()), { required: true, about: 'The paths, sorted.' }),
  },
  { about: 'Paths that the server answers, as / shows them.' },
)
export type RootPaths = Of<typeof RootPaths>

export const GroupResource = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupResource',
  {
    group: field(1, string(), { required: true, about: 'Group of the resource; empty for the core group.' }),
    resource: field(2, string(), { required: true, about: 'Its plural name, as in paths.' }),
  },
  { about: 'A resource, whatever its version.' },
)
export type GroupResource = Of<typeof GroupResource>

export const LabelSelectorRequirement = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  {
    key: field(1, string(), { required: true, about: 'Label that is looked at.' }),
    operator: field(2, string(), { required: true, about: 'How the label is compared: In, NotIn, Exists or DoesNotExist.' }),
    values: field(3, list(string()), { about: 'Values for In and NotIn, at least one; empty for Exists and DoesNotExist.' }),
  },
  { about: 'A condition on one label.' },
)
export type LabelSelectorRequirement = Of<typeof LabelSelectorRequirement>

export const LabelSelector = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  {
    matchLabels: field(1, map(string()), { about: 'Labels with the exact values that an object must have.' }),
    matchExpressions: field(2, list(LabelSelectorRequirement), { about: 'Further conditions on labels, all of which must hold.' }),
  },
  { atomic: true, about: 'Picks objects by labels; every condition must hold. An empty selector matches all, an absent one none.' },
)
export type LabelSelector = Of<typeof LabelSelector>

export const FieldSelectorRequirement = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  {
    key: field(1, string(), { required: true, about: 'Path of the field that is looked at.' }),
    operator: field(2, string(), { required: true, about: 'How the field is compared: In, NotIn, Exists or DoesNotExist.' }),
    values: field(3, list(string()), { about: 'Values for In and NotIn; empty for Exists and DoesNotExist.' }),
  },
  { about: 'A condition on one field.' },
)
export type FieldSelectorRequirement = Of<typeof FieldSelectorRequirement>

export const TableColumnDefinition = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.TableColumnDefinition',
  {
    name: field(0, string(), { required: true, about: 'Heading of the column.' }),
    type: field(0, string(), { required: true, about: 'OpenAPI type of the cells: string, integer, number, boolean or date.' }),
    format: field(0, string(), { required: true, about: 'OpenAPI format of the cells; name marks the column that identifies the object.' }),
    description: field(0, string(), { required: true, about: 'What the column shows.' }),
    priority: field(0, int32(), { required: true, about: '0 is always shown, a higher number in wide output only.' }),
  },
  { about: 'A column of a table, by name and type.' },
)
export type TableColumnDefinition = Of<typeof TableColumnDefinition>

export const TableRowCondition = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.TableRowCondition',
  {
    type: field(0, string(), { required: true, about: 'What is told, such as Completed.' }),
    status: field(0, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    reason: field(0, string(), { about: 'Short machine-readable cause.' }),
    message: field(0, string(), { about: 'The cause in words for people.' }),
  },
  { about: 'Something noteworthy about a row.' },
)
export type TableRowCondition = Of<typeof TableRowCondition>

export const TableRow = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.TableRow',
  {
    conditions: field(0, list(TableRowCondition), { about: 'What is special about the object, for instance that it is finished.' }),
    object: field(0, json(), {
      about: 'The object behind the row: its metadata alone, the whole of it or nothing, as includeObject says.',
    }),
  },
  { about: 'One object of a table.' },
)
export type TableRow = Of<typeof TableRow>

export const Table = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Table',
  {
    ...typeFields,
    metadata: field(0, ListMeta, {
      always: true,
      about: 'About the list as a whole: the version it was read at, and where the next page begins.',
    }),
    columnDefinitions: field(0, list(TableColumnDefinition), {
      required: true,
      about: 'Columns in their order; each row has a cell for each.',
    }),
    rows: field(0, list(TableRow), { required: true, about: 'One row an object.' }),
  },
  { about: 'Objects as rows and columns, made by the server for display.' },
)
export type Table = Of<typeof Table>

export const TableOptions = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.TableOptions',
  {
    ...typeFields,
    '-': field(0, bool(), { required: true, about: 'Leaves out the column headings; never part of a request.' }),
    includeObject: field(1, string(), { about: 'What goes with each row: Metadata (the default), Object or None.' }),
  },
  { about: 'Query parameters of a request for a table.' },
)
export type TableOptions = Of<typeof TableOptions>

export const PartialObjectMetadata = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
  {
    ...typeFields,
    metadata: field(1, ObjectMeta, {
      always: true,
      about: 'What every object carries: name, namespace, labels, annotations, owners and what the server notes down.',
    }),
  },
  { about: 'Type and metadata of an object without the rest, for clients that need no more.' },
)
export type PartialObjectMetadata = Of<typeof PartialObjectMetadata>

export const PartialObjectMetadataList = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList',
  {
    ...typeFields,
    metadata: field(1, ListMeta, {
      always: true,
      about: 'About the list as a whole: the version it was read at, and where the next page begins.',
    }),
    items: field(2, list(PartialObjectMetadata), { required: true, about: 'The objects, each without spec and status.' }),
  },
  { about: 'Objects with their metadata alone.' },
)
export type PartialObjectMetadataList = Of<typeof PartialObjectMetadataList>

export const Condition = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Condition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Which aspect it is, in CamelCase, such as Available; unique among the conditions of an object.',
    }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    observedGeneration: field(3, int64(), {
      about: 'Value of metadata.generation that was looked at; the condition is stale if the present one is higher.',
    }),
    lastTransitionTime: field(4, nullable(time()), {
      listed: true,
      always: true,
      about: 'When the status last changed from one value to another.',
    }),
    reason: field(5, string(), { required: true, about: 'Why, in one CamelCase word for programs; it may not be empty.' }),
    message: field(6, string(), { required: true, about: 'Why, in words for people; it may be empty.' }),
  },
  { about: 'One aspect of the state of an object, as last observed.' },
)
export type Condition = Of<typeof Condition>

export const WatchEvent = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.WatchEvent',
  {
    type: field(1, string(), { required: true, about: 'What happened: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.' }),
    object: field(2, json(), {
      required: true,
      about: 'The object after the change, or as it last was if DELETED; only its version for BOOKMARK, a Status for ERROR.',
    }),
  },
  { about: 'One change in the stream of a watch.' },
)
export type WatchEvent = Of<typeof WatchEvent>
