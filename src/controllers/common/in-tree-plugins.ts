import type { PersistentVolumeSource } from '#api/core/v1/types.ts'

interface InTreePlugin {
  readonly name: string
  /** The CSI driver that does its work now (KEP-625). */
  readonly driver: string
  readonly source: keyof PersistentVolumeSource
}

/** Plug-ins that were part of Kubernetes once; since their migration became final, each is only another name for a CSI driver. */
const migrated: readonly InTreePlugin[] = [
  { name: 'kubernetes.io/aws-ebs', driver: 'ebs.csi.aws.com', source: 'awsElasticBlockStore' },
  { name: 'kubernetes.io/azure-disk', driver: 'disk.csi.azure.com', source: 'azureDisk' },
  { name: 'kubernetes.io/azure-file', driver: 'file.csi.azure.com', source: 'azureFile' },
  { name: 'kubernetes.io/cinder', driver: 'cinder.csi.openstack.org', source: 'cinder' },
  { name: 'kubernetes.io/gce-pd', driver: 'pd.csi.storage.gke.io', source: 'gcePersistentDisk' },
  { name: 'kubernetes.io/portworx-volume', driver: 'pxd.portworx.com', source: 'portworxVolume' },
  { name: 'kubernetes.io/vsphere-volume', driver: 'csi.vsphere.vmware.com', source: 'vsphereVolume' },
]

/** The CSI driver behind a plug-in's former name; undefined: there is none. */
export const driverOfPlugin = (name: string): string | undefined => migrated.find((plugin) => plugin.name === name)?.driver

/** The migrated plug-in that a volume's source belongs to. */
export const pluginOfSource = (source: PersistentVolumeSource): InTreePlugin | undefined =>
  migrated.find((plugin) => source[plugin.source] !== undefined)
