/** The types of the core group, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import { typeFields } from '#api/meta/v1/type-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import {
  bool,
  bytes,
  field,
  int32,
  int64,
  intOrString,
  list,
  map,
  message,
  microTime,
  nullable,
  oneOf,
  quantity,
  string,
  time,
} from '#schema/schema.ts'

export const HostPathType = oneOf('', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice')
export type HostPathType = Of<typeof HostPathType>

export const HostPathVolumeSource = message(
  'k8s.io.api.core.v1.HostPathVolumeSource',
  {
    path: field(1, string(), { required: true, about: 'Absolute path on the node; a symbolic link is followed.' }),
    type: field(2, HostPathType, {
      default: '',
      pointer: true,
      about: 'What has to be at the path or is made there; empty, the default, checks nothing.',
    }),
  },
  { about: 'Mounts a file or directory of the node itself. It gives the pod a hold on the node: use it with care.' },
)
export type HostPathVolumeSource = Of<typeof HostPathVolumeSource>

export const EmptyDirVolumeSource = message(
  'k8s.io.api.core.v1.EmptyDirVolumeSource',
  {
    medium: field(1, string(), {
      about: 'Where the data lies: empty for the disk of the node, Memory for a tmpfs, HugePages or HugePages-<size> for huge pages.',
    }),
    sizeLimit: field(2, quantity(), {
      pointer: true,
      about: 'The pod is evicted when the volume grows beyond this size; a tmpfs is made that large. No limit if absent.',
    }),
  },
  { about: 'A directory that starts empty and lives as long as the pod; its containers share it.' },
)
export type EmptyDirVolumeSource = Of<typeof EmptyDirVolumeSource>

export const GCEPersistentDiskVolumeSource = message(
  'k8s.io.api.core.v1.GCEPersistentDiskVolumeSource',
  {
    pdName: field(1, string(), { required: true, about: 'Name of the disk in Google Compute Engine.' }),
    fsType: field(2, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
    partition: field(3, int32(), { about: 'Number of the partition to mount; 0 means the whole disk.' }),
    readOnly: field(4, bool(), {
      about: 'Mounts the disk without write access; false by default. Only so can several nodes use it at once.',
    }),
  },
  { about: 'Disk of Google Compute Engine, served by the CSI driver pd.csi.storage.gke.io.' },
)
export type GCEPersistentDiskVolumeSource = Of<typeof GCEPersistentDiskVolumeSource>

export const AWSElasticBlockStoreVolumeSource = message(
  'k8s.io.api.core.v1.AWSElasticBlockStoreVolumeSource',
  {
    volumeID: field(1, string(), { required: true, about: 'ID of the volume at AWS.' }),
    fsType: field(2, string(), { about: 'Filesystem on the volume, such as ext4 (the default) or xfs.' }),
    partition: field(3, int32(), { about: 'Number of the partition to mount; 0 means the whole volume.' }),
    readOnly: field(4, bool(), { about: 'Mounts the volume without write access; false by default.' }),
  },
  { about: 'Volume of AWS Elastic Block Store, served by the CSI driver ebs.csi.aws.com.' },
)
export type AWSElasticBlockStoreVolumeSource = Of<typeof AWSElasticBlockStoreVolumeSource>

export const GitRepoVolumeSource = message(
  'k8s.io.api.core.v1.GitRepoVolumeSource',
  {
    repository: field(1, string(), { required: true, about: 'URL to clone from.' }),
    revision: field(2, string(), { about: 'Commit to check out.' }),
    directory: field(3, string(), {
      about: 'Where the clone goes inside the volume; a single dot puts it at the root. It may not contain two dots.',
    }),
  },
  { about: 'Clone of a git repository. The kubelet no longer mounts these: clone into an emptyDir from an init container.' },
)
export type GitRepoVolumeSource = Of<typeof GitRepoVolumeSource>

export const KeyToPath = message(
  'k8s.io.api.core.v1.KeyToPath',
  {
    key: field(1, string(), { required: true, about: 'Key whose value is written.' }),
    path: field(2, string(), { required: true, about: 'File for it, relative to the root of the volume and without two dots.' }),
    mode: field(3, int32(), { pointer: true, about: 'Permission bits of this file, from 0 to 0777; defaultMode of the volume if absent.' }),
  },
  { about: 'Puts the value of one key into a file of the volume.' },
)
export type KeyToPath = Of<typeof KeyToPath>

export const SecretVolumeSource = message(
  'k8s.io.api.core.v1.SecretVolumeSource',
  {
    secretName: field(1, string(), { about: 'Secret in the namespace of the pod.' }),
    items: field(2, list(KeyToPath), { about: 'Keys to show and their files; if empty, every key becomes a file of its name.' }),
    defaultMode: field(3, int32(), {
      default: 0o644,
      pointer: true,
      about: 'Permission bits of files without a mode of their own; 0644 by default.',
    }),
    optional: field(4, bool(), {
      pointer: true,
      about: 'Lets the pod start though the Secret or a listed key is missing; false by default.',
    }),
  },
  { about: 'Shows the keys of a Secret as files, kept in memory and renewed when the Secret changes.' },
)
export type SecretVolumeSource = Of<typeof SecretVolumeSource>

export const NFSVolumeSource = message(
  'k8s.io.api.core.v1.NFSVolumeSource',
  {
    server: field(1, string(), { required: true, about: 'Host name or IP address of the server.' }),
    path: field(2, string(), { required: true, about: 'Directory that the server exports.' }),
    readOnly: field(3, bool(), { about: 'Mounts the export without write access; false by default.' }),
  },
  { about: 'Directory that an NFS server exports; many pods can write to it at once.' },
)
export type NFSVolumeSource = Of<typeof NFSVolumeSource>

const LocalObjectReferenceFields = {
  name: field(1, string(), { default: '', published: true, about: 'Name of the object that is meant, in the same namespace.' }),
}
export const LocalObjectReference = message('k8s.io.api.core.v1.LocalObjectReference', LocalObjectReferenceFields, {
  atomic: true,
  about: 'Names an object in the same namespace.',
})
export type LocalObjectReference = Of<typeof LocalObjectReference>

export const ISCSIVolumeSource = message(
  'k8s.io.api.core.v1.ISCSIVolumeSource',
  {
    targetPortal: field(1, string(), { required: true, about: 'Portal of the target as IP, or IP:port if the port is not 3260.' }),
    iqn: field(2, string(), { required: true, about: 'Qualified name of the target.' }),
    lun: field(3, int32(), { required: true, about: 'Number of the logical unit at the target.' }),
    iscsiInterface: field(4, string(), {
      published: true,
      default: 'default',
      about: 'Interface of the initiator to connect through; default is the TCP one.',
    }),
    fsType: field(5, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
    readOnly: field(6, bool(), { about: 'Mounts the disk without write access; false by default.' }),
    portals: field(7, list(string()), { about: 'Further portals of the same target, for multipath.' }),
    chapAuthDiscovery: field(8, bool(), { about: 'Whether discovery of the target is authenticated by CHAP.' }),
    chapAuthSession: field(11, bool(), { about: 'Whether the session with the target is authenticated by CHAP.' }),
    secretRef: field(10, LocalObjectReference, { pointer: true, about: 'Secret with the CHAP credentials of initiator and target.' }),
    initiatorName: field(12, string(), {
      pointer: true,
      about: 'Qualified name that the initiator goes by, in place of the one of the node.',
    }),
  },
  { about: 'Disk of an iSCSI target, attached to the node and mounted.' },
)
export type ISCSIVolumeSource = Of<typeof ISCSIVolumeSource>

export const GlusterfsVolumeSource = message(
  'k8s.io.api.core.v1.GlusterfsVolumeSource',
  {
    endpoints: field(1, string(), { required: true, about: 'Endpoints object that lists the Glusterfs servers.' }),
    path: field(2, string(), { required: true, about: 'Name of the Glusterfs volume.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
  },
  { about: 'Volume of Glusterfs. Support for it has been removed; no node mounts it.' },
)
export type GlusterfsVolumeSource = Of<typeof GlusterfsVolumeSource>

export const PersistentVolumeClaimVolumeSource = message(
  'k8s.io.api.core.v1.PersistentVolumeClaimVolumeSource',
  {
    claimName: field(1, string(), { required: true, about: 'PersistentVolumeClaim in the namespace of the pod.' }),
    readOnly: field(2, bool(), { about: 'Makes the volume read-only for every container of the pod; false by default.' }),
  },
  { about: 'Mounts the volume that is bound to a claim of the namespace.' },
)
export type PersistentVolumeClaimVolumeSource = Of<typeof PersistentVolumeClaimVolumeSource>

export const RBDVolumeSource = message(
  'k8s.io.api.core.v1.RBDVolumeSource',
  {
    monitors: field(1, list(string()), { required: true, about: 'Addresses of the Ceph monitors.' }),
    image: field(2, string(), { required: true, about: 'Image within the pool.' }),
    fsType: field(3, string(), { about: 'Filesystem on the image, such as ext4 (the default) or xfs.' }),
    pool: field(4, string(), { published: true, default: 'rbd', about: 'Pool that the image is in; rbd by default.' }),
    user: field(5, string(), { published: true, default: 'admin', about: 'Ceph user to authenticate as; admin by default.' }),
    keyring: field(6, string(), {
      published: true,
      default: '/etc/ceph/keyring',
      about: 'Keyring file on the node, used unless secretRef is set; /etc/ceph/keyring by default.',
    }),
    secretRef: field(7, LocalObjectReference, { pointer: true, about: 'Secret with the key of the user, in place of the keyring file.' }),
    readOnly: field(8, bool(), { about: 'Mounts the image without write access; false by default.' }),
  },
  { about: 'RADOS block device of Ceph. Support for it has been removed; use a CSI driver.' },
)
export type RBDVolumeSource = Of<typeof RBDVolumeSource>

export const FlexVolumeSource = message(
  'k8s.io.api.core.v1.FlexVolumeSource',
  {
    driver: field(1, string(), { required: true, about: 'Name of the driver, as vendor/name.' }),
    fsType: field(2, string(), { about: 'Filesystem to mount with; if empty, the driver decides.' }),
    secretRef: field(3, LocalObjectReference, {
      pointer: true,
      about: "Secret of the pod's namespace whose data is handed to the driver.",
    }),
    readOnly: field(4, bool(), { about: 'Asks the driver for a mount without write access; false by default.' }),
    options: field(5, map(string()), { about: 'Further settings for the driver, by its own keys.' }),
  },
  { about: 'Volume that an executable on the node mounts. This way of extension is deprecated: use CSI.' },
)
export type FlexVolumeSource = Of<typeof FlexVolumeSource>

export const CinderVolumeSource = message(
  'k8s.io.api.core.v1.CinderVolumeSource',
  {
    volumeID: field(1, string(), { required: true, about: 'ID of the volume at Cinder.' }),
    fsType: field(2, string(), { about: 'Filesystem on the volume, such as ext4 (the default) or xfs.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    secretRef: field(4, LocalObjectReference, { pointer: true, about: 'Secret with what is needed to connect to OpenStack.' }),
  },
  { about: 'Volume of OpenStack Cinder, served by the CSI driver cinder.csi.openstack.org.' },
)
export type CinderVolumeSource = Of<typeof CinderVolumeSource>

export const CephFSVolumeSource = message(
  'k8s.io.api.core.v1.CephFSVolumeSource',
  {
    monitors: field(1, list(string()), { required: true, about: 'Addresses of the Ceph monitors.' }),
    path: field(2, string(), { about: 'Directory within the filesystem that is mounted; / by default.' }),
    user: field(3, string(), { about: 'Ceph user to authenticate as; admin by default.' }),
    secretFile: field(4, string(), { about: 'File on the node with the key of the user; /etc/ceph/user.secret by default.' }),
    secretRef: field(5, LocalObjectReference, { pointer: true, about: 'Secret with the key of the user, in place of secretFile.' }),
    readOnly: field(6, bool(), { about: 'Mounts the directory without write access; false by default.' }),
  },
  { about: 'Directory of a Ceph filesystem. Support for it has been removed; use a CSI driver.' },
)
export type CephFSVolumeSource = Of<typeof CephFSVolumeSource>

export const FlockerVolumeSource = message(
  'k8s.io.api.core.v1.FlockerVolumeSource',
  {
    datasetName: field(1, string(), {
      about: 'Name of the dataset, which Flocker keeps as metadata; deprecated in favour of datasetUUID.',
    }),
    datasetUUID: field(2, string(), { about: 'UUID of the dataset.' }),
  },
  { about: 'Dataset of Flocker. Support for it has been removed; no node mounts it.' },
)
export type FlockerVolumeSource = Of<typeof FlockerVolumeSource>

export const ObjectFieldSelector = message(
  'k8s.io.api.core.v1.ObjectFieldSelector',
  {
    apiVersion: field(1, string(), { default: 'v1', about: 'API version that the path is written in; v1 by default.' }),
    fieldPath: field(2, string(), {
      required: true,
      about: "Path of the field, such as metadata.name, metadata.labels['app'] or status.podIP.",
    }),
  },
  { atomic: true, about: 'Picks one field of the pod.' },
)
export type ObjectFieldSelector = Of<typeof ObjectFieldSelector>

export const ResourceFieldSelector = message(
  'k8s.io.api.core.v1.ResourceFieldSelector',
  {
    containerName: field(1, string(), {
      about: 'Container that is looked at; must be given in a volume, and is the container itself in a variable.',
    }),
    resource: field(2, string(), {
      required: true,
      about: 'What is looked at, such as limits.cpu or requests.memory; a missing limit reads as what the node has.',
    }),
    divisor: field(3, quantity(), {
      always: true,
      about: 'Unit that the amount is divided by and rounded up to, such as 1Mi or 1m; 1 by default.',
    }),
  },
  { atomic: true, about: 'Picks an amount that a container requests or may use at most.' },
)
export type ResourceFieldSelector = Of<typeof ResourceFieldSelector>

export const DownwardAPIVolumeFile = message(
  'k8s.io.api.core.v1.DownwardAPIVolumeFile',
  {
    path: field(1, string(), { required: true, about: 'File for it, relative to the root of the volume and without two dots.' }),
    fieldRef: field(2, ObjectFieldSelector, {
      pointer: true,
      about: 'Field of the pod that becomes the content: its name, namespace, UID, labels or annotations.',
    }),
    resourceFieldRef: field(3, ResourceFieldSelector, {
      pointer: true,
      about: 'Limit or request of a container that becomes the content.',
    }),
    mode: field(4, int32(), { pointer: true, about: 'Permission bits of this file, from 0 to 0777; defaultMode of the volume if absent.' }),
  },
  { about: 'A file with a fact about the pod. Either fieldRef or resourceFieldRef says which.' },
)
export type DownwardAPIVolumeFile = Of<typeof DownwardAPIVolumeFile>

export const DownwardAPIVolumeSource = message(
  'k8s.io.api.core.v1.DownwardAPIVolumeSource',
  {
    items: field(1, list(DownwardAPIVolumeFile), { about: 'Files to write.' }),
    defaultMode: field(2, int32(), {
      default: 0o644,
      pointer: true,
      about: 'Permission bits of files without a mode of their own; 0644 by default.',
    }),
  },
  { about: 'Shows facts about the pod as files, which follow changes of its labels and annotations.' },
)
export type DownwardAPIVolumeSource = Of<typeof DownwardAPIVolumeSource>

export const FCVolumeSource = message(
  'k8s.io.api.core.v1.FCVolumeSource',
  {
    targetWWNs: field(1, list(string()), { about: 'World wide names of the targets; lun has to be given too.' }),
    lun: field(2, int32(), { pointer: true, about: 'Number of the logical unit at the targets.' }),
    fsType: field(3, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
    readOnly: field(4, bool(), { about: 'Mounts the disk without write access; false by default.' }),
    wwids: field(5, list(string()), { about: 'World wide identifiers of the disk, in place of targetWWNs and lun.' }),
  },
  { about: 'Disk reached through Fibre Channel. Either targetWWNs and lun or wwids say which.' },
)
export type FCVolumeSource = Of<typeof FCVolumeSource>

export const AzureFileVolumeSource = message(
  'k8s.io.api.core.v1.AzureFileVolumeSource',
  {
    secretName: field(1, string(), { required: true, about: 'Secret with name and key of the storage account.' }),
    shareName: field(2, string(), { required: true, about: 'Name of the share.' }),
    readOnly: field(3, bool(), { about: 'Mounts the share without write access; false by default.' }),
  },
  { about: 'File share of Azure, served by the CSI driver file.csi.azure.com.' },
)
export type AzureFileVolumeSource = Of<typeof AzureFileVolumeSource>

export const ConfigMapVolumeSource = message(
  'k8s.io.api.core.v1.ConfigMapVolumeSource',
  {
    ...LocalObjectReferenceFields,
    items: field(2, list(KeyToPath), { about: 'Keys to show and their files; if empty, every key becomes a file of its name.' }),
    defaultMode: field(3, int32(), {
      default: 0o644,
      pointer: true,
      about: 'Permission bits of files without a mode of their own; 0644 by default.',
    }),
    optional: field(4, bool(), {
      pointer: true,
      about: 'Lets the pod start though the ConfigMap or a listed key is missing; false by default.',
    }),
  },
  {
    embeds: [{ number: 1, type: LocalObjectReference }],
    about: 'Shows the keys of a ConfigMap as files, renewed when the ConfigMap changes.',
  },
)
export type ConfigMapVolumeSource = Of<typeof ConfigMapVolumeSource>

export const VsphereVirtualDiskVolumeSource = message(
  'k8s.io.api.core.v1.VsphereVirtualDiskVolumeSource',
  {
    volumePath: field(1, string(), { required: true, about: 'Path of the vmdk file, such as [datastore] folder/disk.vmdk.' }),
    fsType: field(2, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
    storagePolicyName: field(3, string(), { about: 'Storage policy that the disk was made by.' }),
    storagePolicyID: field(4, string(), { about: 'ID of that storage policy.' }),
  },
  { about: 'Virtual disk of vSphere, served by the CSI driver csi.vsphere.vmware.com.' },
)
export type VsphereVirtualDiskVolumeSource = Of<typeof VsphereVirtualDiskVolumeSource>

export const QuobyteVolumeSource = message(
  'k8s.io.api.core.v1.QuobyteVolumeSource',
  {
    registry: field(1, string(), { required: true, about: 'Registries of Quobyte as host:port, separated by commas.' }),
    volume: field(2, string(), { required: true, about: 'Name of the Quobyte volume.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    user: field(4, string(), { about: 'User that files are accessed as; by default the owner of the volume.' }),
    group: field(5, string(), { about: 'Group that files are accessed as; none by default.' }),
    tenant: field(6, string(), { about: 'Tenant that owns the volume, for volumes made on demand.' }),
  },
  { about: 'Volume of Quobyte. Support for it has been removed; no node mounts it.' },
)
export type QuobyteVolumeSource = Of<typeof QuobyteVolumeSource>

export const AzureDataDiskCachingMode = oneOf('None', 'ReadOnly', 'ReadWrite')
export type AzureDataDiskCachingMode = Of<typeof AzureDataDiskCachingMode>

export const AzureDataDiskKind = oneOf('Shared', 'Dedicated', 'Managed')
export type AzureDataDiskKind = Of<typeof AzureDataDiskKind>

export const AzureDiskVolumeSource = message(
  'k8s.io.api.core.v1.AzureDiskVolumeSource',
  {
    diskName: field(1, string(), { required: true, about: 'Name of the disk.' }),
    diskURI: field(2, string(), { required: true, about: 'URI of the disk: a resource ID for managed disks, a blob otherwise.' }),
    cachingMode: field(3, AzureDataDiskCachingMode, {
      published: true,
      default: 'ReadWrite',
      pointer: true,
      about: 'How the host caches the disk: None, ReadOnly or ReadWrite (the default).',
    }),
    fsType: field(4, string(), { published: true, default: 'ext4', pointer: true, about: 'Filesystem on the disk; ext4 by default.' }),
    readOnly: field(5, bool(), {
      published: true,
      default: false,
      pointer: true,
      about: 'Mounts the disk without write access; false by default.',
    }),
    kind: field(6, AzureDataDiskKind, {
      published: true,
      default: 'Shared',
      pointer: true,
      about: 'How the disk is kept: Managed, or as a blob of a Shared (the default) or Dedicated storage account.',
    }),
  },
  { about: 'Disk of Azure, served by the CSI driver disk.csi.azure.com.' },
)
export type AzureDiskVolumeSource = Of<typeof AzureDiskVolumeSource>

export const PhotonPersistentDiskVolumeSource = message(
  'k8s.io.api.core.v1.PhotonPersistentDiskVolumeSource',
  {
    pdID: field(1, string(), { required: true, about: 'ID of the disk.' }),
    fsType: field(2, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
  },
  { about: 'Disk of the Photon controller. Support for it has been removed; no node mounts it.' },
)
export type PhotonPersistentDiskVolumeSource = Of<typeof PhotonPersistentDiskVolumeSource>

export const SecretProjection = message(
  'k8s.io.api.core.v1.SecretProjection',
  {
    ...LocalObjectReferenceFields,
    items: field(2, list(KeyToPath), { about: 'Keys to show and their files; if empty, every key becomes a file of its name.' }),
    optional: field(4, bool(), {
      pointer: true,
      about: 'Lets the pod start though the Secret or a listed key is missing; false by default.',
    }),
  },
  { embeds: [{ number: 1, type: LocalObjectReference }], about: 'Adds keys of a Secret to a projected volume.' },
)
export type SecretProjection = Of<typeof SecretProjection>

export const DownwardAPIProjection = message(
  'k8s.io.api.core.v1.DownwardAPIProjection',
  {
    items: field(1, list(DownwardAPIVolumeFile), { about: 'Files to write.' }),
  },
  { about: 'Adds facts about the pod to a projected volume.' },
)
export type DownwardAPIProjection = Of<typeof DownwardAPIProjection>

export const ConfigMapProjection = message(
  'k8s.io.api.core.v1.ConfigMapProjection',
  {
    ...LocalObjectReferenceFields,
    items: field(2, list(KeyToPath), { about: 'Keys to show and their files; if empty, every key becomes a file of its name.' }),
    optional: field(4, bool(), {
      pointer: true,
      about: 'Lets the pod start though the ConfigMap or a listed key is missing; false by default.',
    }),
  },
  { embeds: [{ number: 1, type: LocalObjectReference }], about: 'Adds keys of a ConfigMap to a projected volume.' },
)
export type ConfigMapProjection = Of<typeof ConfigMapProjection>

export const ServiceAccountTokenProjection = message(
  'k8s.io.api.core.v1.ServiceAccountTokenProjection',
  {
    audience: field(1, string(), { about: 'Whom the token is meant for; by default the API server.' }),
    expirationSeconds: field(2, int64(), {
      default: 3600,
      pointer: true,
      about: 'Asked lifetime of the token in seconds, at least 600; 3600 by default. It is renewed after 80 % of it, or a day.',
    }),
    path: field(3, string(), { required: true, about: 'File for the token, relative to the root of the volume.' }),
  },
  { about: "Adds a token of the pod's service account, which the kubelet renews before it ends." },
)
export type ServiceAccountTokenProjection = Of<typeof ServiceAccountTokenProjection>

export const ClusterTrustBundleProjection = message(
  'k8s.io.api.core.v1.ClusterTrustBundleProjection',
  {
    name: field(1, string(), { pointer: true, about: 'One bundle by its name; excludes signerName and labelSelector.' }),
    signerName: field(2, string(), { pointer: true, about: 'All bundles of this signer that labelSelector picks; excludes name.' }),
    labelSelector: field(3, meta.LabelSelector, {
      pointer: true,
      about: 'Which bundles of the signer are taken: none if absent, all if empty.',
    }),
    optional: field(5, bool(), { pointer: true, about: 'Lets the pod start though no bundle is found; false by default.' }),
    path: field(4, string(), { required: true, about: 'File for the certificates, relative to the root of the volume.' }),
  },
  { about: 'Adds the certificates of ClusterTrustBundles as one PEM file, merged and without doubles.' },
)
export type ClusterTrustBundleProjection = Of<typeof ClusterTrustBundleProjection>

export const PodCertificateProjection = message(
  'k8s.io.api.core.v1.PodCertificateProjection',
  {
    signerName: field(1, string(), { listed: true, about: 'Signer that is asked for the certificate.' }),
    keyType: field(2, string(), { required: true, published: false, about: 'Sort of key, such as ED25519, ECDSAP256 or RSA3072.' }),
    maxExpirationSeconds: field(3, int32(), {
      pointer: true,
      about: 'Longest lifetime that is asked for, in seconds: from 3600 to 91 days, 86400 by default. The signer may give less.',
    }),
    credentialBundlePath: field(4, string(), {
      about: 'One file for both, the key first and then the certificates: the safest way to read a pair that matches.',
    }),
    keyPath: field(5, string(), { about: 'File for the private key alone.' }),
    certificateChainPath: field(6, string(), { about: 'File for the certificates alone, leaf first.' }),
    userAnnotations: field(7, map(string()), { about: 'Further facts that are passed on to the signer, under keys with a domain.' }),
  },
  { about: 'Adds a private key made by the kubelet and a certificate for it, both renewed in time.' },
)
export type PodCertificateProjection = Of<typeof PodCertificateProjection>

export const VolumeProjection = message(
  'k8s.io.api.core.v1.VolumeProjection',
  {
    secret: field(1, SecretProjection, { pointer: true, about: 'Keys of a Secret.' }),
    downwardAPI: field(2, DownwardAPIProjection, { pointer: true, about: 'Facts about the pod.' }),
    configMap: field(3, ConfigMapProjection, { pointer: true, about: 'Keys of a ConfigMap.' }),
    serviceAccountToken: field(4, ServiceAccountTokenProjection, { pointer: true, about: "Token of the pod's service account." }),
    clusterTrustBundle: field(5, ClusterTrustBundleProjection, {
      pointer: true,
      about: 'Certificates of trusted authorities; needs the feature gate ClusterTrustBundleProjection, off by default.',
    }),
    podCertificate: field(6, PodCertificateProjection, {
      pointer: true,
      about: 'Private key and certificate for the pod; needs the feature gate PodCertificateRequest, off by default.',
    }),
  },
  { about: 'One source of a projected volume; exactly one field is set.' },
)
export type VolumeProjection = Of<typeof VolumeProjection>

export const ProjectedVolumeSource = message(
  'k8s.io.api.core.v1.ProjectedVolumeSource',
  {
    sources: field(1, list(VolumeProjection), { always: true, about: 'What the directory is made of; paths may not overlap.' }),
    defaultMode: field(2, int32(), {
      default: 0o644,
      pointer: true,
      about: 'Permission bits of files without a mode of their own; 0644 by default.',
    }),
  },
  { about: 'Several sources in one directory.' },
)
export type ProjectedVolumeSource = Of<typeof ProjectedVolumeSource>

export const PortworxVolumeSource = message(
  'k8s.io.api.core.v1.PortworxVolumeSource',
  {
    volumeID: field(1, string(), { required: true, about: 'ID of the volume at Portworx.' }),
    fsType: field(2, string(), { about: 'Filesystem on the volume, ext4 (the default) or xfs.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
  },
  { about: 'Volume of Portworx, served by the CSI driver pxd.portworx.com.' },
)
export type PortworxVolumeSource = Of<typeof PortworxVolumeSource>

export const ScaleIOVolumeSource = message(
  'k8s.io.api.core.v1.ScaleIOVolumeSource',
  {
    gateway: field(1, string(), { required: true, about: 'Address of the ScaleIO API.' }),
    system: field(2, string(), { required: true, about: 'Name of the storage system.' }),
    secretRef: field(3, LocalObjectReference, { required: true, pointer: true, about: 'Secret with the credentials for the gateway.' }),
    sslEnabled: field(4, bool(), { about: 'Whether the gateway is reached by TLS; false by default.' }),
    protectionDomain: field(5, string(), { about: 'Protection domain within the system.' }),
    storagePool: field(6, string(), { about: 'Storage pool within the protection domain.' }),
    storageMode: field(7, string(), {
      published: true,
      default: 'ThinProvisioned',
      about: 'ThickProvisioned or ThinProvisioned (the default).',
    }),
    volumeName: field(8, string(), { about: 'Name of a volume that exists already.' }),
    fsType: field(9, string(), { published: true, default: 'xfs', about: 'Filesystem on the volume; xfs by default.' }),
    readOnly: field(10, bool(), { about: 'Mounts the volume without write access; false by default.' }),
  },
  { about: 'Volume of ScaleIO. Support for it has been removed; no node mounts it.' },
)
export type ScaleIOVolumeSource = Of<typeof ScaleIOVolumeSource>

export const StorageOSVolumeSource = message(
  'k8s.io.api.core.v1.StorageOSVolumeSource',
  {
    volumeName: field(1, string(), { about: 'Name of the StorageOS volume.' }),
    volumeNamespace: field(2, string(), { about: 'Scope of the volume in StorageOS; by default the namespace of the pod.' }),
    fsType: field(3, string(), { about: 'Filesystem on the volume, such as ext4 (the default) or xfs.' }),
    readOnly: field(4, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    secretRef: field(5, LocalObjectReference, { pointer: true, about: 'Secret with the credentials for the API of StorageOS.' }),
  },
  { about: 'Volume of StorageOS. Support for it has been removed; no node mounts it.' },
)
export type StorageOSVolumeSource = Of<typeof StorageOSVolumeSource>

export const CSIVolumeSource = message(
  'k8s.io.api.core.v1.CSIVolumeSource',
  {
    driver: field(1, string(), { required: true, about: 'Name of the driver, as its CSIDriver object has it.' }),
    readOnly: field(2, bool(), { pointer: true, about: 'Asks the driver for a mount without write access; false by default.' }),
    fsType: field(3, string(), { pointer: true, about: 'Filesystem to mount with; if empty, the driver decides.' }),
    volumeAttributes: field(4, map(string()), { about: 'Settings for the driver, by its own keys.' }),
    nodePublishSecretRef: field(5, LocalObjectReference, {
      pointer: true,
      about: 'Secret whose data the driver gets when it mounts the volume.',
    }),
  },
  { about: 'Volume that a CSI driver makes for this pod and removes with it.' },
)
export type CSIVolumeSource = Of<typeof CSIVolumeSource>

export const PersistentVolumeAccessMode = oneOf('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod')
export type PersistentVolumeAccessMode = Of<typeof PersistentVolumeAccessMode>

export const ResourceList = map(quantity())
export type ResourceList = Of<typeof ResourceList>

export const VolumeResourceRequirements = message(
  'k8s.io.api.core.v1.VolumeResourceRequirements',
  {
    limits: field(1, ResourceList, { about: 'Most storage that the claim may get.' }),
    requests: field(2, ResourceList, {
      about: 'Storage that the claim needs at least; it may be raised later, if the storage class allows it.',
    }),
  },
  { about: 'How much storage a claim asks for.' },
)
export type VolumeResourceRequirements = Of<typeof VolumeResourceRequirements>

export const PersistentVolumeMode = oneOf('Block', 'Filesystem')
export type PersistentVolumeMode = Of<typeof PersistentVolumeMode>

export const TypedLocalObjectReference = message(
  'k8s.io.api.core.v1.TypedLocalObjectReference',
  {
    apiGroup: field(1, string(), { always: true, pointer: true, about: 'Group of the object; empty means the core group.' }),
    kind: field(2, string(), { required: true, about: 'Kind of the object that is meant.' }),
    name: field(3, string(), { required: true, about: 'Name of the object that is meant.' }),
  },
  { atomic: true, about: 'Names an object of any kind in the same namespace.' },
)
export type TypedLocalObjectReference = Of<typeof TypedLocalObjectReference>

export const TypedObjectReference = message(
  'k8s.io.api.core.v1.TypedObjectReference',
  {
    apiGroup: field(1, string(), { always: true, pointer: true, about: 'Group of the object; empty means the core group.' }),
    kind: field(2, string(), { required: true, about: 'Kind of the object that is meant.' }),
    name: field(3, string(), { required: true, about: 'Name of the object that is meant.' }),
    namespace: field(4, string(), {
      pointer: true,
      about: 'Namespace of the object, by default that of the claim; another one needs a feature gate that is off by default.',
    }),
  },
  { about: 'Names an object of any kind, possibly in another namespace.' },
)
export type TypedObjectReference = Of<typeof TypedObjectReference>

export const PersistentVolumeClaimSpec = message(
  'k8s.io.api.core.v1.PersistentVolumeClaimSpec',
  {
    accessModes: field(1, list(PersistentVolumeAccessMode), {
      about: 'Ways in which the volume must be mountable, such as ReadWriteOnce. They cannot change.',
    }),
    selector: field(4, meta.LabelSelector, { pointer: true, about: 'Labels that the volume must have; excludes volumes made on demand.' }),
    resources: field(2, VolumeResourceRequirements, {
      always: true,
      about: 'How much storage is needed. Raising requests.storage expands the volume.',
    }),
    volumeName: field(3, string(), {
      about: 'Volume that the claim is bound to; set it to ask for a certain one. It cannot change once set.',
    }),
    storageClassName: field(5, string(), {
      pointer: true,
      about: 'Class that makes the volume: absent takes the default class, empty only volumes without a class.',
    }),
    volumeMode: field(6, PersistentVolumeMode, {
      default: 'Filesystem',
      pointer: true,
      about: 'Filesystem (the default) mounts the volume, Block hands it over as a raw device.',
    }),
    dataSource: field(7, TypedLocalObjectReference, {
      pointer: true,
      about: 'Snapshot or claim that the new volume starts as a copy of; the older form of dataSourceRef.',
    }),
    dataSourceRef: field(8, TypedObjectReference, {
      pointer: true,
      about: 'Object that the new volume is filled from, of any kind that a populator knows.',
    }),
    volumeAttributesClassName: field(9, string(), {
      pointer: true,
      about: 'VolumeAttributesClass whose settings the volume gets; another one may be named later.',
    }),
  },
  { about: 'What sort of volume is wanted, and which one it is.' },
)
export type PersistentVolumeClaimSpec = Of<typeof PersistentVolumeClaimSpec>

export const PersistentVolumeClaimTemplate = message(
  'k8s.io.api.core.v1.PersistentVolumeClaimTemplate',
  {
    metadata: field(1, meta.ObjectMeta, { always: true, about: 'Labels and annotations of the claim; no other metadata is taken over.' }),
    spec: field(2, PersistentVolumeClaimSpec, { required: true, about: 'What the claim asks for, taken over as it is.' }),
  },
  { about: 'The claim to be made, without a name.' },
)
export type PersistentVolumeClaimTemplate = Of<typeof PersistentVolumeClaimTemplate>

export const EphemeralVolumeSource = message(
  'k8s.io.api.core.v1.EphemeralVolumeSource',
  {
    volumeClaimTemplate: field(1, PersistentVolumeClaimTemplate, {
      pointer: true,
      about: 'Claim to be made, whose name is <pod>-<volume>.',
    }),
  },
  { about: 'A volume of its own for the pod, made through a claim and deleted with the pod.' },
)
export type EphemeralVolumeSource = Of<typeof EphemeralVolumeSource>

export const PullPolicy = oneOf('Always', 'Never', 'IfNotPresent')
export type PullPolicy = Of<typeof PullPolicy>

export const ImageVolumeSource = message(
  'k8s.io.api.core.v1.ImageVolumeSource',
  {
    reference: field(1, string(), { about: 'Image to mount, as a container names it.' }),
    pullPolicy: field(2, PullPolicy, {
      about: 'When the image is pulled: Always, IfNotPresent or Never. Always by default for the tag latest, else IfNotPresent.',
    }),
  },
  { about: 'Content of an OCI image or artifact, mounted read-only.' },
)
export type ImageVolumeSource = Of<typeof ImageVolumeSource>

const VolumeSourceFields = {
  hostPath: field(1, HostPathVolumeSource, { pointer: true, about: 'File or directory of the node.' }),
  emptyDir: field(2, EmptyDirVolumeSource, { pointer: true, about: 'Empty directory that lives and dies with the pod.' }),
  gcePersistentDisk: field(3, GCEPersistentDiskVolumeSource, {
    pointer: true,
    about: 'Disk of Google Compute Engine; deprecated, use csi.',
  }),
  awsElasticBlockStore: field(4, AWSElasticBlockStoreVolumeSource, {
    pointer: true,
    about: 'Volume of AWS Elastic Block Store; deprecated, use csi.',
  }),
  gitRepo: field(5, GitRepoVolumeSource, { pointer: true, about: 'Clone of a git repository; no longer mounted.' }),
  secret: field(6, SecretVolumeSource, { pointer: true, about: 'Keys of a Secret as files.' }),
  nfs: field(7, NFSVolumeSource, { pointer: true, about: 'Directory of an NFS server.' }),
  iscsi: field(8, ISCSIVolumeSource, { pointer: true, about: 'Disk of an iSCSI target.' }),
  glusterfs: field(9, GlusterfsVolumeSource, { pointer: true, about: 'Volume of Glusterfs; support has been removed.' }),
  persistentVolumeClaim: field(10, PersistentVolumeClaimVolumeSource, { pointer: true, about: 'Volume bound to a PersistentVolumeClaim.' }),
  rbd: field(11, RBDVolumeSource, { pointer: true, about: 'RADOS block device of Ceph; support has been removed.' }),
  flexVolume: field(12, FlexVolumeSource, { pointer: true, about: 'Volume mounted by an executable on the node; deprecated, use csi.' }),
  cinder: field(13, CinderVolumeSource, { pointer: true, about: 'Volume of OpenStack Cinder; deprecated, use csi.' }),
  cephfs: field(14, CephFSVolumeSource, { pointer: true, about: 'Directory of a Ceph filesystem; support has been removed.' }),
  flocker: field(15, FlockerVolumeSource, { pointer: true, about: 'Dataset of Flocker; support has been removed.' }),
  downwardAPI: field(16, DownwardAPIVolumeSource, { pointer: true, about: 'Facts about the pod as files.' }),
  fc: field(17, FCVolumeSource, { pointer: true, about: 'Disk reached through Fibre Channel.' }),
  azureFile: field(18, AzureFileVolumeSource, { pointer: true, about: 'File share of Azure; deprecated, use csi.' }),
  configMap: field(19, ConfigMapVolumeSource, { pointer: true, about: 'Keys of a ConfigMap as files.' }),
  vsphereVolume: field(20, VsphereVirtualDiskVolumeSource, { pointer: true, about: 'Virtual disk of vSphere; deprecated, use csi.' }),
  quobyte: field(21, QuobyteVolumeSource, { pointer: true, about: 'Volume of Quobyte; support has been removed.' }),
  azureDisk: field(22, AzureDiskVolumeSource, { pointer: true, about: 'Disk of Azure; deprecated, use csi.' }),
  photonPersistentDisk: field(23, PhotonPersistentDiskVolumeSource, {
    pointer: true,
    about: 'Disk of the Photon controller; support has been removed.',
  }),
  projected: field(26, ProjectedVolumeSource, { pointer: true, about: 'Several secrets, config maps, tokens and facts in one directory.' }),
  portworxVolume: field(24, PortworxVolumeSource, { pointer: true, about: 'Volume of Portworx; deprecated, use csi.' }),
  scaleIO: field(25, ScaleIOVolumeSource, { pointer: true, about: 'Volume of ScaleIO; support has been removed.' }),
  storageos: field(27, StorageOSVolumeSource, { pointer: true, about: 'Volume of StorageOS; support has been removed.' }),
  csi: field(28, CSIVolumeSource, { pointer: true, about: 'Volume that a CSI driver makes for this pod.' }),
  ephemeral: field(29, EphemeralVolumeSource, { pointer: true, about: 'Volume made for this pod through a claim of its own.' }),
  image: field(30, ImageVolumeSource, { pointer: true, about: 'OCI image or artifact, mounted read-only.' }),
}
export const VolumeSource = message('k8s.io.api.core.v1.VolumeSource', VolumeSourceFields, {
  about: 'Where the content of a volume comes from; exactly one field is set.',
})
export type VolumeSource = Of<typeof VolumeSource>

export const Volume = message(
  'k8s.io.api.core.v1.Volume',
  {
    name: field(1, string(), { required: true, about: 'Name by which containers mount the volume: a DNS label, unique in the pod.' }),
    ...VolumeSourceFields,
  },
  { embeds: [{ number: 2, type: VolumeSource }], about: 'A volume of a pod, which containers mount by its name.' },
)
export type Volume = Of<typeof Volume>

export const GlusterfsPersistentVolumeSource = message(
  'k8s.io.api.core.v1.GlusterfsPersistentVolumeSource',
  {
    endpoints: field(1, string(), { required: true, about: 'Endpoints object that lists the Glusterfs servers.' }),
    path: field(2, string(), { required: true, about: 'Name of the Glusterfs volume.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    endpointsNamespace: field(4, string(), { pointer: true, about: 'Namespace of the Endpoints object; by default the one of the claim.' }),
  },
  { about: 'Volume of Glusterfs. Support for it has been removed; no node mounts it.' },
)
export type GlusterfsPersistentVolumeSource = Of<typeof GlusterfsPersistentVolumeSource>

export const SecretReference = message(
  'k8s.io.api.core.v1.SecretReference',
  {
    name: field(1, string(), { about: 'Name of the Secret.' }),
    namespace: field(2, string(), { about: 'Namespace of the Secret.' }),
  },
  { atomic: true, about: 'Names a Secret in any namespace.' },
)
export type SecretReference = Of<typeof SecretReference>

export const RBDPersistentVolumeSource = message(
  'k8s.io.api.core.v1.RBDPersistentVolumeSource',
  {
    monitors: field(1, list(string()), { required: true, about: 'Addresses of the Ceph monitors.' }),
    image: field(2, string(), { required: true, about: 'Image within the pool.' }),
    fsType: field(3, string(), { about: 'Filesystem on the image, such as ext4 (the default) or xfs.' }),
    pool: field(4, string(), { published: true, default: 'rbd', about: 'Pool that the image is in; rbd by default.' }),
    user: field(5, string(), { published: true, default: 'admin', about: 'Ceph user to authenticate as; admin by default.' }),
    keyring: field(6, string(), {
      published: true,
      default: '/etc/ceph/keyring',
      about: 'Keyring file on the node, used unless secretRef is set; /etc/ceph/keyring by default.',
    }),
    secretRef: field(7, SecretReference, { pointer: true, about: 'Secret with the key of the user, in place of the keyring file.' }),
    readOnly: field(8, bool(), { about: 'Mounts the image without write access; false by default.' }),
  },
  { about: 'RADOS block device of Ceph. Support for it has been removed; use a CSI driver.' },
)
export type RBDPersistentVolumeSource = Of<typeof RBDPersistentVolumeSource>

export const ISCSIPersistentVolumeSource = message(
  'k8s.io.api.core.v1.ISCSIPersistentVolumeSource',
  {
    targetPortal: field(1, string(), { required: true, about: 'Portal of the target as IP, or IP:port if the port is not 3260.' }),
    iqn: field(2, string(), { required: true, about: 'Qualified name of the target.' }),
    lun: field(3, int32(), { required: true, about: 'Number of the logical unit at the target.' }),
    iscsiInterface: field(4, string(), {
      published: true,
      default: 'default',
      about: 'Interface of the initiator to connect through; default is the TCP one.',
    }),
    fsType: field(5, string(), { about: 'Filesystem on the disk, such as ext4 (the default) or xfs.' }),
    readOnly: field(6, bool(), { about: 'Mounts the disk without write access; false by default.' }),
    portals: field(7, list(string()), { about: 'Further portals of the same target, for multipath.' }),
    chapAuthDiscovery: field(8, bool(), { about: 'Whether discovery of the target is authenticated by CHAP.' }),
    chapAuthSession: field(11, bool(), { about: 'Whether the session with the target is authenticated by CHAP.' }),
    secretRef: field(10, SecretReference, { pointer: true, about: 'Secret with the CHAP credentials of initiator and target.' }),
    initiatorName: field(12, string(), {
      pointer: true,
      about: 'Qualified name that the initiator goes by, in place of the one of the node.',
    }),
  },
  { about: 'Disk of an iSCSI target, attached to the node and mounted.' },
)
export type ISCSIPersistentVolumeSource = Of<typeof ISCSIPersistentVolumeSource>

export const CinderPersistentVolumeSource = message(
  'k8s.io.api.core.v1.CinderPersistentVolumeSource',
  {
    volumeID: field(1, string(), { required: true, about: 'ID of the volume at Cinder.' }),
    fsType: field(2, string(), { about: 'Filesystem on the volume, such as ext4 (the default) or xfs.' }),
    readOnly: field(3, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    secretRef: field(4, SecretReference, { pointer: true, about: 'Secret with what is needed to connect to OpenStack.' }),
  },
  { about: 'Volume of OpenStack Cinder, served by the CSI driver cinder.csi.openstack.org.' },
)
export type CinderPersistentVolumeSource = Of<typeof CinderPersistentVolumeSource>

export const CephFSPersistentVolumeSource = message(
  'k8s.io.api.core.v1.CephFSPersistentVolumeSource',
  {
    monitors: field(1, list(string()), { required: true, about: 'Addresses of the Ceph monitors.' }),
    path: field(2, string(), { about: 'Directory within the filesystem that is mounted; / by default.' }),
    user: field(3, string(), { about: 'Ceph user to authenticate as; admin by default.' }),
    secretFile: field(4, string(), { about: 'File on the node with the key of the user; /etc/ceph/user.secret by default.' }),
    secretRef: field(5, SecretReference, { pointer: true, about: 'Secret with the key of the user, in place of secretFile.' }),
    readOnly: field(6, bool(), { about: 'Mounts the directory without write access; false by default.' }),
  },
  { about: 'Directory of a Ceph filesystem. Support for it has been removed; use a CSI driver.' },
)
export type CephFSPersistentVolumeSource = Of<typeof CephFSPersistentVolumeSource>

export const FlexPersistentVolumeSource = message(
  'k8s.io.api.core.v1.FlexPersistentVolumeSource',
  {
    driver: field(1, string(), { required: true, about: 'Name of the driver, as vendor/name.' }),
    fsType: field(2, string(), { about: 'Filesystem to mount with; if empty, the driver decides.' }),
    secretRef: field(3, SecretReference, { pointer: true, about: 'Secret whose data is handed to the driver.' }),
    readOnly: field(4, bool(), { about: 'Asks the driver for a mount without write access; false by default.' }),
    options: field(5, map(string()), { about: 'Further settings for the driver, by its own keys.' }),
  },
  { about: 'Volume that an executable on the node mounts. This way of extension is deprecated: use CSI.' },
)
export type FlexPersistentVolumeSource = Of<typeof FlexPersistentVolumeSource>

export const AzureFilePersistentVolumeSource = message(
  'k8s.io.api.core.v1.AzureFilePersistentVolumeSource',
  {
    secretName: field(1, string(), { required: true, about: 'Secret with name and key of the storage account.' }),
    shareName: field(2, string(), { required: true, about: 'Name of the share.' }),
    readOnly: field(3, bool(), { about: 'Mounts the share without write access; false by default.' }),
    secretNamespace: field(4, string(), {
      always: true,
      pointer: true,
      about: 'Namespace of the Secret; by default the one of the claim.',
    }),
  },
  { about: 'File share of Azure, served by the CSI driver file.csi.azure.com.' },
)
export type AzureFilePersistentVolumeSource = Of<typeof AzureFilePersistentVolumeSource>

export const ScaleIOPersistentVolumeSource = message(
  'k8s.io.api.core.v1.ScaleIOPersistentVolumeSource',
  {
    gateway: field(1, string(), { required: true, about: 'Address of the ScaleIO API.' }),
    system: field(2, string(), { required: true, about: 'Name of the storage system.' }),
    secretRef: field(3, SecretReference, { required: true, pointer: true, about: 'Secret with the credentials for the gateway.' }),
    sslEnabled: field(4, bool(), { about: 'Whether the gateway is reached by TLS; false by default.' }),
    protectionDomain: field(5, string(), { about: 'Protection domain within the system.' }),
    storagePool: field(6, string(), { about: 'Storage pool within the protection domain.' }),
    storageMode: field(7, string(), {
      published: true,
      default: 'ThinProvisioned',
      about: 'ThickProvisioned or ThinProvisioned (the default).',
    }),
    volumeName: field(8, string(), { about: 'Name of a volume that exists already.' }),
    fsType: field(9, string(), { published: true, default: 'xfs', about: 'Filesystem on the volume; xfs by default.' }),
    readOnly: field(10, bool(), { about: 'Mounts the volume without write access; false by default.' }),
  },
  { about: 'Volume of ScaleIO. Support for it has been removed; no node mounts it.' },
)
export type ScaleIOPersistentVolumeSource = Of<typeof ScaleIOPersistentVolumeSource>

export const LocalVolumeSource = message(
  'k8s.io.api.core.v1.LocalVolumeSource',
  {
    path: field(1, string(), { required: true, about: 'Path on the node, to a directory or a block device.' }),
    fsType: field(2, string(), {
      pointer: true,
      about: 'Filesystem of a block device, such as ext4 or xfs; found out by looking if absent.',
    }),
  },
  { about: 'Disk, partition or directory that is attached to one node; the volume needs a nodeAffinity.' },
)
export type LocalVolumeSource = Of<typeof LocalVolumeSource>

export const ObjectReference = message(
  'k8s.io.api.core.v1.ObjectReference',
  {
    kind: field(1, string(), { about: 'Kind of the object that is meant.' }),
    namespace: field(2, string(), { about: 'Namespace of the object.' }),
    name: field(3, string(), { about: 'Name of the object that is meant.' }),
    uid: field(4, string(), { about: 'UID of the object, which tells it from others of the name.' }),
    apiVersion: field(5, string(), { about: 'Group and version of the object.' }),
    resourceVersion: field(6, string(), { about: 'Version of the object that is meant, if it matters.' }),
    fieldPath: field(7, string(), { about: 'Part of the object, such as spec.containers{web} for one container of a pod.' }),
  },
  { atomic: true, about: 'Points at an object of any kind, or at a part of one.' },
)
export type ObjectReference = Of<typeof ObjectReference>

export const StorageOSPersistentVolumeSource = message(
  'k8s.io.api.core.v1.StorageOSPersistentVolumeSource',
  {
    volumeName: field(1, string(), { about: 'Name of the StorageOS volume.' }),
    volumeNamespace: field(2, string(), { about: 'Scope of the volume in StorageOS; by default the namespace of the pod.' }),
    fsType: field(3, string(), { about: 'Filesystem on the volume, such as ext4 (the default) or xfs.' }),
    readOnly: field(4, bool(), { about: 'Mounts the volume without write access; false by default.' }),
    secretRef: field(5, ObjectReference, { pointer: true, about: 'Secret with the credentials for the API of StorageOS.' }),
  },
  { about: 'Volume of StorageOS. Support for it has been removed; no node mounts it.' },
)
export type StorageOSPersistentVolumeSource = Of<typeof StorageOSPersistentVolumeSource>

export const CSIPersistentVolumeSource = message(
  'k8s.io.api.core.v1.CSIPersistentVolumeSource',
  {
    driver: field(1, string(), { required: true, about: 'Name of the driver, as its CSIDriver object has it.' }),
    volumeHandle: field(2, string(), { required: true, about: 'Name by which the driver knows the volume, as it gave it on creation.' }),
    readOnly: field(3, bool(), { about: 'Attaches and mounts the volume without write access; false by default.' }),
    fsType: field(4, string(), { about: 'Filesystem to format and mount with, such as ext4; if empty, the driver decides.' }),
    volumeAttributes: field(5, map(string()), { about: 'What the driver noted about the volume on creation.' }),
    controllerPublishSecretRef: field(6, SecretReference, {
      pointer: true,
      about: 'Secret that the driver gets when it attaches the volume to a node or detaches it.',
    }),
    nodeStageSecretRef: field(7, SecretReference, {
      pointer: true,
      about: 'Secret that the driver gets when it prepares the volume on a node.',
    }),
    nodePublishSecretRef: field(8, SecretReference, {
      pointer: true,
      about: 'Secret that the driver gets when it mounts the volume for a pod.',
    }),
    controllerExpandSecretRef: field(9, SecretReference, {
      pointer: true,
      about: 'Secret that the driver gets when it makes the volume larger at the storage system.',
    }),
    nodeExpandSecretRef: field(10, SecretReference, {
      pointer: true,
      about: 'Secret that the driver gets when it makes the filesystem larger on the node.',
    }),
  },
  { about: 'Storage that a CSI driver manages.' },
)
export type CSIPersistentVolumeSource = Of<typeof CSIPersistentVolumeSource>

const PersistentVolumeSourceFields = {
  gcePersistentDisk: field(1, GCEPersistentDiskVolumeSource, {
    pointer: true,
    about: 'Disk of Google Compute Engine; deprecated, use csi.',
  }),
  awsElasticBlockStore: field(2, AWSElasticBlockStoreVolumeSource, {
    pointer: true,
    about: 'Volume of AWS Elastic Block Store; deprecated, use csi.',
  }),
  hostPath: field(3, HostPathVolumeSource, {
    pointer: true,
    about: 'Directory of the node, for trying things out on a single node; use local otherwise.',
  }),
  glusterfs: field(4, GlusterfsPersistentVolumeSource, { pointer: true, about: 'Volume of Glusterfs; support has been removed.' }),
  nfs: field(5, NFSVolumeSource, { pointer: true, about: 'Directory of an NFS server.' }),
  rbd: field(6, RBDPersistentVolumeSource, { pointer: true, about: 'RADOS block device of Ceph; support has been removed.' }),
  iscsi: field(7, ISCSIPersistentVolumeSource, { pointer: true, about: 'Disk of an iSCSI target.' }),
  cinder: field(8, CinderPersistentVolumeSource, { pointer: true, about: 'Volume of OpenStack Cinder; deprecated, use csi.' }),
  cephfs: field(9, CephFSPersistentVolumeSource, { pointer: true, about: 'Directory of a Ceph filesystem; support has been removed.' }),
  fc: field(10, FCVolumeSource, { pointer: true, about: 'Disk reached through Fibre Channel.' }),
  flocker: field(11, FlockerVolumeSource, { pointer: true, about: 'Dataset of Flocker; support has been removed.' }),
  flexVolume: field(12, FlexPersistentVolumeSource, {
    pointer: true,
    about: 'Volume mounted by an executable on the node; deprecated, use csi.',
  }),
  azureFile: field(13, AzureFilePersistentVolumeSource, { pointer: true, about: 'File share of Azure; deprecated, use csi.' }),
  vsphereVolume: field(14, VsphereVirtualDiskVolumeSource, { pointer: true, about: 'Virtual disk of vSphere; deprecated, use csi.' }),
  quobyte: field(15, QuobyteVolumeSource, { pointer: true, about: 'Volume of Quobyte; support has been removed.' }),
  azureDisk: field(16, AzureDiskVolumeSource, { pointer: true, about: 'Disk of Azure; deprecated, use csi.' }),
  photonPersistentDisk: field(17, PhotonPersistentDiskVolumeSource, {
    pointer: true,
    about: 'Disk of the Photon controller; support has been removed.',
  }),
  portworxVolume: field(18, PortworxVolumeSource, { pointer: true, about: 'Volume of Portworx; deprecated, use csi.' }),
  scaleIO: field(19, ScaleIOPersistentVolumeSource, { pointer: true, about: 'Volume of ScaleIO; support has been removed.' }),
  local: field(20, LocalVolumeSource, { pointer: true, about: 'Disk, partition or directory of one node.' }),
  storageos: field(21, StorageOSPersistentVolumeSource, { pointer: true, about: 'Volume of StorageOS; support has been removed.' }),
  csi: field(22, CSIPersistentVolumeSource, { pointer: true, about: 'Storage that a CSI driver manages.' }),
}
export const PersistentVolumeSource = message('k8s.io.api.core.v1.PersistentVolumeSource', PersistentVolumeSourceFields, {
  about: 'What storage is behind a volume; exactly one field is set, and it cannot change.',
})
export type PersistentVolumeSource = Of<typeof PersistentVolumeSource>

export const PersistentVolumeReclaimPolicy = oneOf('Recycle', 'Delete', 'Retain')
export type PersistentVolumeReclaimPolicy = Of<typeof PersistentVolumeReclaimPolicy>

export const NodeSelectorOperator = oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt')
export type NodeSelectorOperator = Of<typeof NodeSelectorOperator>

export const NodeSelectorRequirement = message(
  'k8s.io.api.core.v1.NodeSelectorRequirement',
  {
    key: field(1, string(), { required: true, about: 'Label that is looked at; the one field is metadata.name.' }),
    operator: field(2, NodeSelectorOperator, {
      required: true,
      about: 'How the value is compared: In, NotIn, Exists, DoesNotExist, Gt or Lt.',
    }),
    values: field(3, list(string()), { about: 'Values for In and NotIn, one integer for Gt and Lt, none for Exists and DoesNotExist.' }),
  },
  { about: 'A condition on one label or field of a node.' },
)
export type NodeSelectorRequirement = Of<typeof NodeSelectorRequirement>

export const NodeSelectorTerm = message(
  'k8s.io.api.core.v1.NodeSelectorTerm',
  {
    matchExpressions: field(1, list(NodeSelectorRequirement), { about: 'Conditions on the labels of the node.' }),
    matchFields: field(2, list(NodeSelectorRequirement), { about: 'Conditions on fields of the node; metadata.name is the only one.' }),
  },
  { atomic: true, about: 'Conditions on a node that must all hold; a term without any matches no node.' },
)
export type NodeSelectorTerm = Of<typeof NodeSelectorTerm>

export const NodeSelector = message(
  'k8s.io.api.core.v1.NodeSelector',
  {
    nodeSelectorTerms: field(1, list(NodeSelectorTerm), { required: true, about: 'Alternatives, at least one.' }),
  },
  { atomic: true, about: 'Picks nodes: one that meets any of the terms will do.' },
)
export type NodeSelector = Of<typeof NodeSelector>

export const VolumeNodeAffinity = message(
  'k8s.io.api.core.v1.VolumeNodeAffinity',
  {
    required: field(1, NodeSelector, {
      pointer: true,
      about: 'The volume can be used on these nodes only, and pods that use it are placed there.',
    }),
  },
  { about: 'Nodes from which a volume can be reached.' },
)
export type VolumeNodeAffinity = Of<typeof VolumeNodeAffinity>

export const PersistentVolumeSpec = message(
  'k8s.io.api.core.v1.PersistentVolumeSpec',
  {
    capacity: field(1, ResourceList, { about: 'Size of the volume, under the key storage.' }),
    ...PersistentVolumeSourceFields,
    accessModes: field(3, list(PersistentVolumeAccessMode), { about: 'Ways in which the volume can be mounted, such as ReadWriteOnce.' }),
    claimRef: field(4, ObjectReference, { pointer: true, atomic: false, about: 'Claim that the volume is bound to, or set aside for.' }),
    persistentVolumeReclaimPolicy: field(5, PersistentVolumeReclaimPolicy, {
      default: 'Retain',
      about: 'What becomes of a released volume: Retain keeps it (the default), Delete removes the storage. Recycle is deprecated.',
    }),
    storageClassName: field(6, string(), { about: 'Class that the volume belongs to; empty for none.' }),
    mountOptions: field(7, list(string()), { about: 'Options for mount, such as hard or ro; the mount fails if one is not known.' }),
    volumeMode: field(8, PersistentVolumeMode, {
      default: 'Filesystem',
      pointer: true,
      about: 'Filesystem (the default) mounts the volume, Block hands it over as a raw device.',
    }),
    nodeAffinity: field(9, VolumeNodeAffinity, {
      pointer: true,
      about: 'Limits the nodes that can reach the volume; local volumes need it.',
    }),
    volumeAttributesClassName: field(10, string(), {
      pointer: true,
      about: 'VolumeAttributesClass whose settings the volume has; set from the claim.',
    }),
  },
  { embeds: [{ number: 2, type: PersistentVolumeSource }], about: 'What storage a volume is, how it may be used, and by whom.' },
)
export type PersistentVolumeSpec = Of<typeof PersistentVolumeSpec>

export const PersistentVolumePhase = oneOf('Pending', 'Available', 'Bound', 'Released', 'Failed')
export type PersistentVolumePhase = Of<typeof PersistentVolumePhase>

export const PersistentVolumeStatus = message(
  'k8s.io.api.core.v1.PersistentVolumeStatus',
  {
    phase: field(1, PersistentVolumePhase, {
      default: 'Pending',
      about: 'Pending, Available, Bound, Released (the claim is gone) or Failed (reclaiming went wrong).',
    }),
    message: field(2, string(), { about: 'What led to this phase, in words for people.' }),
    reason: field(3, string(), { about: 'What made the volume fail, in one CamelCase word for programs.' }),
    lastPhaseTransitionTime: field(4, time(), { pointer: true, about: 'When the phase last changed.' }),
  },
  { about: 'In which phase of its life a volume is.' },
)
export type PersistentVolumeStatus = Of<typeof PersistentVolumeStatus>

export const PersistentVolume = message(
  'k8s.io.api.core.v1.PersistentVolume',
  {
    ...objectFields,
    spec: field(2, PersistentVolumeSpec, { always: true, about: 'The storage, how it may be used and which claim has it.' }),
    status: field(3, PersistentVolumeStatus, {
      always: true,
      about: 'Whether the volume is free, bound or released; written by the volume controller.',
    }),
  },
  { about: 'A piece of storage of the cluster, which a claim can be bound to. It outlives the pods that use it.' },
)
export type PersistentVolume = Of<typeof PersistentVolume>

export const PersistentVolumeClaimPhase = oneOf('Pending', 'Bound', 'Lost')
export type PersistentVolumeClaimPhase = Of<typeof PersistentVolumeClaimPhase>

export const PersistentVolumeClaimCondition = message(
  'k8s.io.api.core.v1.PersistentVolumeClaimCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Which aspect it is, such as Resizing, FileSystemResizePending or ModifyingVolume.',
    }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    lastProbeTime: field(3, nullable(time()), { always: true, about: 'When it was last looked at.' }),
    lastTransitionTime: field(4, nullable(time()), { always: true, about: 'When the status last changed from one value to another.' }),
    reason: field(5, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(6, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'One aspect of the state of a claim, such as Resizing.' },
)
export type PersistentVolumeClaimCondition = Of<typeof PersistentVolumeClaimCondition>

export const ClaimResourceStatus = oneOf(
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
)
export type ClaimResourceStatus = Of<typeof ClaimResourceStatus>

export const PersistentVolumeClaimModifyVolumeStatus = oneOf('Pending', 'InProgress', 'Infeasible')
export type PersistentVolumeClaimModifyVolumeStatus = Of<typeof PersistentVolumeClaimModifyVolumeStatus>

export const ModifyVolumeStatus = message(
  'k8s.io.api.core.v1.ModifyVolumeStatus',
  {
    targetVolumeAttributesClassName: field(1, string(), { about: 'Class that the volume is being brought to.' }),
    status: field(2, PersistentVolumeClaimModifyVolumeStatus, {
      required: true,
      about: 'Pending until the class is there, InProgress, or Infeasible when the driver refused.',
    }),
  },
  { about: 'How far a change of the VolumeAttributesClass has come.' },
)
export type ModifyVolumeStatus = Of<typeof ModifyVolumeStatus>

export const PersistentVolumeClaimStatus = message(
  'k8s.io.api.core.v1.PersistentVolumeClaimStatus',
  {
    phase: field(1, PersistentVolumeClaimPhase, {
      default: 'Pending',
      about: 'Pending until a volume is found, then Bound; Lost when the volume vanished.',
    }),
    accessModes: field(2, list(PersistentVolumeAccessMode), { about: 'Ways in which the bound volume can be mounted.' }),
    capacity: field(3, ResourceList, { about: 'Size of the bound volume.' }),
    conditions: field(
      4,
      list(PersistentVolumeClaimCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
      { about: 'What is going on with the volume, such as a resize.' },
    ),
    allocatedResources: field(5, ResourceList, {
      about: 'Size that is set aside for the claim; while a resize is under way it exceeds the capacity.',
    }),
    allocatedResourceStatuses: field(7, map(ClaimResourceStatus), {
      atomic: false,
      about: 'How far the resize has come, by resource name; absent when none is under way.',
    }),
    currentVolumeAttributesClassName: field(8, string(), {
      pointer: true,
      about: 'VolumeAttributesClass whose settings the volume has now; absent for none.',
    }),
    modifyVolumeStatus: field(9, ModifyVolumeStatus, {
      pointer: true,
      about: 'How a change to another VolumeAttributesClass stands; absent when none is under way.',
    }),
  },
  { about: 'Which volume a claim has got, and what is being done to it.' },
)
export type PersistentVolumeClaimStatus = Of<typeof PersistentVolumeClaimStatus>

export const PersistentVolumeClaim = message(
  'k8s.io.api.core.v1.PersistentVolumeClaim',
  {
    ...objectFields,
    spec: field(2, PersistentVolumeClaimSpec, {
      always: true,
      about: 'What storage is wanted; once bound, little more than the size can change.',
    }),
    status: field(3, PersistentVolumeClaimStatus, {
      always: true,
      about: 'Volume that was found, as it is now; written by the volume controllers.',
    }),
  },
  { about: 'Asks for storage in a namespace, and holds on to the volume that was found or made for it.' },
)
export type PersistentVolumeClaim = Of<typeof PersistentVolumeClaim>

export const Protocol = oneOf('TCP', 'UDP', 'SCTP')
export type Protocol = Of<typeof Protocol>

export const ContainerPort = message(
  'k8s.io.api.core.v1.ContainerPort',
  {
    name: field(1, string(), {
      about: 'Name by which services and probes can refer to the port, at most 15 characters and unique in the pod.',
    }),
    hostPort: field(2, int32(), {
      about: 'Port of the node that is passed on to the container; with hostNetwork it has to equal containerPort.',
    }),
    containerPort: field(3, int32(), { required: true, about: 'Port in the container, from 1 to 65535.' }),
    protocol: field(4, Protocol, { published: true, default: 'TCP', about: 'TCP (the default), UDP or SCTP.' }),
    hostIP: field(5, string(), { about: 'Address of the node that hostPort is bound to; all of them by default.' }),
  },
  { about: 'A port that a container listens on. Leaving one out closes nothing: the list is for names and for host ports.' },
)
export type ContainerPort = Of<typeof ContainerPort>

export const MountPropagationMode = oneOf('None', 'HostToContainer', 'Bidirectional')
export type MountPropagationMode = Of<typeof MountPropagationMode>

export const VolumeMount = message(
  'k8s.io.api.core.v1.VolumeMount',
  {
    name: field(1, string(), { required: true, about: 'Volume of the pod that is mounted.' }),
    readOnly: field(2, bool(), { about: 'Keeps the container from writing to the mount itself; false by default.' }),
    recursiveReadOnly: field(7, string(), {
      pointer: true,
      about: 'Whether mounts below a readOnly one are read-only too: Disabled (the default), IfPossible or Enabled.',
    }),
    mountPath: field(3, string(), { required: true, about: 'Path in the container; it may not contain a colon.' }),
    subPath: field(4, string(), {
      about: 'Path inside the volume that is mounted in place of its root; such a mount does not follow renewed content.',
    }),
    mountPropagation: field(5, MountPropagationMode, {
      pointer: true,
      about: 'Which later mounts pass between node and container: None (the default), HostToContainer or Bidirectional.',
    }),
    subPathExpr: field(6, string(), {
      about: 'Like subPath, with $(NAME) standing for variables of the container; only one of the two may be set.',
    }),
  },
  { about: 'Where a volume appears in a container.' },
)
export type VolumeMount = Of<typeof VolumeMount>

export const VolumeDevice = message(
  'k8s.io.api.core.v1.VolumeDevice',
  {
    name: field(1, string(), { required: true, about: 'Volume of the pod, from a claim whose volumeMode is Block.' }),
    devicePath: field(2, string(), { required: true, about: 'Path of the device in the container.' }),
  },
  { about: 'A volume that a container gets as a raw block device.' },
)
export type VolumeDevice = Of<typeof VolumeDevice>

export const ConfigMapKeySelector = message(
  'k8s.io.api.core.v1.ConfigMapKeySelector',
  {
    ...LocalObjectReferenceFields,
    key: field(2, string(), { required: true, about: 'Key whose value is taken.' }),
    optional: field(3, bool(), {
      pointer: true,
      about: 'Leaves the variable out if ConfigMap or key is missing; false by default, which keeps the container from starting.',
    }),
  },
  { atomic: true, embeds: [{ number: 1, type: LocalObjectReference }], about: 'Picks a key of a ConfigMap.' },
)
export type ConfigMapKeySelector = Of<typeof ConfigMapKeySelector>

export const SecretKeySelector = message(
  'k8s.io.api.core.v1.SecretKeySelector',
  {
    ...LocalObjectReferenceFields,
    key: field(2, string(), { required: true, about: 'Key whose value is taken.' }),
    optional: field(3, bool(), {
      pointer: true,
      about: 'Leaves the variable out if Secret or key is missing; false by default, which keeps the container from starting.',
    }),
  },
  { atomic: true, embeds: [{ number: 1, type: LocalObjectReference }], about: 'Picks a key of a Secret.' },
)
export type SecretKeySelector = Of<typeof SecretKeySelector>

export const FileKeySelector = message(
  'k8s.io.api.core.v1.FileKeySelector',
  {
    volumeName: field(1, string(), { required: true, about: 'Volume of the pod that the file is in, an emptyDir.' }),
    path: field(2, string(), { required: true, about: 'File, relative to the root of the volume and without two dots.' }),
    key: field(3, string(), { required: true, about: 'Variable of the file whose value is taken.' }),
    optional: field(4, bool(), {
      published: true,
      default: false,
      pointer: true,
      about: 'Leaves the variable out if file or key is missing; false by default, which keeps the container from starting.',
    }),
  },
  { atomic: true, about: 'Picks a line of a file of variables (NAME=value) that another container has written.' },
)
export type FileKeySelector = Of<typeof FileKeySelector>

export const EnvVarSource = message(
  'k8s.io.api.core.v1.EnvVarSource',
  {
    fieldRef: field(1, ObjectFieldSelector, {
      pointer: true,
      about: 'Field of the pod, such as metadata.name, spec.nodeName or status.podIP.',
    }),
    resourceFieldRef: field(2, ResourceFieldSelector, { pointer: true, about: 'Limit or request of a container.' }),
    configMapKeyRef: field(3, ConfigMapKeySelector, { pointer: true, about: 'Key of one of the ConfigMaps of the namespace.' }),
    secretKeyRef: field(4, SecretKeySelector, { pointer: true, about: 'Key of one of the Secrets of the namespace.' }),
    fileKeyRef: field(5, FileKeySelector, { pointer: true, about: 'Variable in a file that an init container has written.' }),
  },
  { about: 'Where the value of a variable comes from; exactly one field is set.' },
)
export type EnvVarSource = Of<typeof EnvVarSource>

export const EnvVar = message(
  'k8s.io.api.core.v1.EnvVar',
  {
    name: field(1, string(), { required: true, about: 'Name of the variable: printable ASCII without an equals sign.' }),
    value: field(2, string(), {
      about: 'Value, in which $(NAME) stands for variables set before and $$( for a plain $(. Empty by default.',
    }),
    valueFrom: field(3, EnvVarSource, { pointer: true, about: 'Source of the value; excludes value.' }),
  },
  { about: 'An environment variable of a container.' },
)
export type EnvVar = Of<typeof EnvVar>

export const ConfigMapEnvSource = message(
  'k8s.io.api.core.v1.ConfigMapEnvSource',
  {
    ...LocalObjectReferenceFields,
    optional: field(2, bool(), { pointer: true, about: 'Lets the container start though the ConfigMap is missing; false by default.' }),
  },
  { embeds: [{ number: 1, type: LocalObjectReference }], about: 'A ConfigMap whose keys become variables.' },
)
export type ConfigMapEnvSource = Of<typeof ConfigMapEnvSource>

export const SecretEnvSource = message(
  'k8s.io.api.core.v1.SecretEnvSource',
  {
    ...LocalObjectReferenceFields,
    optional: field(2, bool(), { pointer: true, about: 'Lets the container start though the Secret is missing; false by default.' }),
  },
  { embeds: [{ number: 1, type: LocalObjectReference }], about: 'A Secret whose keys become variables.' },
)
export type SecretEnvSource = Of<typeof SecretEnvSource>

export const EnvFromSource = message(
  'k8s.io.api.core.v1.EnvFromSource',
  {
    prefix: field(1, string(), { about: 'Text put before each key to make the name of its variable.' }),
    configMapRef: field(2, ConfigMapEnvSource, { pointer: true, about: 'ConfigMap to take the keys of.' }),
    secretRef: field(3, SecretEnvSource, { pointer: true, about: 'Secret to take the keys of.' }),
  },
  { about: 'Many variables at once, from the keys of a ConfigMap or a Secret.' },
)
export type EnvFromSource = Of<typeof EnvFromSource>

export const HTTPHeader = message(
  'k8s.io.api.core.v1.HTTPHeader',
  {
    name: field(1, string(), { required: true, about: 'Name of the header; one given twice is sent twice.' }),
    value: field(2, string(), { required: true, about: 'Value of the header.' }),
  },
  { about: 'A header of a probe or hook request.' },
)
export type HTTPHeader = Of<typeof HTTPHeader>

export const URIScheme = oneOf('HTTP', 'HTTPS')
export type URIScheme = Of<typeof URIScheme>

export const HTTPGetAction = message(
  'k8s.io.api.core.v1.HTTPGetAction',
  {
    path: field(1, string(), { default: '/', about: 'Path to ask for; / by default.' }),
    port: field(2, intOrString(), { required: true, about: 'Port to ask at: a number, or the name of a port of the container.' }),
    host: field(3, string(), { about: 'Host to connect to, by default the IP of the pod; to set the Host header, use httpHeaders.' }),
    scheme: field(4, URIScheme, { default: 'HTTP', about: 'HTTP (the default) or HTTPS, whose certificate is not checked.' }),
    httpHeaders: field(5, list(HTTPHeader), { about: 'Headers to send along.' }),
  },
  { about: 'An HTTP GET request; an answer from 200 to 399 is a success.' },
)
export type HTTPGetAction = Of<typeof HTTPGetAction>

export const TCPSocketAction = message(
  'k8s.io.api.core.v1.TCPSocketAction',
  {
    port: field(1, intOrString(), { required: true, about: 'Port to connect to: a number, or the name of a port of the container.' }),
    host: field(2, string(), { about: 'Host to connect to; by default the IP of the pod.' }),
  },
  { about: 'A TCP connection; it is a success once it opens.' },
)
export type TCPSocketAction = Of<typeof TCPSocketAction>

export const GRPCAction = message(
  'k8s.io.api.core.v1.GRPCAction',
  {
    port: field(1, int32(), { required: true, about: 'Port of the gRPC service, as a number.' }),
    service: field(2, string(), {
      published: true,
      default: '',
      pointer: true,
      about: 'Service name put into the request; empty (the default) asks for the server as a whole.',
    }),
  },
  { about: 'A call of the gRPC health checking service; it is a success if the answer is SERVING.' },
)
export type GRPCAction = Of<typeof GRPCAction>

export const ExecAction = message(
  'k8s.io.api.core.v1.ExecAction',
  {
    command: field(1, list(string()), {
      about: 'Program and arguments, run directly: for a shell, call one.',
    }),
  },
  { about: 'A command run in the container; it is a success if it exits with 0.' },
)
export type ExecAction = Of<typeof ExecAction>

export const SleepAction = message(
  'k8s.io.api.core.v1.SleepAction',
  {
    seconds: field(1, int64(), { required: true, about: 'How long to sleep, in seconds.' }),
  },
  { about: 'Lets time pass.' },
)
export type SleepAction = Of<typeof SleepAction>

const ProbeHandlerFields = {
  exec: field(1, ExecAction, { pointer: true, about: 'Runs a command in the container.' }),
  httpGet: field(2, HTTPGetAction, { pointer: true, about: 'Sends an HTTP request.' }),
  tcpSocket: field(3, TCPSocketAction, { pointer: true, about: 'Opens a TCP connection.' }),
  grpc: field(4, GRPCAction, { pointer: true, about: 'Asks by the gRPC health checking protocol.' }),
}
export const ProbeHandler = message('k8s.io.api.core.v1.ProbeHandler', ProbeHandlerFields, {
  about: 'How a probe looks; exactly one field is set.',
})
export type ProbeHandler = Of<typeof ProbeHandler>

export const Probe = message(
  'k8s.io.api.core.v1.Probe',
  {
    ...ProbeHandlerFields,
    initialDelaySeconds: field(2, int32(), { about: 'Seconds from the start of the container to the first check; 0 by default.' }),
    timeoutSeconds: field(3, int32(), { default: 1, about: 'Seconds after which a check counts as failed; 1 by default.' }),
    periodSeconds: field(4, int32(), { default: 10, about: 'Seconds between two checks; 10 by default.' }),
    successThreshold: field(5, int32(), {
      default: 1,
      about: 'Successes in a row that count as success after a failure; 1 by default, and always for liveness and startup.',
    }),
    failureThreshold: field(6, int32(), { default: 3, about: 'Failures in a row that count as failure after a success; 3 by default.' }),
    terminationGracePeriodSeconds: field(7, int64(), {
      pointer: true,
      about: 'Seconds to end in after this probe failed, in place of those of the pod; not for readiness.',
    }),
  },
  { embeds: [{ number: 1, type: ProbeHandler }], about: 'A check that the kubelet makes on a container again and again.' },
)
export type Probe = Of<typeof Probe>

export const ContainerResizePolicy = message(
  'k8s.io.api.core.v1.ContainerResizePolicy',
  {
    resourceName: field(1, string(), { required: true, about: 'Resource that it is about: cpu or memory.' }),
    restartPolicy: field(2, string(), {
      required: true,
      about: 'NotRequired (the default) changes it while the container runs, RestartContainer restarts the container.',
    }),
  },
  { about: 'What a change of a resource means for a running container.' },
)
export type ContainerResizePolicy = Of<typeof ContainerResizePolicy>

export const PreemptionPolicy = oneOf('PreemptLowerPriority', 'Never')
export type PreemptionPolicy = Of<typeof PreemptionPolicy>

export const TerminationMessagePolicy = oneOf('File', 'FallbackToLogsOnError')
export type TerminationMessagePolicy = Of<typeof TerminationMessagePolicy>

export const Capabilities = message(
  'k8s.io.api.core.v1.Capabilities',
  {
    add: field(1, list(string()), { about: 'Capabilities to add, such as NET_ADMIN; ALL for every one.' }),
    drop: field(2, list(string()), { about: 'Capabilities to take away; ALL for every one.' }),
  },
  { about: 'Linux capabilities that a container gets or loses, compared with what the runtime gives by itself.' },
)
export type Capabilities = Of<typeof Capabilities>

export const ResourceClaim = message(
  'k8s.io.api.core.v1.ResourceClaim',
  {
    name: field(1, string(), { required: true, about: 'Entry of resourceClaims in the pod.' }),
    request: field(2, string(), { about: 'Request within the claim, if the container is to see only the devices of that one.' }),
  },
  { about: 'Names a claim for devices that a container uses.' },
)
export type ResourceClaim = Of<typeof ResourceClaim>

export const ResourceRequirements = message(
  'k8s.io.api.core.v1.ResourceRequirements',
  {
    limits: field(1, ResourceList, { about: 'Most that may be used: more CPU is held back, more memory ends the container.' }),
    requests: field(2, ResourceList, {
      about: 'What is set aside, by which the scheduler picks a node; equals limits where it is absent and they are not.',
    }),
    claims: field(3, list(ResourceClaim, { apply: { type: 'map', keys: ['name'] } }), {
      about: 'Device claims of the pod that are used here.',
    }),
  },
  { about: 'What is set aside and what may be used at most, of CPU, memory and other resources.' },
)
export type ResourceRequirements = Of<typeof ResourceRequirements>

export const ContainerRestartRuleOnExitCodes = message(
  'k8s.io.api.core.v1.ContainerRestartRuleOnExitCodes',
  {
    operator: field(1, string(), { required: true, published: false, about: 'In: one of the values; NotIn: none of them.' }),
    values: field(2, list(int32(), { apply: { type: 'set' } }), { about: 'Exit codes, at most 255.' }),
  },
  { about: 'Exit codes for which a restart rule holds.' },
)
export type ContainerRestartRuleOnExitCodes = Of<typeof ContainerRestartRuleOnExitCodes>

export const ContainerRestartRule = message(
  'k8s.io.api.core.v1.ContainerRestartRule',
  {
    action: field(1, string(), {
      published: false,
      required: true,
      about: 'Restart starts the container again, RestartAllContainers all containers of the pod, in place.',
    }),
    exitCodes: field(2, ContainerRestartRuleOnExitCodes, { pointer: true, about: 'Exit codes that the rule is for.' }),
  },
  { about: 'What happens when a container exits in a certain way.' },
)
export type ContainerRestartRule = Of<typeof ContainerRestartRule>

export const LifecycleHandler = message(
  'k8s.io.api.core.v1.LifecycleHandler',
  {
    exec: field(1, ExecAction, { pointer: true, about: 'Runs a command in the container.' }),
    httpGet: field(2, HTTPGetAction, { pointer: true, about: 'Sends an HTTP request.' }),
    tcpSocket: field(3, TCPSocketAction, { pointer: true, about: 'Deprecated: no hook can connect this way, and one that tries fails.' }),
    sleep: field(4, SleepAction, { pointer: true, about: 'Lets time pass.' }),
  },
  { about: 'What is done at a point in the life of a container; exactly one field is set.' },
)
export type LifecycleHandler = Of<typeof LifecycleHandler>

export const Signal = oneOf(
  'SIGABRT',
  'SIGALRM',
  'SIGBUS',
  'SIGCHLD',
  'SIGCLD',
  'SIGCONT',
  'SIGFPE',
  'SIGHUP',
  'SIGILL',
  'SIGINT',
  'SIGIO',
  'SIGIOT',
  'SIGKILL',
  'SIGPIPE',
  'SIGPOLL',
  'SIGPROF',
  'SIGPWR',
  'SIGQUIT',
  'SIGSEGV',
  'SIGSTKFLT',
  'SIGSTOP',
  'SIGSYS',
  'SIGTERM',
  'SIGTRAP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGUSR1',
  'SIGUSR2',
  'SIGVTALRM',
  'SIGWINCH',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGRTMIN',
  'SIGRTMIN+1',
  'SIGRTMIN+2',
  'SIGRTMIN+3',
  'SIGRTMIN+4',
  'SIGRTMIN+5',
  'SIGRTMIN+6',
  'SIGRTMIN+7',
  'SIGRTMIN+8',
  'SIGRTMIN+9',
  'SIGRTMIN+10',
  'SIGRTMIN+11',
  'SIGRTMIN+12',
  'SIGRTMIN+13',
  'SIGRTMIN+14',
  'SIGRTMIN+15',
  'SIGRTMAX-14',
  'SIGRTMAX-13',
  'SIGRTMAX-12',
  'SIGRTMAX-11',
  'SIGRTMAX-10',
  'SIGRTMAX-9',
  'SIGRTMAX-8',
  'SIGRTMAX-7',
  'SIGRTMAX-6',
  'SIGRTMAX-5',
  'SIGRTMAX-4',
  'SIGRTMAX-3',
  'SIGRTMAX-2',
  'SIGRTMAX-1',
  'SIGRTMAX',
)
export type Signal = Of<typeof Signal>

export const Lifecycle = message(
  'k8s.io.api.core.v1.Lifecycle',
  {
    postStart: field(1, LifecycleHandler, {
      pointer: true,
      about: 'Done right after the start, with no order against the entrypoint; a failure ends the container.',
    }),
    preStop: field(2, LifecycleHandler, {
      pointer: true,
      about: 'Done before the container is told to stop, but not when it exits by itself; it counts against the grace period.',
    }),
    stopSignal: field(3, Signal, {
      pointer: true,
      about: "Signal to stop the container with, in place of the image's; needs the feature gate ContainerStopSignals, off by default.",
    }),
  },
  { about: 'What is done right after a container has started and right before it is stopped.' },
)
export type Lifecycle = Of<typeof Lifecycle>

export const SELinuxOptions = message(
  'k8s.io.api.core.v1.SELinuxOptions',
  {
    user: field(1, string(), { about: 'SELinux user part of the label.' }),
    role: field(2, string(), { about: 'SELinux role part of the label.' }),
    type: field(3, string(), { about: 'SELinux type part of the label.' }),
    level: field(4, string(), { about: 'SELinux level part of the label.' }),
  },
  { about: 'SELinux label; empty parts come from the container runtime.' },
)
export type SELinuxOptions = Of<typeof SELinuxOptions>

export const WindowsSecurityContextOptions = message(
  'k8s.io.api.core.v1.WindowsSecurityContextOptions',
  {
    gmsaCredentialSpecName: field(1, string(), { pointer: true, about: 'Name of the group managed service account credential to use.' }),
    gmsaCredentialSpec: field(2, string(), {
      pointer: true,
      about: 'The credential itself; an admission webhook fills it in by its name.',
    }),
    runAsUserName: field(3, string(), {
      pointer: true,
      about: 'Windows user that the entrypoint runs as; the one of the image by default.',
    }),
    hostProcess: field(4, bool(), {
      pointer: true,
      about: 'Runs on the host without isolation; all containers of a pod must agree, and hostNetwork be set.',
    }),
  },
  { about: 'Security settings for Windows; not for pods on Linux.' },
)
export type WindowsSecurityContextOptions = Of<typeof WindowsSecurityContextOptions>

export const ProcMountType = oneOf('Default', 'Unmasked')
export type ProcMountType = Of<typeof ProcMountType>

export const SeccompProfileType = oneOf('Unconfined', 'RuntimeDefault', 'Localhost')
export type SeccompProfileType = Of<typeof SeccompProfileType>

export const SeccompProfile = message(
  'k8s.io.api.core.v1.SeccompProfile',
  {
    type: field(1, SeccompProfileType, {
      required: true,
      about: 'RuntimeDefault (that of the runtime), Localhost (a file of the node) or Unconfined (no limits).',
    }),
    localhostProfile: field(2, string(), {
      pointer: true,
      about: 'File of the profile, relative to the folder of seccomp profiles of the kubelet; for Localhost only.',
    }),
  },
  { union: { discriminator: 'type', fields: ['localhostProfile'] }, about: 'Which system calls are allowed.' },
)
export type SeccompProfile = Of<typeof SeccompProfile>

export const AppArmorProfileType = oneOf('Unconfined', 'RuntimeDefault', 'Localhost')
export type AppArmorProfileType = Of<typeof AppArmorProfileType>

export const AppArmorProfile = message(
  'k8s.io.api.core.v1.AppArmorProfile',
  {
    type: field(1, AppArmorProfileType, {
      required: true,
      about: 'RuntimeDefault (that of the runtime), Localhost (one loaded on the node) or Unconfined (no limits).',
    }),
    localhostProfile: field(2, string(), { pointer: true, about: 'Name of a profile that is loaded on the node; for Localhost only.' }),
  },
  { union: { discriminator: 'type', fields: ['localhostProfile'] }, about: 'Which AppArmor profile confines the processes.' },
)
export type AppArmorProfile = Of<typeof AppArmorProfile>

export const SecurityContext = message(
  'k8s.io.api.core.v1.SecurityContext',
  {
    capabilities: field(1, Capabilities, { pointer: true, about: 'Linux capabilities to add and to drop.' }),
    privileged: field(2, bool(), { pointer: true, about: 'Gives the container nearly all rights of root on the node; false by default.' }),
    seLinuxOptions: field(3, SELinuxOptions, { pointer: true, about: 'SELinux label of the container; made by the runtime if absent.' }),
    windowsOptions: field(10, WindowsSecurityContextOptions, { pointer: true, about: 'Settings for Windows containers.' }),
    runAsUser: field(4, int64(), { pointer: true, about: 'User ID of the entrypoint; the one of the image by default.' }),
    runAsGroup: field(8, int64(), { pointer: true, about: 'Primary group ID of the entrypoint; that of the runtime by default.' }),
    runAsNonRoot: field(5, bool(), { pointer: true, about: 'Refuses to start the container as user 0.' }),
    readOnlyRootFilesystem: field(6, bool(), {
      pointer: true,
      about: 'Makes the root filesystem of the container read-only; false by default.',
    }),
    allowPrivilegeEscalation: field(7, bool(), {
      pointer: true,
      about:
        'Lets processes gain rights that their parent has not, as by setuid; true by default, always if privileged or with CAP_SYS_ADMIN.',
    }),
    procMount: field(9, ProcMountType, {
      pointer: true,
      about: 'Default hides parts of /proc, Unmasked shows them all and needs hostUsers to be false.',
    }),
    seccompProfile: field(11, SeccompProfile, { pointer: true, about: 'System calls that the container may use.' }),
    appArmorProfile: field(12, AppArmorProfile, { pointer: true, about: 'AppArmor profile of the container.' }),
  },
  { about: 'Rights of one container; they go before those of the pod where both are set.' },
)
export type SecurityContext = Of<typeof SecurityContext>

export const Container = message(
  'k8s.io.api.core.v1.Container',
  {
    name: field(1, string(), { required: true, about: 'Name of the container, a DNS label; unique in the pod and unchangeable.' }),
    image: field(2, string(), { about: 'Image to run, such as nginx:1.29 or registry.example/app@sha256:...' }),
    command: field(3, list(string()), {
      about: "Program to run in place of the image's entrypoint, without a shell; $(NAME) stands for variables.",
    }),
    args: field(4, list(string()), { about: "Arguments for it, in place of the image's CMD; $(NAME) stands for variables." }),
    workingDir: field(5, string(), { about: 'Directory to start in; the one of the image by default.' }),
    ports: field(
      6,
      list(ContainerPort, {
        apply: { type: 'map', keys: ['containerPort', 'protocol'] },
        patch: { strategy: 'merge', key: 'containerPort' },
      }),
      { about: 'Ports that the container listens on, for services and probes to refer to.' },
    ),
    envFrom: field(19, list(EnvFromSource), {
      about: 'ConfigMaps and Secrets whose keys become variables; of equal names the last one counts, and env before all.',
    }),
    env: field(7, list(EnvVar, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Environment variables, which go before those of envFrom; of equal names the last one counts.',
    }),
    resources: field(8, ResourceRequirements, {
      always: true,
      about: 'CPU, memory and other resources that are set aside for the container, and its limits.',
    }),
    resizePolicy: field(23, list(ContainerResizePolicy), { about: 'Whether changed resources restart the container.' }),
    restartPolicy: field(24, string(), {
      pointer: true,
      about: 'Restart policy of this container alone; Always makes an init container a sidecar, which runs along with the pod.',
    }),
    restartPolicyRules: field(25, list(ContainerRestartRule), {
      about: 'What happens upon certain exit codes, before restartPolicy is asked; the first rule that fits counts.',
    }),
    volumeMounts: field(
      9,
      list(VolumeMount, { apply: { type: 'map', keys: ['mountPath'] }, patch: { strategy: 'merge', key: 'mountPath' } }),
      { about: 'Volumes of the pod and where they appear.' },
    ),
    volumeDevices: field(
      21,
      list(VolumeDevice, { apply: { type: 'map', keys: ['devicePath'] }, patch: { strategy: 'merge', key: 'devicePath' } }),
      { about: 'Volumes of the pod that appear as block devices.' },
    ),
    livenessProbe: field(10, Probe, { pointer: true, about: 'Check whether the container works; it is restarted when it does not.' }),
    readinessProbe: field(11, Probe, {
      pointer: true,
      about: 'Check whether the container can take requests; services leave the pod out while it cannot.',
    }),
    startupProbe: field(22, Probe, {
      pointer: true,
      about: 'Check whether the container has come up; until then the other probes wait, and in the end it is restarted.',
    }),
    lifecycle: field(12, Lifecycle, { pointer: true, about: 'Hooks after the start and before the stop.' }),
    terminationMessagePath: field(13, string(), {
      default: '/dev/termination-log',
      about: 'File whose content becomes the message of the exited container; /dev/termination-log by default.',
    }),
    terminationMessagePolicy: field(20, TerminationMessagePolicy, {
      default: 'File',
      about:
        'File reads terminationMessagePath only; FallbackToLogsOnError takes the end of the log if that is empty and the container failed.',
    }),
    imagePullPolicy: field(14, PullPolicy, {
      about: 'When the image is pulled: Always, IfNotPresent or Never. Always by default for the tag latest, else IfNotPresent.',
    }),
    securityContext: field(15, SecurityContext, { pointer: true, about: 'User, capabilities and other rights of the container.' }),
    stdin: field(16, bool(), { about: 'Keeps a standard input open, for attach; false by default.' }),
    stdinOnce: field(17, bool(), { about: 'Closes the standard input once the first client that attached has gone; false by default.' }),
    tty: field(18, bool(), { about: 'Gives the container a terminal; needs stdin. False by default.' }),
  },
  { about: 'A container of a pod: an image, how it is run, and what it may use.' },
)
export type Container = Of<typeof Container>

export const ContainerStateWaiting = message(
  'k8s.io.api.core.v1.ContainerStateWaiting',
  {
    reason: field(1, string(), { about: 'Why it waits, in one word, such as ImagePullBackOff or CrashLoopBackOff.' }),
    message: field(2, string(), { about: 'Why it waits, in words for people.' }),
  },
  { about: 'The container is not running yet, or not running again.' },
)
export type ContainerStateWaiting = Of<typeof ContainerStateWaiting>

export const ContainerStateRunning = message(
  'k8s.io.api.core.v1.ContainerStateRunning',
  {
    startedAt: field(1, nullable(time()), { always: true, about: 'When it was last started.' }),
  },
  { about: 'The container is running.' },
)
export type ContainerStateRunning = Of<typeof ContainerStateRunning>

export const ContainerStateTerminated = message(
  'k8s.io.api.core.v1.ContainerStateTerminated',
  {
    exitCode: field(1, int32(), { required: true, about: 'Exit code of its main process.' }),
    signal: field(2, int32(), { about: 'Signal that ended it, if one did.' }),
    reason: field(3, string(), { about: 'Why it ended, in one word, such as Completed, Error or OOMKilled.' }),
    message: field(4, string(), { about: 'Why it ended, in its own words or those of the runtime.' }),
    startedAt: field(5, nullable(time()), { always: true, about: 'When this run began.' }),
    finishedAt: field(6, nullable(time()), { always: true, about: 'When this run ended.' }),
    containerID: field(7, string(), { about: 'ID of the container, as type://id.' }),
  },
  { about: 'The container has ended.' },
)
export type ContainerStateTerminated = Of<typeof ContainerStateTerminated>

export const ContainerState = message(
  'k8s.io.api.core.v1.ContainerState',
  {
    waiting: field(1, ContainerStateWaiting, { pointer: true, about: 'Set while the container has yet to start.' }),
    running: field(2, ContainerStateRunning, { pointer: true, about: 'Set while the container runs.' }),
    terminated: field(3, ContainerStateTerminated, { pointer: true, about: 'Set once the container has ended.' }),
  },
  { about: 'What a container is doing; at most one field is set, and none means waiting.' },
)
export type ContainerState = Of<typeof ContainerState>

export const ImageVolumeStatus = message(
  'k8s.io.api.core.v1.ImageVolumeStatus',
  {
    imageRef: field(1, string(), {
      listed: true,
      about: 'Digest of the mounted image; needs the feature gate ImageVolumeWithDigest, off by default.',
    }),
  },
  { about: 'Which image a volume really shows.' },
)
export type ImageVolumeStatus = Of<typeof ImageVolumeStatus>

export const VolumeStatus = message(
  'k8s.io.api.core.v1.VolumeStatus',
  {
    image: field(1, ImageVolumeStatus, { pointer: true, about: 'State of an image volume.' }),
  },
  { about: 'What became of a mounted volume, by its sort.' },
)
export type VolumeStatus = Of<typeof VolumeStatus>

export const VolumeMountStatus = message(
  'k8s.io.api.core.v1.VolumeMountStatus',
  {
    name: field(1, string(), { required: true, about: 'Volume that is mounted.' }),
    mountPath: field(2, string(), { required: true, about: 'Path in the container.' }),
    readOnly: field(3, bool(), { about: 'Whether the mount is read-only.' }),
    recursiveReadOnly: field(4, string(), { pointer: true, about: 'Disabled, or Enabled if mounts below it are read-only too.' }),
    volumeStatus: field(5, VolumeStatus, { pointer: true, about: 'More about the volume, for sorts that have something to tell.' }),
  },
  { about: 'A volume as it is mounted in the container.' },
)
export type VolumeMountStatus = Of<typeof VolumeMountStatus>

export const LinuxContainerUser = message(
  'k8s.io.api.core.v1.LinuxContainerUser',
  {
    uid: field(1, int64(), { required: true, about: 'User ID of the process.' }),
    gid: field(2, int64(), { required: true, about: 'Primary group ID of the process.' }),
    supplementalGroups: field(3, list(int64()), { about: 'Further group IDs of the process.' }),
  },
  { about: 'User and groups of the first process on Linux.' },
)
export type LinuxContainerUser = Of<typeof LinuxContainerUser>

export const ContainerUser = message(
  'k8s.io.api.core.v1.ContainerUser',
  {
    linux: field(1, LinuxContainerUser, { pointer: true, about: 'User and groups on Linux.' }),
  },
  { about: 'Whom the first process of the container was started as.' },
)
export type ContainerUser = Of<typeof ContainerUser>

export const ResourceHealth = message(
  'k8s.io.api.core.v1.ResourceHealth',
  {
    resourceID: field(1, string(), { required: true, about: 'ID of the device, unique on its node.' }),
    health: field(2, string(), { about: 'Healthy, Unhealthy or Unknown.' }),
    message: field(6, string(), { pointer: true, about: 'More about its health, in words for people.' }),
  },
  { about: 'Health of one device.' },
)
export type ResourceHealth = Of<typeof ResourceHealth>

export const ResourceStatus = message(
  'k8s.io.api.core.v1.ResourceStatus',
  {
    name: field(1, string(), { required: true, about: 'Resource, such as example.com/gpu, or claim:<name>/<request> for device claims.' }),
    resources: field(2, list(ResourceHealth, { apply: { type: 'map', keys: ['resourceID'] } }), {
      about: 'Devices that the container got of it.',
    }),
  },
  { about: 'Health of the devices that a container got of one resource.' },
)
export type ResourceStatus = Of<typeof ResourceStatus>

export const ContainerStatus = message(
  'k8s.io.api.core.v1.ContainerStatus',
  {
    name: field(1, string(), { required: true, about: 'Container of the pod that it is about; it cannot change.' }),
    state: field(2, ContainerState, { always: true, about: 'What the container is doing now.' }),
    lastState: field(3, ContainerState, { always: true, about: 'How its run before this one ended.' }),
    ready: field(4, bool(), {
      required: true,
      about: 'Whether it takes requests: started, and ready by its probe. Init containers are ready once they are done.',
    }),
    restartCount: field(5, int32(), {
      required: true,
      about: 'How often it has been restarted; old containers that were cleaned up may not be counted.',
    }),
    image: field(6, string(), { required: true, about: 'Image that it runs; the runtime may name it differently than the pod does.' }),
    imageID: field(7, string(), { required: true, about: 'Digest by which the runtime knows the image.' }),
    containerID: field(8, string(), { about: 'ID of the container, as type://id.' }),
    started: field(9, bool(), { pointer: true, about: 'Whether it has started and its startup probe and postStart hook succeeded.' }),
    allocatedResources: field(10, ResourceList, { about: 'Requests that the node has granted the container.' }),
    resources: field(11, ResourceRequirements, { pointer: true, about: 'Requests and limits that the container really runs with.' }),
    volumeMounts: field(
      12,
      list(VolumeMountStatus, { apply: { type: 'map', keys: ['mountPath'] }, patch: { strategy: 'merge', key: 'mountPath' } }),
      { about: 'Volumes as they are mounted.' },
    ),
    user: field(13, ContainerUser, { pointer: true, about: 'User and groups that its first process was started as.' }),
    allocatedResourcesStatus: field(
      14,
      list(ResourceStatus, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'Health of the devices that it got.' },
    ),
    stopSignal: field(15, Signal, { pointer: true, about: 'Signal that it will be stopped with.' }),
  },
  { about: 'How a container is doing.' },
)
export type ContainerStatus = Of<typeof ContainerStatus>

export const PodPhase = oneOf('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown')
export type PodPhase = Of<typeof PodPhase>

export const PodCondition = message(
  'k8s.io.api.core.v1.PodCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Which aspect it is, such as PodScheduled, Initialized, ContainersReady or Ready; others add their own.',
    }),
    observedGeneration: field(7, int64(), { about: 'Value of metadata.generation that the condition was made for.' }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    lastProbeTime: field(3, nullable(time()), { always: true, about: 'When it was last looked at.' }),
    lastTransitionTime: field(4, nullable(time()), { always: true, about: 'When the status last changed from one value to another.' }),
    reason: field(5, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(6, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'One aspect of the state of a pod, such as Ready.' },
)
export type PodCondition = Of<typeof PodCondition>

export const RestartPolicy = oneOf('Always', 'OnFailure', 'Never')
export type RestartPolicy = Of<typeof RestartPolicy>

export const DNSPolicy = oneOf('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')
export type DNSPolicy = Of<typeof DNSPolicy>

export const TopologySelectorLabelRequirement = message(
  'k8s.io.api.core.v1.TopologySelectorLabelRequirement',
  {
    key: field(1, string(), { required: true, about: 'Label that is looked at.' }),
    values: field(2, list(string()), { required: true, about: 'Values of which the label has to have one.' }),
  },
  { about: 'A condition on one label of a node.' },
)
export type TopologySelectorLabelRequirement = Of<typeof TopologySelectorLabelRequirement>

export const TopologySelectorTerm = message(
  'k8s.io.api.core.v1.TopologySelectorTerm',
  {
    matchLabelExpressions: field(1, list(TopologySelectorLabelRequirement), { about: 'The conditions; an empty list matches every node.' }),
  },
  { atomic: true, about: 'Conditions on the labels of a node that must all hold.' },
)
export type TopologySelectorTerm = Of<typeof TopologySelectorTerm>

export const PreferredSchedulingTerm = message(
  'k8s.io.api.core.v1.PreferredSchedulingTerm',
  {
    weight: field(1, int32(), { required: true, about: 'How much it counts, from 1 to 100.' }),
    preference: field(2, NodeSelectorTerm, { required: true, about: 'Conditions on the node.' }),
  },
  { about: 'A wish for certain nodes; one without conditions changes nothing.' },
)
export type PreferredSchedulingTerm = Of<typeof PreferredSchedulingTerm>

export const NodeAffinity = message(
  'k8s.io.api.core.v1.NodeAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: field(1, NodeSelector, {
      pointer: true,
      about: 'The pod only goes to nodes that match; it stays when they change later.',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: field(2, list(PreferredSchedulingTerm), {
      about: 'The more weight of these a node meets, the sooner the pod goes there.',
    }),
  },
  { about: 'Nodes that a pod must or would like to be on.' },
)
export type NodeAffinity = Of<typeof NodeAffinity>

export const PodAffinityTerm = message(
  'k8s.io.api.core.v1.PodAffinityTerm',
  {
    labelSelector: field(1, meta.LabelSelector, { pointer: true, about: 'Labels of the pods; absent means no pods.' }),
    namespaces: field(2, list(string()), {
      about: 'Namespaces of the pods, along with those of namespaceSelector; if both are absent, the own one.',
    }),
    topologyKey: field(3, string(), {
      required: true,
      about: 'Label whose value nodes have to share to count as one place, such as kubernetes.io/hostname.',
    }),
    namespaceSelector: field(4, meta.LabelSelector, {
      pointer: true,
      about: 'Labels of the namespaces of the pods; an empty selector takes all of them.',
    }),
    matchLabelKeys: field(5, list(string()), {
      about: 'Labels whose value must be the same as in the new pod, such as pod-template-hash.',
    }),
    mismatchLabelKeys: field(6, list(string()), { about: 'Labels whose value must be another one than in the new pod.' }),
  },
  { about: 'Pods, and how near is near: nodes with the same value of a label.' },
)
export type PodAffinityTerm = Of<typeof PodAffinityTerm>

export const WeightedPodAffinityTerm = message(
  'k8s.io.api.core.v1.WeightedPodAffinityTerm',
  {
    weight: field(1, int32(), { required: true, about: 'How much it counts, from 1 to 100.' }),
    podAffinityTerm: field(2, PodAffinityTerm, { required: true, about: 'The pods, and what counts as near.' }),
  },
  { about: 'A wish about which pods are near.' },
)
export type WeightedPodAffinityTerm = Of<typeof WeightedPodAffinityTerm>

export const PodAffinity = message(
  'k8s.io.api.core.v1.PodAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: field(1, list(PodAffinityTerm), {
      about: 'The pod only goes where pods of every term are; it stays when they leave.',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: field(2, list(WeightedPodAffinityTerm), {
      about: 'The more weight of these a place meets, the sooner the pod goes there.',
    }),
  },
  { about: 'Pods that a pod must or would like to be near.' },
)
export type PodAffinity = Of<typeof PodAffinity>

export const PodAntiAffinity = message(
  'k8s.io.api.core.v1.PodAntiAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: field(1, list(PodAffinityTerm), {
      about: 'The pod never goes where pods of any term are; it stays when they come later.',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: field(2, list(WeightedPodAffinityTerm), {
      about: 'The more weight of these a place meets, the less likely the pod goes there.',
    }),
  },
  { about: 'Pods that a pod must or would like to stay away from.' },
)
export type PodAntiAffinity = Of<typeof PodAntiAffinity>

export const Affinity = message(
  'k8s.io.api.core.v1.Affinity',
  {
    nodeAffinity: field(1, NodeAffinity, { pointer: true, about: 'Nodes by their labels.' }),
    podAffinity: field(2, PodAffinity, { pointer: true, about: 'Pods to be near.' }),
    podAntiAffinity: field(3, PodAntiAffinity, { pointer: true, about: 'Pods to stay away from.' }),
  },
  { about: 'Which nodes and which neighbours suit a pod.' },
)
export type Affinity = Of<typeof Affinity>

export const TaintEffect = oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')
export type TaintEffect = Of<typeof TaintEffect>

export const Taint = message(
  'k8s.io.api.core.v1.Taint',
  {
    key: field(1, string(), { required: true, about: 'Name of the taint, with a domain in front if it is not private.' }),
    value: field(2, string(), { about: 'Value that goes with the key; may be empty.' }),
    effect: field(3, TaintEffect, {
      required: true,
      about: 'NoSchedule keeps new pods away, PreferNoSchedule tries to, NoExecute also evicts those that run.',
    }),
    timeAdded: field(4, time(), { pointer: true, about: 'When the taint was put on; evictions count from then.' }),
  },
  { about: 'Keeps pods off a node, unless they tolerate it.' },
)
export type Taint = Of<typeof Taint>

export const TolerationOperator = oneOf('Exists', 'Equal', 'Lt', 'Gt')
export type TolerationOperator = Of<typeof TolerationOperator>

export const Toleration = message(
  'k8s.io.api.core.v1.Toleration',
  {
    key: field(1, string(), { about: 'Taint that is tolerated; empty, with Exists, means every taint.' }),
    operator: field(2, TolerationOperator, {
      about: 'Equal (the default) compares the value, Exists takes any. Lt and Gt compare integers behind a feature gate, off by default.',
    }),
    value: field(3, string(), { about: 'Value of the taint; empty with Exists.' }),
    effect: field(4, TaintEffect, { about: 'Effect of the taint; empty means every effect.' }),
    tolerationSeconds: field(5, int64(), {
      pointer: true,
      about: 'Seconds that the pod may stay in spite of a NoExecute taint; absent for ever, 0 or less not at all.',
    }),
  },
  { about: 'Lets a pod onto nodes with a matching taint.' },
)
export type Toleration = Of<typeof Toleration>

export const PodReadinessGate = message(
  'k8s.io.api.core.v1.PodReadinessGate',
  {
    conditionType: field(1, string(), { required: true, about: 'Type of the condition, which somebody else sets in status.conditions.' }),
  },
  { about: 'A condition that has to hold before the pod is ready.' },
)
export type PodReadinessGate = Of<typeof PodReadinessGate>

const EphemeralContainerCommonFields = {
  name: field(1, string(), { required: true, about: 'Name of the container, a DNS label; unique among all containers of the pod.' }),
  image: field(2, string(), { about: 'Image to run.' }),
  command: field(3, list(string()), {
    about: "Program to run in place of the image's entrypoint, without a shell; $(NAME) stands for variables.",
  }),
  args: field(4, list(string()), { about: "Arguments for it, in place of the image's CMD; $(NAME) stands for variables." }),
  workingDir: field(5, string(), { about: 'Directory to start in; the one of the image by default.' }),
  ports: field(
    6,
    list(ContainerPort, {
      apply: { type: 'map', keys: ['containerPort', 'protocol'] },
      patch: { strategy: 'merge', key: 'containerPort' },
    }),
    { about: 'Not allowed for ephemeral containers.' },
  ),
  envFrom: field(19, list(EnvFromSource), {
    about: 'ConfigMaps and Secrets whose keys become variables; of equal names the last one counts, and env before all.',
  }),
  env: field(7, list(EnvVar, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
    about: 'Environment variables, which go before those of envFrom; of equal names the last one counts.',
  }),
  resources: field(8, ResourceRequirements, {
    always: true,
    about: 'Must be empty: an ephemeral container uses what the pod has to spare.',
  }),
  resizePolicy: field(23, list(ContainerResizePolicy), { about: 'Must be empty: there are no resources to resize.' }),
  restartPolicy: field(24, string(), { pointer: true, about: 'Must be absent: an ephemeral container is never restarted.' }),
  restartPolicyRules: field(25, list(ContainerRestartRule), {
    about: 'Must be empty: no exit code of an ephemeral container leads to anything.',
  }),
  volumeMounts: field(
    9,
    list(VolumeMount, { apply: { type: 'map', keys: ['mountPath'] }, patch: { strategy: 'merge', key: 'mountPath' } }),
    { about: 'Volumes of the pod and where they appear; subPath is not allowed.' },
  ),
  volumeDevices: field(
    21,
    list(VolumeDevice, { apply: { type: 'map', keys: ['devicePath'] }, patch: { strategy: 'merge', key: 'devicePath' } }),
    { about: 'Volumes of the pod that appear as block devices.' },
  ),
  livenessProbe: field(10, Probe, { pointer: true, about: 'Must be absent: ephemeral containers are not probed for life.' }),
  readinessProbe: field(11, Probe, { pointer: true, about: 'Must be absent: ephemeral containers take no requests.' }),
  startupProbe: field(22, Probe, { pointer: true, about: 'Must be absent: nothing waits for an ephemeral container.' }),
  lifecycle: field(12, Lifecycle, { pointer: true, about: 'Must be absent: ephemeral containers have no hooks.' }),
  terminationMessagePath: field(13, string(), {
    default: '/dev/termination-log',
    about: 'File whose content becomes the message of the exited container; /dev/termination-log by default.',
  }),
  terminationMessagePolicy: field(20, TerminationMessagePolicy, {
    default: 'File',
    about:
      'File reads terminationMessagePath only; FallbackToLogsOnError takes the end of the log if that is empty and the container failed.',
  }),
  imagePullPolicy: field(14, PullPolicy, {
    about: 'When the image is pulled: Always, IfNotPresent or Never. Always by default for the tag latest, else IfNotPresent.',
  }),
  securityContext: field(15, SecurityContext, { pointer: true, about: 'User, capabilities and other rights of the container.' }),
  stdin: field(16, bool(), { about: 'Keeps a standard input open, for attach; false by default.' }),
  stdinOnce: field(17, bool(), { about: 'Closes the standard input once the first client that attached has gone; false by default.' }),
  tty: field(18, bool(), { about: 'Gives the container a terminal; needs stdin. False by default.' }),
}
export const EphemeralContainerCommon = message('k8s.io.api.core.v1.EphemeralContainerCommon', EphemeralContainerCommonFields, {
  about: 'A container for debugging, as far as it is like any other.',
})
export type EphemeralContainerCommon = Of<typeof EphemeralContainerCommon>

export const EphemeralContainer = message(
  'k8s.io.api.core.v1.EphemeralContainer',
  {
    ...EphemeralContainerCommonFields,
    targetContainerName: field(2, string(), {
      about: 'Container whose processes it sees; if absent, those that the settings of the pod let it see.',
    }),
  },
  {
    embeds: [{ number: 1, type: EphemeralContainerCommon }],
    about: 'A container added to a running pod to look into it. It can be neither changed nor removed.',
  },
)
export type EphemeralContainer = Of<typeof EphemeralContainer>

export const SupplementalGroupsPolicy = oneOf('Merge', 'Strict')
export type SupplementalGroupsPolicy = Of<typeof SupplementalGroupsPolicy>

export const Sysctl = message(
  'k8s.io.api.core.v1.Sysctl',
  {
    name: field(1, string(), {
      required: true,
      about: 'Name of the parameter, such as net.core.somaxconn; one that is not safe has to be allowed on the node.',
    }),
    value: field(2, string(), { required: true, about: 'Value to set it to.' }),
  },
  { about: 'A kernel parameter of the pod.' },
)
export type Sysctl = Of<typeof Sysctl>

export const PodFSGroupChangePolicy = oneOf('OnRootMismatch', 'Always')
export type PodFSGroupChangePolicy = Of<typeof PodFSGroupChangePolicy>

export const PodSecurityContext = message(
  'k8s.io.api.core.v1.PodSecurityContext',
  {
    seLinuxOptions: field(1, SELinuxOptions, { pointer: true, about: 'SELinux label of all containers; made by the runtime if absent.' }),
    windowsOptions: field(8, WindowsSecurityContextOptions, { pointer: true, about: 'Settings for Windows containers.' }),
    runAsUser: field(2, int64(), { pointer: true, about: 'User ID of the entrypoints; the one of each image by default.' }),
    runAsGroup: field(6, int64(), { pointer: true, about: 'Primary group ID of the entrypoints; that of the runtime by default.' }),
    runAsNonRoot: field(3, bool(), { pointer: true, about: 'Refuses to start containers as user 0.' }),
    supplementalGroups: field(4, list(int64()), { about: 'Further group IDs of the first process of each container.' }),
    supplementalGroupsPolicy: field(12, SupplementalGroupsPolicy, {
      pointer: true,
      about: 'Whether groups that the image gives the user are added: Merge (the default), or Strict for not.',
    }),
    fsGroup: field(5, int64(), {
      pointer: true,
      about: 'Group that owns the files of volumes which support it, and that all containers are members of.',
    }),
    sysctls: field(7, list(Sysctl), {
      about: 'Kernel parameters of the pod; a parameter that the node does not allow keeps the pod from starting.',
    }),
    fsGroupChangePolicy: field(9, PodFSGroupChangePolicy, {
      pointer: true,
      about: 'When files are given to fsGroup: Always (the default), or OnRootMismatch if the root of the volume is not right yet.',
    }),
    seccompProfile: field(10, SeccompProfile, { pointer: true, about: 'System calls that the containers may use.' }),
    appArmorProfile: field(11, AppArmorProfile, { pointer: true, about: 'AppArmor profile of the containers.' }),
    seLinuxChangePolicy: field(13, string(), {
      pointer: true,
      about: 'How volumes get the SELinux label: MountOption where it can be done by mounting, or Recursive, file by file.',
    }),
  },
  { about: 'Rights that all containers of a pod share, unless a container has its own.' },
)
export type PodSecurityContext = Of<typeof PodSecurityContext>

export const HostAlias = message(
  'k8s.io.api.core.v1.HostAlias',
  {
    ip: field(1, string(), { required: true, about: 'Address of the entry.' }),
    hostnames: field(2, list(string()), { about: 'Names for this address.' }),
  },
  { about: 'An entry of the hosts file of the pod.' },
)
export type HostAlias = Of<typeof HostAlias>

export const PodDNSConfigOption = message(
  'k8s.io.api.core.v1.PodDNSConfigOption',
  {
    name: field(1, string(), { about: 'Name of the option, such as ndots.' }),
    value: field(2, string(), { pointer: true, about: 'Value of the option, if it takes one.' }),
  },
  { about: 'An option of the resolver.' },
)
export type PodDNSConfigOption = Of<typeof PodDNSConfigOption>

export const PodDNSConfig = message(
  'k8s.io.api.core.v1.PodDNSConfig',
  {
    nameservers: field(1, list(string()), { about: 'IP addresses of name servers, at most 3 in all.' }),
    searches: field(2, list(string()), { about: 'Domains in which short names are looked up, at most 32 in all.' }),
    options: field(3, list(PodDNSConfigOption), { about: 'Options of the resolver; one that is there already is replaced.' }),
  },
  { about: 'Settings of the resolver, added to those that follow from dnsPolicy.' },
)
export type PodDNSConfig = Of<typeof PodDNSConfig>

export const UnsatisfiableConstraintAction = oneOf('DoNotSchedule', 'ScheduleAnyway')
export type UnsatisfiableConstraintAction = Of<typeof UnsatisfiableConstraintAction>

export const NodeInclusionPolicy = oneOf('Ignore', 'Honor')
export type NodeInclusionPolicy = Of<typeof NodeInclusionPolicy>

export const TopologySpreadConstraint = message(
  'k8s.io.api.core.v1.TopologySpreadConstraint',
  {
    maxSkew: field(1, int32(), { required: true, about: 'By how many pods the fullest place may exceed the emptiest, at least 1.' }),
    topologyKey: field(2, string(), {
      required: true,
      about: 'Label whose value nodes have to share to count as one place, such as topology.kubernetes.io/zone.',
    }),
    whenUnsatisfiable: field(3, UnsatisfiableConstraintAction, {
      required: true,
      about: 'DoNotSchedule makes the pod wait, ScheduleAnyway only prefers an even spread.',
    }),
    labelSelector: field(4, meta.LabelSelector, { pointer: true, about: 'Labels of the pods that are counted.' }),
    minDomains: field(5, int32(), {
      pointer: true,
      about: 'With fewer places than this the emptiest counts as 0, so that more are made; 1 by default, for DoNotSchedule only.',
    }),
    nodeAffinityPolicy: field(6, NodeInclusionPolicy, {
      pointer: true,
      about: 'Whether nodes that affinity and nodeSelector rule out are left out of the count: Honor (the default) or Ignore.',
    }),
    nodeTaintsPolicy: field(7, NodeInclusionPolicy, {
      pointer: true,
      about: 'Whether nodes with taints that are not tolerated are left out of the count: Honor, or Ignore (the default).',
    }),
    matchLabelKeys: field(8, list(string()), {
      about: 'Labels whose value must be the same as in the new pod for a pod to be counted, such as pod-template-hash.',
    }),
  },
  { about: 'Spreads alike pods evenly over nodes, zones or other places.' },
)
export type TopologySpreadConstraint = Of<typeof TopologySpreadConstraint>

export const PodOS = message(
  'k8s.io.api.core.v1.PodOS',
  {
    name: field(1, string(), { required: true, about: 'linux or windows; fields that are not for it must be absent.' }),
  },
  { about: 'Operating system that a pod is made for.' },
)
export type PodOS = Of<typeof PodOS>

export const PodSchedulingGate = message(
  'k8s.io.api.core.v1.PodSchedulingGate',
  {
    name: field(1, string(), { required: true, about: 'Name of the gate, unique in the pod; whoever put it there removes it.' }),
  },
  { about: 'A reason to hold a pod back from scheduling.' },
)
export type PodSchedulingGate = Of<typeof PodSchedulingGate>

export const PodResourceClaim = message(
  'k8s.io.api.core.v1.PodResourceClaim',
  {
    name: field(1, string(), { required: true, about: 'Name for containers to refer to: a DNS label, unique in the pod.' }),
    resourceClaimName: field(3, string(), {
      pointer: true,
      about: 'ResourceClaim that exists already in the namespace; pods can share it.',
    }),
    resourceClaimTemplateName: field(4, string(), {
      pointer: true,
      about: 'ResourceClaimTemplate from which a claim is made for this pod alone.',
    }),
  },
  { about: 'A claim for devices, under a name that containers refer to. Exactly one of the two sources is set.' },
)
export type PodResourceClaim = Of<typeof PodResourceClaim>

export const PodSchedulingGroup = message(
  'k8s.io.api.core.v1.PodSchedulingGroup',
  {
    podGroupName: field(1, string(), { pointer: true, about: 'PodGroup of the namespace that the pod belongs to.' }),
  },
  { union: { fields: ['podGroupName'] }, about: 'Pods that the scheduler places together.' },
)
export type PodSchedulingGroup = Of<typeof PodSchedulingGroup>

export const PodSpec = message(
  'k8s.io.api.core.v1.PodSpec',
  {
    volumes: field(
      1,
      list(Volume, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name', retainKeys: true } }),
      { about: 'Volumes that the containers can mount.' },
    ),
    initContainers: field(20, list(Container, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Containers that run before the others, one after the other; those with restartPolicy Always stay as sidecars.',
    }),
    containers: field(2, list(Container, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      required: true,
      about: 'Containers of the pod, at least one; they share network and volumes. None can be added or removed later.',
    }),
    ephemeralContainers: field(
      34,
      list(EphemeralContainer, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'Containers added to the running pod for debugging, through the subresource ephemeralcontainers only.' },
    ),
    restartPolicy: field(3, RestartPolicy, {
      default: 'Always',
      about: 'When containers that end are started again: Always (the default), OnFailure or Never.',
    }),
    terminationGracePeriodSeconds: field(4, int64(), {
      default: 30,
      pointer: true,
      about: 'Seconds between the signal to stop and the kill; 30 by default, 0 kills at once.',
    }),
    activeDeadlineSeconds: field(5, int64(), {
      pointer: true,
      about: 'Seconds from its start after which the pod is ended and fails; no limit if absent.',
    }),
    dnsPolicy: field(6, DNSPolicy, {
      default: 'ClusterFirst',
      about:
        'How names are resolved: ClusterFirst (the default), ClusterFirstWithHostNet, Default as on the node, or None for dnsConfig alone.',
    }),
    nodeSelector: field(7, map(string(), 'atomic'), { about: 'Labels that a node must have for the pod to run there.' }),
    serviceAccountName: field(8, string(), {
      about: 'ServiceAccount as which the pod talks to the API; the one named default if absent. It cannot change.',
    }),
    serviceAccount: field(9, string(), { about: 'Old name of serviceAccountName; the two are kept alike.' }),
    automountServiceAccountToken: field(21, bool(), {
      pointer: true,
      about: 'Whether a token of the service account is mounted; what the account says if absent, else true.',
    }),
    nodeName: field(10, string(), { about: 'Node that the pod runs on, usually set by the scheduler; it cannot change once set.' }),
    hostNetwork: field(11, bool(), { about: 'Uses the network of the node instead of one of its own; false by default.' }),
    hostPID: field(12, bool(), { about: 'Sees the processes of the node; false by default.' }),
    hostIPC: field(13, bool(), { about: 'Shares the IPC namespace of the node; false by default.' }),
    shareProcessNamespace: field(27, bool(), {
      pointer: true,
      about: 'Containers see the processes of each other; false by default, excludes hostPID.',
    }),
    securityContext: field(14, PodSecurityContext, {
      default: {},
      pointer: true,
      about: 'Users, groups and other rights that all containers share.',
    }),
    imagePullSecrets: field(
      15,
      list(LocalObjectReference, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'Secrets with credentials for the image registries.' },
    ),
    hostname: field(16, string(), { about: 'Host name of the pod; its own name by default.' }),
    subdomain: field(17, string(), {
      about: 'Puts the pod into DNS as hostname.subdomain.namespace.svc.<cluster domain>, given a headless service of that name.',
    }),
    affinity: field(18, Affinity, { pointer: true, about: 'Nodes and neighbours that suit the pod.' }),
    schedulerName: field(19, string(), {
      default: 'default-scheduler',
      about: 'Scheduler that picks the node; default-scheduler by default.',
    }),
    tolerations: field(22, list(Toleration), {
      about: 'Taints of nodes that do not keep the pod away. After creation only additions are possible.',
    }),
    hostAliases: field(23, list(HostAlias, { apply: { type: 'map', keys: ['ip'] }, patch: { strategy: 'merge', key: 'ip' } }), {
      about: 'Further entries for the hosts file of the pod.',
    }),
    priorityClassName: field(24, string(), { about: 'PriorityClass of the pod; the default class if there is one, else priority 0.' }),
    priority: field(25, int32(), {
      pointer: true,
      about: 'Priority as a number, filled in from the class; the higher, the earlier it is placed and the later evicted.',
    }),
    dnsConfig: field(26, PodDNSConfig, { pointer: true, about: 'Settings of the resolver, besides what dnsPolicy gives.' }),
    readinessGates: field(28, list(PodReadinessGate), {
      about: 'Conditions that must hold, besides ready containers, before the pod is ready.',
    }),
    runtimeClassName: field(29, string(), {
      pointer: true,
      about: 'RuntimeClass that says which container runtime runs the pod; the default runtime if absent.',
    }),
    enableServiceLinks: field(30, bool(), {
      pointer: true,
      about: 'Whether variables for each service of the namespace are set; true by default.',
    }),
    preemptionPolicy: field(31, PreemptionPolicy, {
      pointer: true,
      about: 'Whether pods of lower priority may be evicted to make room: PreemptLowerPriority (the default) or Never.',
    }),
    overhead: field(32, ResourceList, { about: 'What the sandbox itself uses beside the containers; filled in from the RuntimeClass.' }),
    topologySpreadConstraints: field(
      33,
      list(TopologySpreadConstraint, {
        apply: { type: 'map', keys: ['topologyKey', 'whenUnsatisfiable'] },
        patch: { strategy: 'merge', key: 'topologyKey' },
      }),
      { about: 'How pods like this one are spread over nodes and zones; all of them must hold.' },
    ),
    setHostnameAsFQDN: field(35, bool(), {
      pointer: true,
      about: 'Makes the full domain name of the pod its host name; false by default.',
    }),
    os: field(36, PodOS, { pointer: true, about: 'Operating system that the pod is made for.' }),
    hostUsers: field(37, bool(), {
      pointer: true,
      about:
        'Whether the pod uses the user namespace of the node; false gives it its own, with root mapped to another user. True by default.',
    }),
    schedulingGates: field(
      38,
      list(PodSchedulingGate, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }),
      { about: 'While any is left, the pod is not scheduled. They can be set on creation and removed later, never added.' },
    ),
    resourceClaims: field(
      39,
      list(PodResourceClaim, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name', retainKeys: true } }),
      { about: 'Claims for devices that containers of the pod can use. They cannot change.' },
    ),
    resources: field(40, ResourceRequirements, {
      pointer: true,
      about: 'Requests and limits (CPU, memory, huge pages) of the pod as a whole, which its containers share.',
    }),
    hostnameOverride: field(41, string(), {
      pointer: true,
      about: 'Host name exactly as it stands, at most 64 characters; excludes hostNetwork and setHostnameAsFQDN. Not put into DNS.',
    }),
    schedulingGroup: field(43, PodSchedulingGroup, {
      pointer: true,
      about: 'Group of pods to be scheduled together; needs the feature gate GenericWorkload, off by default.',
    }),
  },
  { about: 'Which containers run together, where and under which rules. After creation little but images and tolerations can change.' },
)
export type PodSpec = Of<typeof PodSpec>

export const PodResourceClaimStatus = message(
  'k8s.io.api.core.v1.PodResourceClaimStatus',
  {
    name: field(1, string(), { required: true, about: 'Entry of resourceClaims in the pod.' }),
    resourceClaimName: field(2, string(), {
      pointer: true,
      about: 'ResourceClaim that was made from the template; absent if none was needed.',
    }),
  },
  { about: 'Which claim stands behind an entry of resourceClaims.' },
)
export type PodResourceClaimStatus = Of<typeof PodResourceClaimStatus>

export const ContainerExtendedResourceRequest = message(
  'k8s.io.api.core.v1.ContainerExtendedResourceRequest',
  {
    containerName: field(1, string(), { required: true, about: 'Container that asks for the resource.' }),
    resourceName: field(2, string(), { required: true, about: 'Extended resource, such as example.com/gpu.' }),
    requestName: field(3, string(), { required: true, about: 'Request in the claim that stands for it.' }),
  },
  { about: 'Ties an extended resource of a container to a request of a claim.' },
)
export type ContainerExtendedResourceRequest = Of<typeof ContainerExtendedResourceRequest>

export const PodExtendedResourceClaimStatus = message(
  'k8s.io.api.core.v1.PodExtendedResourceClaimStatus',
  {
    requestMappings: field(1, list(ContainerExtendedResourceRequest), {
      required: true,
      about: 'Which request of the claim is for which container and resource.',
    }),
    resourceClaimName: field(2, string(), { required: true, about: 'ResourceClaim that was made, in the namespace of the pod.' }),
  },
  { about: 'Claim that the scheduler made for extended resources which are served by dynamic allocation.' },
)
export type PodExtendedResourceClaimStatus = Of<typeof PodExtendedResourceClaimStatus>

export const PodQOSClass = oneOf('Guaranteed', 'Burstable', 'BestEffort')
export type PodQOSClass = Of<typeof PodQOSClass>

export const PodIP = message(
  'k8s.io.api.core.v1.PodIP',
  {
    ip: field(1, string(), { required: true, about: 'IPv4 or IPv6 address of the pod.' }),
  },
  { about: 'An address of a pod.' },
)
export type PodIP = Of<typeof PodIP>

export const HostIP = message(
  'k8s.io.api.core.v1.HostIP',
  {
    ip: field(1, string(), { required: true, about: 'IPv4 or IPv6 address of the node.' }),
  },
  { about: 'An address of the node of a pod.' },
)
export type HostIP = Of<typeof HostIP>

export const NodeAllocatableResourceClaimStatus = message(
  'k8s.io.api.core.v1.NodeAllocatableResourceClaimStatus',
  {
    resourceClaimName: field(1, string(), { required: true, about: 'ResourceClaim that they come from.' }),
    containers: field(2, list(string(), { apply: { type: 'set' } }), { about: 'Containers that use the claim.' }),
    resources: field(3, map(quantity()), { required: true, about: 'How much was allocated, by resource name.' }),
  },
  { about: 'CPU, memory and the like that a pod got through a claim.' },
)
export type NodeAllocatableResourceClaimStatus = Of<typeof NodeAllocatableResourceClaimStatus>

export const PodStatus = message(
  'k8s.io.api.core.v1.PodStatus',
  {
    observedGeneration: field(17, int64(), { about: 'Value of metadata.generation that the kubelet acted on last.' }),
    phase: field(1, PodPhase, {
      about: 'Stage of its life: Pending, Running, Succeeded, Failed or Unknown; Succeeded and Failed are final.',
    }),
    conditions: field(2, list(PodCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Single aspects of its state, such as PodScheduled or Ready.',
    }),
    message: field(3, string(), { about: 'More about its state, in words for people.' }),
    reason: field(4, string(), { about: 'What brought the pod into its state, in one word, such as Evicted.' }),
    nominatedNodeName: field(11, string(), { about: 'Node on which room is being made for the pod; it may still go elsewhere.' }),
    hostIP: field(5, string(), { about: 'Primary address of the node; absent while the pod has none.' }),
    hostIPs: field(16, list(HostIP, { patch: { strategy: 'merge', key: 'ip' } }), {
      about: 'Addresses of the node, one a family; the first is hostIP.',
    }),
    podIP: field(6, string(), { about: 'Primary address of the pod, reachable in the whole cluster; absent while it has none.' }),
    podIPs: field(12, list(PodIP, { apply: { type: 'map', keys: ['ip'] }, patch: { strategy: 'merge', key: 'ip' } }), {
      about: 'Addresses of the pod, at most one a family; the first is podIP.',
    }),
    startTime: field(7, time(), { pointer: true, about: 'When the kubelet took the pod on, before any image was pulled.' }),
    initContainerStatuses: field(10, list(ContainerStatus), { about: 'How each init container is doing, in the order of the spec.' }),
    containerStatuses: field(8, list(ContainerStatus), { about: 'How each container is doing.' }),
    qosClass: field(9, PodQOSClass, {
      about: 'How safe the pod is when the node runs short: Guaranteed, Burstable or BestEffort, from its requests and limits.',
    }),
    ephemeralContainerStatuses: field(13, list(ContainerStatus), { about: 'How each ephemeral container is doing.' }),
    resize: field(14, string(), {
      about: 'Older word for how a resize stands; the conditions PodResizePending and PodResizeInProgress say it now.',
    }),
    resourceClaimStatuses: field(
      15,
      list(PodResourceClaimStatus, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name', retainKeys: true } }),
      { about: 'Which claims were made for the entries of resourceClaims.' },
    ),
    extendedResourceClaimStatus: field(18, PodExtendedResourceClaimStatus, {
      pointer: true,
      about: 'Claim that was made for extended resources.',
    }),
    allocatedResources: field(19, ResourceList, { about: 'Requests that the node has granted the pod as a whole.' }),
    resources: field(20, ResourceRequirements, { pointer: true, about: 'Requests and limits that the pod as a whole really runs with.' }),
    nodeAllocatableResourceClaimStatuses: field(21, list(NodeAllocatableResourceClaimStatus), {
      about: 'CPU, memory and the like that came through claims; needs a feature gate, off by default.',
    }),
  },
  { about: 'How a pod is doing, mostly told by the kubelet of its node.' },
)
export type PodStatus = Of<typeof PodStatus>

export const PodStatusResult = message(
  'k8s.io.api.core.v1.PodStatusResult',
  {
    ...objectFields,
    status: field(2, PodStatus, { always: true, about: 'How the pod is doing.' }),
  },
  { about: 'The status of a pod alone, as kubelets once answered.' },
)
export type PodStatusResult = Of<typeof PodStatusResult>

export const Pod = message(
  'k8s.io.api.core.v1.Pod',
  {
    ...objectFields,
    spec: field(2, PodSpec, { always: true, about: 'Containers, volumes and the rules they run under.' }),
    status: field(3, PodStatus, { always: true, about: 'How the pod is doing; written by the kubelet and the scheduler.' }),
  },
  { about: 'Containers that run together on one node, with one network address and shared volumes.' },
)
export type Pod = Of<typeof Pod>

export const PodTemplateSpec = message(
  'k8s.io.api.core.v1.PodTemplateSpec',
  {
    metadata: field(1, meta.ObjectMeta, {
      always: true,
      about: 'Labels and annotations of the pods; the labels must match the selector of the controller.',
    }),
    spec: field(2, PodSpec, { always: true, about: 'What the pods consist of.' }),
  },
  { about: 'Pattern of the pods that a controller makes.' },
)
export type PodTemplateSpec = Of<typeof PodTemplateSpec>

export const PodTemplate = message(
  'k8s.io.api.core.v1.PodTemplate',
  {
    ...objectFields,
    template: field(2, PodTemplateSpec, { always: true, about: 'The pattern itself.' }),
  },
  { about: 'A pattern of pods, kept for use elsewhere.' },
)
export type PodTemplate = Of<typeof PodTemplate>

export const ReplicationControllerSpec = message(
  'k8s.io.api.core.v1.ReplicationControllerSpec',
  {
    replicas: field(1, int32(), { published: true, default: 1, pointer: true, about: 'How many pods shall run; 1 by default.' }),
    minReadySeconds: field(4, int32(), {
      published: true,
      default: 0,
      about: 'Seconds that a new pod must be ready for to count as available; 0 by default.',
    }),
    selector: field(2, map(string(), 'atomic'), { about: 'Labels of the pods that are counted; those of the template by default.' }),
    template: field(3, PodTemplateSpec, {
      pointer: true,
      about: 'Pattern by which missing pods are made; changing it leaves existing ones alone.',
    }),
  },
  { about: 'How many pods there shall be, and which.' },
)
export type ReplicationControllerSpec = Of<typeof ReplicationControllerSpec>

export const ReplicationControllerCondition = message(
  'k8s.io.api.core.v1.ReplicationControllerCondition',
  {
    type: field(1, string(), { required: true, about: 'Which aspect it is, such as ReplicaFailure.' }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed from one value to another.' }),
    reason: field(4, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(5, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'One aspect of how a replication controller fares.' },
)
export type ReplicationControllerCondition = Of<typeof ReplicationControllerCondition>

export const ReplicationControllerStatus = message(
  'k8s.io.api.core.v1.ReplicationControllerStatus',
  {
    replicas: field(1, int32(), { required: true, about: 'Pods that there are.' }),
    fullyLabeledReplicas: field(2, int32(), { about: 'Pods that have all labels of the template.' }),
    readyReplicas: field(4, int32(), { about: 'Pods that are ready.' }),
    availableReplicas: field(5, int32(), { about: 'Pods that have been ready for minReadySeconds.' }),
    observedGeneration: field(3, int64(), { about: 'Value of metadata.generation that the controller acted on last.' }),
    conditions: field(
      6,
      list(ReplicationControllerCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
      { about: 'What keeps the controller from its work, if anything.' },
    ),
  },
  { about: 'How many pods there are.' },
)
export type ReplicationControllerStatus = Of<typeof ReplicationControllerStatus>

export const ReplicationController = message(
  'k8s.io.api.core.v1.ReplicationController',
  {
    ...objectFields,
    spec: field(2, ReplicationControllerSpec, { always: true, about: 'How many pods there shall be, and by which pattern.' }),
    status: field(3, ReplicationControllerStatus, { always: true, about: 'How many there are; written by the controller.' }),
  },
  { about: 'Keeps a number of alike pods running; Deployments have taken its place.' },
)
export type ReplicationController = Of<typeof ReplicationController>

export const ServiceAffinity = oneOf('ClientIP', 'None')
export type ServiceAffinity = Of<typeof ServiceAffinity>

export const ClientIPConfig = message(
  'k8s.io.api.core.v1.ClientIPConfig',
  {
    timeoutSeconds: field(1, int32(), {
      pointer: true,
      about: 'Seconds without traffic after which a client may get another pod, at most 86400; 10800 by default.',
    }),
  },
  { about: 'Settings of session affinity by client address.' },
)
export type ClientIPConfig = Of<typeof ClientIPConfig>

export const SessionAffinityConfig = message(
  'k8s.io.api.core.v1.SessionAffinityConfig',
  {
    clientIP: field(1, ClientIPConfig, { pointer: true, about: 'Settings for ClientIP.' }),
  },
  { about: 'Settings of session affinity.' },
)
export type SessionAffinityConfig = Of<typeof SessionAffinityConfig>

export const ServiceType = oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName')
export type ServiceType = Of<typeof ServiceType>

export const ServiceInternalTrafficPolicy = oneOf('Cluster', 'Local')
export type ServiceInternalTrafficPolicy = Of<typeof ServiceInternalTrafficPolicy>

export const ServiceInternalTrafficPolicyType = ServiceInternalTrafficPolicy
export type ServiceInternalTrafficPolicyType = Of<typeof ServiceInternalTrafficPolicyType>

export const ServiceExternalTrafficPolicy = oneOf('Cluster', 'Local')
export type ServiceExternalTrafficPolicy = Of<typeof ServiceExternalTrafficPolicy>

export const ServiceExternalTrafficPolicyType = ServiceExternalTrafficPolicy
export type ServiceExternalTrafficPolicyType = Of<typeof ServiceExternalTrafficPolicyType>

export const PortStatus = message(
  'k8s.io.api.core.v1.PortStatus',
  {
    port: field(1, int32(), { required: true, about: 'Number of the port.' }),
    protocol: field(2, Protocol, { required: true, about: 'TCP, UDP or SCTP.' }),
    error: field(3, string(), {
      pointer: true,
      about: "Why the port does not work, in one CamelCase word, with a domain in front if it is the provider's own.",
    }),
  },
  { about: 'A port of a load balancer, and whether it works.' },
)
export type PortStatus = Of<typeof PortStatus>

export const LoadBalancerIngress = message(
  'k8s.io.api.core.v1.LoadBalancerIngress',
  {
    ip: field(1, string(), { about: 'IP address, for balancers that have one.' }),
    hostname: field(2, string(), { about: 'Host name, for balancers that are known by name.' }),
    ipMode: field(3, string(), {
      pointer: true,
      about: 'VIP (the default) lets nodes answer for the address themselves, Proxy sends their traffic through the balancer too.',
    }),
    ports: field(4, list(PortStatus), { about: 'Ports of the balancer and what is wrong with them.' }),
  },
  { about: 'An address of a load balancer.' },
)
export type LoadBalancerIngress = Of<typeof LoadBalancerIngress>

export const LoadBalancerStatus = message(
  'k8s.io.api.core.v1.LoadBalancerStatus',
  {
    ingress: field(1, list(LoadBalancerIngress), { about: 'Addresses of the balancer; traffic to them goes to the service.' }),
  },
  { about: 'Where a load balancer can be reached.' },
)
export type LoadBalancerStatus = Of<typeof LoadBalancerStatus>

export const ServiceStatus = message(
  'k8s.io.api.core.v1.ServiceStatus',
  {
    loadBalancer: field(1, LoadBalancerStatus, {
      always: true,
      about: 'Where the load balancer can be reached, for services of that type.',
    }),
    conditions: field(2, list(meta.Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Single aspects of its state, such as LoadBalancerPortsError.',
    }),
  },
  { about: 'What has been set up for a service.' },
)
export type ServiceStatus = Of<typeof ServiceStatus>

export const IPFamily = oneOf('IPv4', 'IPv6', '')
export type IPFamily = Of<typeof IPFamily>

export const IPFamilyPolicy = oneOf('SingleStack', 'PreferDualStack', 'RequireDualStack')
export type IPFamilyPolicy = Of<typeof IPFamilyPolicy>

export const IPFamilyPolicyType = IPFamilyPolicy
export type IPFamilyPolicyType = Of<typeof IPFamilyPolicyType>

export const ServicePort = message(
  'k8s.io.api.core.v1.ServicePort',
  {
    name: field(1, string(), { about: 'Name of the port, a DNS label; only a single port may go without.' }),
    protocol: field(2, Protocol, { published: true, default: 'TCP', about: 'TCP (the default), UDP or SCTP.' }),
    appProtocol: field(6, string(), {
      pointer: true,
      about: 'Protocol above that, as a hint: a registered name, or one with a domain such as kubernetes.io/h2c.',
    }),
    port: field(3, int32(), { required: true, about: 'Port under which the service is reached.' }),
    targetPort: field(4, intOrString(), {
      always: true,
      about: 'Port of the pods: a number, or the name of a container port; port itself by default.',
    }),
    nodePort: field(5, int32(), {
      about: 'Port on every node, for NodePort and LoadBalancer; from 30000 to 32767 by default, picked by the server if absent.',
    }),
  },
  { about: 'A port of a service and where its traffic goes.' },
)
export type ServicePort = Of<typeof ServicePort>

export const ServiceSpec = message(
  'k8s.io.api.core.v1.ServiceSpec',
  {
    ports: field(1, list(ServicePort, { apply: { type: 'map', keys: ['port', 'protocol'] }, patch: { strategy: 'merge', key: 'port' } }), {
      about: 'Ports of the service; only a headless or external one needs none.',
    }),
    selector: field(2, map(string(), 'atomic'), {
      about: 'Labels of the pods behind the service; without it somebody else has to provide the endpoints.',
    }),
    clusterIP: field(3, string(), {
      about:
        'Virtual address inside the cluster, picked by the server; None makes the service headless. It only changes along with type ExternalName.',
    }),
    clusterIPs: field(18, list(string()), { about: 'Virtual addresses, one a family; the first is clusterIP.' }),
    type: field(4, ServiceType, {
      default: 'ClusterIP',
      about: 'ClusterIP (the default), NodePort and LoadBalancer, each adding to the one before, or ExternalName, an alias in DNS.',
    }),
    externalIPs: field(5, list(string()), {
      about: 'Addresses that you route to the nodes yourself, at which the service answers too. Deprecated: clusters may ignore it.',
    }),
    sessionAffinity: field(7, ServiceAffinity, {
      default: 'None',
      about: 'ClientIP keeps each client at one pod; None (the default) spreads every connection.',
    }),
    loadBalancerIP: field(8, string(), {
      about: 'Address that the load balancer should have. Deprecated: what it does is up to the provider.',
    }),
    loadBalancerSourceRanges: field(9, list(string()), { about: 'Networks whose clients may use the load balancer; all if empty.' }),
    externalName: field(10, string(), { about: 'Host name that the service is an alias of, for ExternalName.' }),
    externalTrafficPolicy: field(11, ServiceExternalTrafficPolicy, {
      about:
        "Where traffic from outside may go: Cluster (the default) any pod, Local those of the node alone, keeping the client's address.",
    }),
    healthCheckNodePort: field(12, int32(), {
      about: 'Port on which each node tells load balancers whether it has pods, for Local only. It cannot change once set.',
    }),
    publishNotReadyAddresses: field(13, bool(), {
      about: 'Lists pods that are not ready as if they were, for peers that must find each other early; false by default.',
    }),
    sessionAffinityConfig: field(14, SessionAffinityConfig, { pointer: true, about: 'Settings of session affinity.' }),
    ipFamilies: field(19, list(IPFamily), {
      about: 'IPv4, IPv6 or both, in the order of clusterIPs; what the cluster prefers by default. The first cannot change.',
    }),
    ipFamilyPolicy: field(17, IPFamilyPolicy, {
      pointer: true,
      about: 'SingleStack (the default), PreferDualStack for two families where possible, or RequireDualStack.',
    }),
    allocateLoadBalancerNodePorts: field(20, bool(), {
      pointer: true,
      about: 'Whether a LoadBalancer gets node ports too; true by default. False suits balancers that reach pods directly.',
    }),
    loadBalancerClass: field(21, string(), {
      pointer: true,
      about: 'Which implementation makes the load balancer, as a name with a domain; the default one if absent. It cannot change once set.',
    }),
    internalTrafficPolicy: field(22, ServiceInternalTrafficPolicy, {
      pointer: true,
      about: "Where traffic from inside may go: Cluster (the default) any pod, Local those of the client's node alone.",
    }),
    trafficDistribution: field(23, string(), {
      pointer: true,
      about: 'Which pods are preferred: PreferSameZone (formerly PreferClose) or PreferSameNode; none by default.',
    }),
  },
  { about: 'Which pods a service stands for, and under which addresses and ports.' },
)
export type ServiceSpec = Of<typeof ServiceSpec>

export const Service = message(
  'k8s.io.api.core.v1.Service',
  {
    ...objectFields,
    spec: field(2, ServiceSpec, { always: true, about: 'Which pods it stands for, and under which addresses and ports.' }),
    status: field(3, ServiceStatus, { always: true, about: 'Where its load balancer can be reached; written by whoever provides it.' }),
  },
  { about: 'A stable address and name for pods that come and go.' },
)
export type Service = Of<typeof Service>

export const ServiceAccount = message(
  'k8s.io.api.core.v1.ServiceAccount',
  {
    ...objectFields,
    secrets: field(2, list(ObjectReference, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      about: 'Secrets that pods of the account may use, which is enforced only if an annotation asks for it. Not for tokens any more.',
    }),
    imagePullSecrets: field(3, list(LocalObjectReference), {
      about: 'Registry credentials for pods of the account that name none themselves.',
    }),
    automountServiceAccountToken: field(4, bool(), {
      pointer: true,
      about: 'Whether pods get a token of the account mounted, unless they say so themselves; true by default.',
    }),
  },
  { about: 'An identity for processes in pods, by which they talk to the API.' },
)
export type ServiceAccount = Of<typeof ServiceAccount>

export const EndpointAddress = message(
  'k8s.io.api.core.v1.EndpointAddress',
  {
    ip: field(1, string(), { required: true, about: 'IPv4 or IPv6 address; not a loopback, link-local or multicast one.' }),
    hostname: field(3, string(), { about: 'Name of its own in DNS, below that of the service.' }),
    nodeName: field(4, string(), { pointer: true, about: 'Node that the address is on.' }),
    targetRef: field(2, ObjectReference, { pointer: true, about: 'Object that has the address, usually a pod.' }),
  },
  { atomic: true, about: 'An address behind a service.' },
)
export type EndpointAddress = Of<typeof EndpointAddress>

export const EndpointPort = message(
  'k8s.io.api.core.v1.EndpointPort',
  {
    name: field(1, string(), { about: 'Name of the port in the service; may be empty only if there is no other port.' }),
    port: field(2, int32(), { required: true, about: 'Number of the port.' }),
    protocol: field(3, Protocol, { default: 'TCP', about: 'TCP (the default), UDP or SCTP.' }),
    appProtocol: field(4, string(), { pointer: true, about: 'Protocol above that, as the service gives it.' }),
  },
  { atomic: true, about: 'A port behind a service.' },
)
export type EndpointPort = Of<typeof EndpointPort>

export const EndpointSubset = message(
  'k8s.io.api.core.v1.EndpointSubset',
  {
    addresses: field(1, list(EndpointAddress), { about: 'Addresses that are ready for traffic.' }),
    notReadyAddresses: field(2, list(EndpointAddress), { about: 'Addresses that are not ready yet or any more.' }),
    ports: field(3, list(EndpointPort), { about: 'Ports of the addresses.' }),
  },
  { about: 'Addresses that all have the same ports; every address goes with every port.' },
)
export type EndpointSubset = Of<typeof EndpointSubset>

export const Endpoints = message(
  'k8s.io.api.core.v1.Endpoints',
  {
    ...objectFields,
    subsets: field(2, list(EndpointSubset), { about: 'Addresses and ports, grouped by which ports they have.' }),
  },
  { about: 'Addresses behind a service, in one object for all. Deprecated: EndpointSlices have taken its place.' },
)
export type Endpoints = Of<typeof Endpoints>

export const ConfigMapNodeConfigSource = message(
  'k8s.io.api.core.v1.ConfigMapNodeConfigSource',
  {
    namespace: field(1, string(), { required: true, about: 'Namespace of the ConfigMap.' }),
    name: field(2, string(), { required: true, about: 'Name of the ConfigMap.' }),
    uid: field(3, string(), { about: 'UID of the ConfigMap; in the status only.' }),
    resourceVersion: field(4, string(), { about: 'Version of the ConfigMap; in the status only.' }),
    kubeletConfigKey: field(5, string(), { required: true, about: 'Key under which the settings are.' }),
  },
  { about: 'Names a ConfigMap with settings for a kubelet. Kubelets do not read it any more.' },
)
export type ConfigMapNodeConfigSource = Of<typeof ConfigMapNodeConfigSource>

export const NodeConfigSource = message(
  'k8s.io.api.core.v1.NodeConfigSource',
  {
    configMap: field(2, ConfigMapNodeConfigSource, { pointer: true, about: 'ConfigMap with the settings.' }),
  },
  { about: 'Where a kubelet once got its settings from.' },
)
export type NodeConfigSource = Of<typeof NodeConfigSource>

export const NodeSpec = message(
  'k8s.io.api.core.v1.NodeSpec',
  {
    podCIDR: field(1, string(), { about: 'Range from which the pods of the node get addresses. It cannot change once set.' }),
    podCIDRs: field(7, list(string(), { apply: { type: 'set' }, patch: { strategy: 'merge' } }), {
      about: 'Such ranges, at most one a family; the first is podCIDR.',
    }),
    providerID: field(3, string(), {
      about: 'ID that the cloud provider knows the machine by, as provider://id. It cannot change once set.',
    }),
    unschedulable: field(4, bool(), { about: 'Keeps new pods off the node, as kubectl cordon does; false by default.' }),
    taints: field(5, list(Taint), { about: 'Taints that keep pods off, unless they tolerate them.' }),
    configSource: field(6, NodeConfigSource, {
      pointer: true,
      about: 'Without effect: kubelets no longer take their settings from the API.',
    }),
    externalID: field(2, string(), { about: 'Without effect: the ID that providers once used.' }),
  },
  { about: 'Addresses and restrictions that a node is given.' },
)
export type NodeSpec = Of<typeof NodeSpec>

export const DaemonEndpoint = message(
  'k8s.io.api.core.v1.DaemonEndpoint',
  {
    Port: field(1, int32(), { required: true, about: 'Number of the port.' }),
  },
  { about: 'Port of a daemon on a node.' },
)
export type DaemonEndpoint = Of<typeof DaemonEndpoint>

export const NodeDaemonEndpoints = message(
  'k8s.io.api.core.v1.NodeDaemonEndpoints',
  {
    kubeletEndpoint: field(1, DaemonEndpoint, { always: true, about: 'Where the kubelet takes requests for logs, exec and the like.' }),
  },
  { about: 'Ports of the daemons on a node.' },
)
export type NodeDaemonEndpoints = Of<typeof NodeDaemonEndpoints>

export const NodeRuntimeHandlerFeatures = message(
  'k8s.io.api.core.v1.NodeRuntimeHandlerFeatures',
  {
    recursiveReadOnlyMounts: field(1, bool(), {
      pointer: true,
      about: 'Whether it can make mounts read-only with all that is mounted below.',
    }),
    userNamespaces: field(2, bool(), { pointer: true, about: 'Whether it can run pods in user namespaces of their own.' }),
  },
  { about: 'What a runtime handler can do.' },
)
export type NodeRuntimeHandlerFeatures = Of<typeof NodeRuntimeHandlerFeatures>

export const NodeRuntimeHandler = message(
  'k8s.io.api.core.v1.NodeRuntimeHandler',
  {
    name: field(1, string(), { always: true, about: 'Name of the handler; empty for the default one.' }),
    features: field(2, NodeRuntimeHandlerFeatures, { pointer: true, about: 'What it can do.' }),
  },
  { about: 'A handler of the container runtime, which a RuntimeClass may name.' },
)
export type NodeRuntimeHandler = Of<typeof NodeRuntimeHandler>

export const NodeFeatures = message(
  'k8s.io.api.core.v1.NodeFeatures',
  {
    supplementalGroupsPolicy: field(1, bool(), {
      pointer: true,
      about: 'Whether it heeds supplementalGroupsPolicy and tells the user of containers.',
    }),
  },
  { about: 'What the container runtime of a node can do, whatever the handler.' },
)
export type NodeFeatures = Of<typeof NodeFeatures>

export const NodeSwapStatus = message(
  'k8s.io.api.core.v1.NodeSwapStatus',
  {
    capacity: field(1, int64(), { pointer: true, about: 'Size of the swap space in bytes.' }),
  },
  { about: 'Swap space of a node.' },
)
export type NodeSwapStatus = Of<typeof NodeSwapStatus>

export const NodeSystemInfo = message(
  'k8s.io.api.core.v1.NodeSystemInfo',
  {
    machineID: field(1, string(), { required: true, about: 'ID of the installed system, from /etc/machine-id.' }),
    systemUUID: field(2, string(), { required: true, about: 'UUID of the hardware, as its firmware has it.' }),
    bootID: field(3, string(), { required: true, about: 'ID of the present boot, new after each restart.' }),
    kernelVersion: field(4, string(), { required: true, about: 'Version of the kernel, as uname -r prints it.' }),
    osImage: field(5, string(), { required: true, about: 'Name of the operating system, from /etc/os-release.' }),
    containerRuntimeVersion: field(6, string(), {
      required: true,
      about: 'Name and version of the container runtime, such as containerd://2.1.0.',
    }),
    kubeletVersion: field(7, string(), { required: true, about: 'Version of the kubelet.' }),
    kubeProxyVersion: field(8, string(), { required: true, about: 'Not filled in any more; it used to be the version of kube-proxy.' }),
    operatingSystem: field(9, string(), { required: true, about: 'linux or windows.' }),
    architecture: field(10, string(), { required: true, about: 'Processor architecture, such as amd64 or arm64.' }),
    swap: field(11, NodeSwapStatus, { pointer: true, about: 'Swap space of the node.' }),
  },
  { about: 'What a node consists of: machine, system and versions.' },
)
export type NodeSystemInfo = Of<typeof NodeSystemInfo>

export const NodeConfigStatus = message(
  'k8s.io.api.core.v1.NodeConfigStatus',
  {
    assigned: field(1, NodeConfigSource, { pointer: true, about: 'Settings that it meant to use.' }),
    active: field(2, NodeConfigSource, { pointer: true, about: 'Settings that it used.' }),
    lastKnownGood: field(3, NodeConfigSource, { pointer: true, about: 'Settings that it fell back to.' }),
    error: field(4, string(), { about: 'What was wrong with the assigned settings.' }),
  },
  { about: 'How a kubelet once got on with settings from the API.' },
)
export type NodeConfigStatus = Of<typeof NodeConfigStatus>

export const NodePhase = oneOf('Pending', 'Running', 'Terminated')
export type NodePhase = Of<typeof NodePhase>

export const NodeCondition = message(
  'k8s.io.api.core.v1.NodeCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Which aspect it is: Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable or one of somebody else.',
    }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    lastHeartbeatTime: field(3, nullable(time()), { always: true, about: 'When it was last told.' }),
    lastTransitionTime: field(4, nullable(time()), { always: true, about: 'When the status last changed from one value to another.' }),
    reason: field(5, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(6, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'One aspect of the state of a node, such as Ready.' },
)
export type NodeCondition = Of<typeof NodeCondition>

export const NodeAddress = message(
  'k8s.io.api.core.v1.NodeAddress',
  {
    type: field(1, string(), { required: true, about: 'Sort of address: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.' }),
    address: field(2, string(), { required: true, about: 'The address itself.' }),
  },
  { about: 'An address of a node.' },
)
export type NodeAddress = Of<typeof NodeAddress>

export const ContainerImage = message(
  'k8s.io.api.core.v1.ContainerImage',
  {
    names: field(1, list(string()), { always: true, about: 'Names that the image is known by, with tag or digest.' }),
    sizeBytes: field(2, int64(), { about: 'How many bytes the image takes.' }),
  },
  { about: 'An image that a node has.' },
)
export type ContainerImage = Of<typeof ContainerImage>

export const AttachedVolume = message(
  'k8s.io.api.core.v1.AttachedVolume',
  {
    name: field(1, string(), { required: true, about: 'Unique name of the volume, made of plug-in and volume.' }),
    devicePath: field(2, string(), { required: true, about: 'Path of the device on the node.' }),
  },
  { about: 'A volume, and the device it was attached as.' },
)
export type AttachedVolume = Of<typeof AttachedVolume>

export const NodeStatus = message(
  'k8s.io.api.core.v1.NodeStatus',
  {
    capacity: field(1, ResourceList, { about: 'Everything that the node has, by resource name, such as cpu, memory and pods.' }),
    allocatable: field(2, ResourceList, { about: 'What of it pods may use: the capacity less what is set aside for the system.' }),
    phase: field(3, NodePhase, { about: 'Not filled in any more; see conditions.' }),
    conditions: field(4, list(NodeCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Single aspects of its state, such as Ready or MemoryPressure.',
    }),
    addresses: field(5, list(NodeAddress, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Where the node can be reached.',
    }),
    daemonEndpoints: field(6, NodeDaemonEndpoints, { always: true, about: 'Ports of the daemons on the node.' }),
    nodeInfo: field(7, NodeSystemInfo, { always: true, about: 'Hardware, operating system and versions.' }),
    images: field(8, list(ContainerImage), { about: 'Images that the node has; the kubelet lists the 50 largest by default.' }),
    volumesInUse: field(9, list(string()), { about: 'Attachable volumes that are mounted, or about to be; they must not be detached.' }),
    volumesAttached: field(10, list(AttachedVolume), { about: 'Volumes that the node has got by now, and their devices.' }),
    config: field(11, NodeConfigStatus, { pointer: true, about: 'Not filled in any more; it used to tell of settings from the API.' }),
    runtimeHandlers: field(12, list(NodeRuntimeHandler), { about: 'Handlers of the container runtime and what they can do.' }),
    features: field(13, NodeFeatures, { pointer: true, about: 'What the container runtime can do.' }),
    declaredFeatures: field(14, list(string()), { about: 'Features of the kubelet that pods may depend on, for the scheduler to heed.' }),
  },
  { about: 'How a node is doing and what it has, told by its kubelet.' },
)
export type NodeStatus = Of<typeof NodeStatus>

export const PodSignature = message(
  'k8s.io.api.core.v1.PodSignature',
  {
    podController: field(1, meta.OwnerReference, { pointer: true, about: 'Controller of the pods.' }),
  },
  { about: 'Tells which pods are meant.' },
)
export type PodSignature = Of<typeof PodSignature>

export const PreferAvoidPodsEntry = message(
  'k8s.io.api.core.v1.PreferAvoidPodsEntry',
  {
    podSignature: field(1, PodSignature, { required: true, about: 'Which pods are meant.' }),
    evictionTime: field(2, nullable(time()), { always: true, about: 'When the entry was made.' }),
    reason: field(3, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(4, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'Pods that should rather not go to a node.' },
)
export type PreferAvoidPodsEntry = Of<typeof PreferAvoidPodsEntry>

export const AvoidPods = message(
  'k8s.io.api.core.v1.AvoidPods',
  {
    preferAvoidPods: field(1, list(PreferAvoidPodsEntry), { about: 'Pods that should rather go elsewhere.' }),
  },
  { about: 'Value of a node annotation that once told schedulers which pods to keep away.' },
)
export type AvoidPods = Of<typeof AvoidPods>

export const Node = message(
  'k8s.io.api.core.v1.Node',
  {
    ...objectFields,
    spec: field(2, NodeSpec, { always: true, about: 'Taints and address ranges of the node.' }),
    status: field(3, NodeStatus, { always: true, about: 'What the node has and how it is doing; written by its kubelet.' }),
  },
  { about: 'A machine that runs pods.' },
)
export type Node = Of<typeof Node>

export const NamespaceSpec = message(
  'k8s.io.api.core.v1.NamespaceSpec',
  {
    finalizers: field(1, list(string()), {
      about:
        'Those that must clean up before the namespace can go; kubernetes stands for all objects in it. Changed by the subresource finalize.',
    }),
  },
  { about: 'What holds up the deletion of a namespace.' },
)
export type NamespaceSpec = Of<typeof NamespaceSpec>

export const NamespacePhase = oneOf('Active', 'Terminating')
export type NamespacePhase = Of<typeof NamespacePhase>

export const NamespaceCondition = message(
  'k8s.io.api.core.v1.NamespaceCondition',
  {
    type: field(1, string(), { required: true, about: 'Which aspect it is, such as NamespaceContentRemaining.' }),
    status: field(2, string(), { required: true, about: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: field(4, nullable(time()), { always: true, about: 'When the status last changed from one value to another.' }),
    reason: field(5, string(), { about: 'Why, in one CamelCase word for programs.' }),
    message: field(6, string(), { about: 'Why, in words for people.' }),
  },
  { about: 'One aspect of the deletion of a namespace.' },
)
export type NamespaceCondition = Of<typeof NamespaceCondition>

export const NamespaceStatus = message(
  'k8s.io.api.core.v1.NamespaceStatus',
  {
    phase: field(1, NamespacePhase, {
      default: 'Active',
      about: 'Active, or Terminating once it is being deleted, which takes no new objects.',
    }),
    conditions: field(2, list(NamespaceCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'What is in the way of a deletion.',
    }),
  },
  { about: 'Whether a namespace is in use or on its way out.' },
)
export type NamespaceStatus = Of<typeof NamespaceStatus>

export const Namespace = message(
  'k8s.io.api.core.v1.Namespace',
  {
    ...objectFields,
    spec: field(2, NamespaceSpec, { always: true, about: 'What holds up its deletion.' }),
    status: field(3, NamespaceStatus, { always: true, about: 'Whether it is being deleted, and what is in the way.' }),
  },
  { about: 'A room for names: objects of one kind have different names in it, and most rights and quotas go by it.' },
)
export type Namespace = Of<typeof Namespace>

export const Binding = message(
  'k8s.io.api.core.v1.Binding',
  {
    ...objectFields,
    target: field(2, ObjectReference, { required: true, about: 'Node to put the pod on.' }),
  },
  { about: 'Puts a pod on a node; posted by schedulers to the subresource binding. The name is that of the pod.' },
)
export type Binding = Of<typeof Binding>

export const Preconditions = message(
  'k8s.io.api.core.v1.Preconditions',
  {
    uid: field(1, string(), { pointer: true, about: 'The object must have this UID.' }),
  },
  { about: 'What must hold of an object for an operation to go ahead.' },
)
export type Preconditions = Of<typeof Preconditions>

export const PodLogOptions = message(
  'k8s.io.api.core.v1.PodLogOptions',
  {
    ...typeFields,
    container: field(1, string(), { about: 'Container to read; may be left out if the pod has only one.' }),
    follow: field(2, bool(), { about: 'Keeps the answer open and sends new lines as they come; false by default.' }),
    previous: field(3, bool(), { about: 'Reads the run before the present one; false by default.' }),
    sinceSeconds: field(4, int64(), { pointer: true, about: 'Only lines of the last so many seconds; excludes sinceTime.' }),
    sinceTime: field(5, time(), { pointer: true, about: 'Only lines since this time; excludes sinceSeconds.' }),
    timestamps: field(6, bool(), { about: 'Puts the time before each line; false by default.' }),
    tailLines: field(7, int64(), { pointer: true, about: 'Only so many of the last lines; all by default.' }),
    limitBytes: field(8, int64(), { pointer: true, about: 'Ends the answer after so many bytes, maybe within a line.' }),
    insecureSkipTLSVerifyBackend: field(9, bool(), {
      about: 'Does not check the certificate of the kubelet, which lets others fake the log; false by default.',
    }),
    stream: field(10, string(), {
      pointer: true,
      about: 'All (the default), Stdout or Stderr; needs the feature gate PodLogsQuerySplitStreams, off by default.',
    }),
  },
  { about: 'Query parameters of a request for logs.' },
)
export type PodLogOptions = Of<typeof PodLogOptions>

export const PodAttachOptions = message(
  'k8s.io.api.core.v1.PodAttachOptions',
  {
    ...typeFields,
    stdin: field(1, bool(), { about: 'Passes input on to the container; false by default.' }),
    stdout: field(2, bool(), { about: 'Passes the standard output back; true by default.' }),
    stderr: field(3, bool(), {
      about: 'Passes the standard error back; true by default. With tty there is none: both outputs come as one.',
    }),
    tty: field(4, bool(), { about: 'Uses the terminal of the container; false by default.' }),
    container: field(5, string(), { about: 'Container to attach to; may be left out if the pod has only one.' }),
  },
  { about: 'Query parameters of a request to attach to a container.' },
)
export type PodAttachOptions = Of<typeof PodAttachOptions>

export const PodExecOptions = message(
  'k8s.io.api.core.v1.PodExecOptions',
  {
    ...typeFields,
    stdin: field(1, bool(), { about: 'Passes input on to the command; false by default.' }),
    stdout: field(2, bool(), { about: 'Passes the standard output back.' }),
    stderr: field(3, bool(), { about: 'Passes the standard error back.' }),
    tty: field(4, bool(), { about: 'Gives the command a terminal; false by default.' }),
    container: field(5, string(), { about: 'Container to run it in; may be left out if the pod has only one.' }),
    command: field(6, list(string()), { required: true, about: 'Program and arguments, run without a shell.' }),
  },
  { about: 'Query parameters of a request to run a command in a container.' },
)
export type PodExecOptions = Of<typeof PodExecOptions>

export const PodPortForwardOptions = message(
  'k8s.io.api.core.v1.PodPortForwardOptions',
  {
    ...typeFields,
    ports: field(1, list(int32()), { about: 'Ports of the pod; needed only when forwarding by WebSockets.' }),
  },
  { about: 'Query parameters of a request to forward ports.' },
)
export type PodPortForwardOptions = Of<typeof PodPortForwardOptions>

export const PodProxyOptions = message(
  'k8s.io.api.core.v1.PodProxyOptions',
  {
    ...typeFields,
    path: field(1, string(), { about: 'Path to ask the pod for.' }),
  },
  { about: 'Query parameters of a request that is passed on to a pod.' },
)
export type PodProxyOptions = Of<typeof PodProxyOptions>

export const NodeProxyOptions = message(
  'k8s.io.api.core.v1.NodeProxyOptions',
  {
    ...typeFields,
    path: field(1, string(), { about: 'Path to ask the kubelet for.' }),
  },
  { about: 'Query parameters of a request that is passed on to a kubelet.' },
)
export type NodeProxyOptions = Of<typeof NodeProxyOptions>

export const ServiceProxyOptions = message(
  'k8s.io.api.core.v1.ServiceProxyOptions',
  {
    ...typeFields,
    path: field(1, string(), { about: 'Path to ask the service for.' }),
  },
  { about: 'Query parameters of a request that is passed on to a service.' },
)
export type ServiceProxyOptions = Of<typeof ServiceProxyOptions>

export const SerializedReference = message(
  'k8s.io.api.core.v1.SerializedReference',
  {
    ...typeFields,
    reference: field(1, ObjectReference, { always: true, about: 'The object that is meant.' }),
  },
  { about: 'A reference to an object, as an object of its own.' },
)
export type SerializedReference = Of<typeof SerializedReference>

export const EventSource = message(
  'k8s.io.api.core.v1.EventSource',
  {
    component: field(1, string(), { about: 'Component that tells it, such as kubelet.' }),
    host: field(2, string(), { about: 'Node that the component runs on.' }),
  },
  { about: 'Who tells of an event.' },
)
export type EventSource = Of<typeof EventSource>

export const EventSeries = message(
  'k8s.io.api.core.v1.EventSeries',
  {
    count: field(1, int32(), { about: 'How often so far.' }),
    lastObservedTime: field(2, nullable(microTime()), { always: true, about: 'When it came last.' }),
  },
  { about: 'How often an event has come, when it keeps coming.' },
)
export type EventSeries = Of<typeof EventSeries>

export const Event = message(
  'k8s.io.api.core.v1.Event',
  {
    ...typeFields,
    metadata: field(1, meta.ObjectMeta, {
      required: true,
      about: 'Name, namespace and the rest; the namespace is that of the object concerned.',
    }),
    involvedObject: field(2, ObjectReference, { required: true, about: 'Object that it happened to.' }),
    reason: field(3, string(), { about: 'What happened, in one CamelCase word, such as Scheduled.' }),
    message: field(4, string(), { about: 'What happened, in words for people.' }),
    source: field(5, EventSource, { always: true, about: 'Who tells it; newer events use reportingComponent.' }),
    firstTimestamp: field(6, nullable(time()), { always: true, about: 'When it first happened.' }),
    lastTimestamp: field(7, nullable(time()), { always: true, about: 'When it last happened.' }),
    count: field(8, int32(), { about: 'How often it has happened.' }),
    type: field(9, string(), { about: 'Normal, or Warning if something is wrong.' }),
    eventTime: field(10, nullable(microTime()), {
      always: true,
      about: 'When it first happened, to the microsecond; set by newer clients.',
    }),
    series: field(11, EventSeries, { pointer: true, about: 'How often it has come, if it keeps coming.' }),
    action: field(12, string(), { about: 'What was done or tried about the object, such as Binding.' }),
    related: field(13, ObjectReference, { pointer: true, about: 'Second object that it has to do with.' }),
    reportingComponent: field(14, string(), { always: true, about: 'Controller that tells it, such as kubernetes.io/kubelet.' }),
    reportingInstance: field(15, string(), { always: true, about: 'Which instance of the controller tells it.' }),
  },
  { about: 'Something that happened to an object, for people to read. Events are kept for an hour or so.' },
)
export type Event = Of<typeof Event>

export const LimitRangeItem = message(
  'k8s.io.api.core.v1.LimitRangeItem',
  {
    type: field(1, string(), { required: true, about: 'What the bounds are for: Container, Pod or PersistentVolumeClaim.' }),
    max: field(2, ResourceList, { about: 'Most that one object may have, by resource name.' }),
    min: field(3, ResourceList, { about: 'Least that one object must have, by resource name.' }),
    default: field(4, ResourceList, { about: 'Limits of containers that have none; max is used where this is absent.' }),
    defaultRequest: field(5, ResourceList, { about: 'Requests of containers that have none; otherwise default, max or min is used.' }),
    maxLimitRequestRatio: field(6, ResourceList, { about: 'How many times the request a limit may be, by resource name.' }),
  },
  { about: 'Bounds and defaults for one type of object.' },
)
export type LimitRangeItem = Of<typeof LimitRangeItem>

export const LimitRangeSpec = message(
  'k8s.io.api.core.v1.LimitRangeSpec',
  {
    limits: field(1, list(LimitRangeItem), { required: true, about: 'Bounds, each for one type of object.' }),
  },
  { about: 'Bounds for the objects of a namespace.' },
)
export type LimitRangeSpec = Of<typeof LimitRangeSpec>

export const LimitRange = message(
  'k8s.io.api.core.v1.LimitRange',
  {
    ...objectFields,
    spec: field(2, LimitRangeSpec, { always: true, about: 'The bounds and defaults.' }),
  },
  { about: 'Bounds and fills in what single objects of a namespace may use; checked when they are created or resized.' },
)
export type LimitRange = Of<typeof LimitRange>

export const ResourceQuotaScope = oneOf(
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
)
export type ResourceQuotaScope = Of<typeof ResourceQuotaScope>

export const ScopeSelectorOperator = oneOf('In', 'NotIn', 'Exists', 'DoesNotExist')
export type ScopeSelectorOperator = Of<typeof ScopeSelectorOperator>

export const ScopedResourceSelectorRequirement = message(
  'k8s.io.api.core.v1.ScopedResourceSelectorRequirement',
  {
    scopeName: field(1, ResourceQuotaScope, { required: true, about: 'Scope that the condition is about.' }),
    operator: field(2, ScopeSelectorOperator, {
      required: true,
      about: 'How values are compared: In, NotIn, Exists or DoesNotExist. Most scopes only know Exists.',
    }),
    values: field(3, list(string()), { about: 'Values for In and NotIn, such as names of priority classes; empty otherwise.' }),
  },
  { about: 'A condition on the objects that a quota counts.' },
)
export type ScopedResourceSelectorRequirement = Of<typeof ScopedResourceSelectorRequirement>

export const ScopeSelector = message(
  'k8s.io.api.core.v1.ScopeSelector',
  {
    matchExpressions: field(1, list(ScopedResourceSelectorRequirement), { about: 'Conditions, all of which must hold.' }),
  },
  { atomic: true, about: 'Which objects a quota counts.' },
)
export type ScopeSelector = Of<typeof ScopeSelector>

export const ResourceQuotaSpec = message(
  'k8s.io.api.core.v1.ResourceQuotaSpec',
  {
    hard: field(1, ResourceList, { about: 'Most that may be used or exist, by name, such as requests.cpu, pods or count/jobs.batch.' }),
    scopes: field(2, list(ResourceQuotaScope), {
      about: 'Counts only objects in all of these scopes, such as BestEffort; everything if empty.',
    }),
    scopeSelector: field(3, ScopeSelector, { pointer: true, about: 'Counts only objects that meet these conditions too.' }),
  },
  { about: 'How much a namespace may use, and of which objects.' },
)
export type ResourceQuotaSpec = Of<typeof ResourceQuotaSpec>

export const ResourceQuotaStatus = message(
  'k8s.io.api.core.v1.ResourceQuotaStatus',
  {
    hard: field(1, ResourceList, { about: 'Bounds that are in force.' }),
    used: field(2, ResourceList, { about: 'How much is used now.' }),
  },
  { about: 'What a namespace may use and does use.' },
)
export type ResourceQuotaStatus = Of<typeof ResourceQuotaStatus>

export const ResourceQuota = message(
  'k8s.io.api.core.v1.ResourceQuota',
  {
    ...objectFields,
    spec: field(2, ResourceQuotaSpec, { always: true, about: 'The bounds and what they count.' }),
    status: field(3, ResourceQuotaStatus, { always: true, about: 'How much of them is used; written by the server.' }),
  },
  { about: 'Bounds what all objects of a namespace may use together; what would go beyond is refused.' },
)
export type ResourceQuota = Of<typeof ResourceQuota>

export const Secret = message(
  'k8s.io.api.core.v1.Secret',
  {
    ...objectFields,
    immutable: field(5, bool(), {
      pointer: true,
      about: 'Forbids any change of the data for good; the Secret can still be deleted. False by default.',
    }),
    data: field(2, map(bytes()), { about: 'Values by key, in base64; at most 1 MiB in all.' }),
    stringData: field(4, map(string()), { about: 'Values by key as plain text, merged into data on a write. Never read back.' }),
    type: field(3, string(), {
      default: 'Opaque',
      about: 'What the data is and which keys it must have, such as kubernetes.io/tls; Opaque by default. It cannot change.',
    }),
  },
  { about: 'Small confidential data, such as passwords and keys, for pods and others to use. It is only as safe as access to it.' },
)
export type Secret = Of<typeof Secret>

export const ConfigMap = message(
  'k8s.io.api.core.v1.ConfigMap',
  {
    ...objectFields,
    immutable: field(4, bool(), {
      pointer: true,
      about: 'Forbids any change of the data for good; the ConfigMap can still be deleted. False by default.',
    }),
    data: field(2, map(string()), { about: 'Text values by key; 1 MiB in all, together with binaryData.' }),
    binaryData: field(3, map(bytes()), { about: 'Binary values by key, in base64; no key may be in data too.' }),
  },
  { about: 'Configuration that pods and others read; not for secrets.' },
)
export type ConfigMap = Of<typeof ConfigMap>

export const ComponentCondition = message(
  'k8s.io.api.core.v1.ComponentCondition',
  {
    type: field(1, string(), { required: true, about: 'Always Healthy.' }),
    status: field(2, string(), { required: true, about: 'Whether it is healthy: True, False or Unknown.' }),
    message: field(3, string(), { about: 'What the component said.' }),
    error: field(4, string(), { about: 'Why it could not be asked.' }),
  },
  { about: 'Health of a component.' },
)
export type ComponentCondition = Of<typeof ComponentCondition>

export const ComponentStatus = message(
  'k8s.io.api.core.v1.ComponentStatus',
  {
    ...objectFields,
    conditions: field(2, list(ComponentCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Health of the component.',
    }),
  },
  { about: 'Health of a component of the control plane. Deprecated: ask its health endpoints.' },
)
export type ComponentStatus = Of<typeof ComponentStatus>

export const RangeAllocation = message(
  'k8s.io.api.core.v1.RangeAllocation',
  {
    ...objectFields,
    range: field(2, string(), { required: true, about: 'The range, as a network or as first-last.' }),
    data: field(3, bytes(), { required: true, about: 'A bit for each member of the range, set if it is taken.' }),
  },
  { about: 'Which numbers or addresses of a range are taken, as the server stores it for itself.' },
)
export type RangeAllocation = Of<typeof RangeAllocation>
