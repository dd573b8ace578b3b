import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { NodeSelector, NodeSelectorTerm, Volume } from '#api/core/v1/types.ts'

/**
 * Volumes of plug-ins that were part of Kubernetes once: since their migration became final (KEP-625), each is another way to write down a
 * volume of a CSI driver. What a driver calls them, and by which label of the node it tells where they can be reached, are facts of
 * k8s.io/csi-translation-lib. Azure Files and vSphere are left out: the reference's scheduler does not count them either.
 */
export interface CsiVolume {
  readonly driver: string
  readonly handle: string
}

/** A volume that cannot be written as its driver's, and why. */
export interface Untranslatable {
  readonly problem: string
}

interface Plugin {
  readonly name: string
  readonly driver: string
  readonly source: 'awsElasticBlockStore' | 'azureDisk' | 'cinder' | 'gcePersistentDisk' | 'portworxVolume'
  /** The driver's label for the zone of a node. */
  readonly zoneLabel?: string
}

const plugins: readonly Plugin[] = [
  { name: 'kubernetes.io/aws-ebs', driver: 'ebs.csi.aws.com', source: 'awsElasticBlockStore', zoneLabel: 'topology.ebs.csi.aws.com/zone' },
  { name: 'kubernetes.io/azure-disk', driver: 'disk.csi.azure.com', source: 'azureDisk' },
  {
    name: 'kubernetes.io/cinder',
    driver: 'cinder.csi.openstack.org',
    source: 'cinder',
    zoneLabel: 'topology.cinder.csi.openstack.org/zone',
  },
  { name: 'kubernetes.io/gce-pd', driver: 'pd.csi.storage.gke.io', source: 'gcePersistentDisk', zoneLabel: 'topology.gke.io/zone' },
  { name: 'kubernetes.io/portworx-volume', driver: 'pxd.portworx.com', source: 'portworxVolume' },
]

/** Migrated too, but counted by nobody: their volumes need no attachment to be counted, or have a limit elsewhere. */
const uncounted: ReadonlySet<string> = new Set(['kubernetes.io/azure-file', 'kubernetes.io/vsphere-volume'])

/** The driver that makes the volumes of a class: that of the provisioner, where it is a former plug-in's name; undefined: not to be counted. */
export function driverOfProvisioner(provisioner: string, hasCsiNode: boolean): string | undefined {
  if (uncounted.has(provisioner)) return undefined
  const plugin = plugins.find(({ name }) => name === provisioner)
  if (plugin === undefined) return provisioner
  return hasCsiNode ? plugin.driver : undefined
}

/** The plug-in that a volume belongs to, by name; undefined: it is none of a former plug-in. */
export const pluginOfVolume = ({ spec }: PersistentVolume): string | undefined =>
  plugins.find(({ source }) => spec[source] !== undefined)?.name

/** Whether a pod's volume itself is one of a former plug-in. */
export const isInTree = (volume: Volume): boolean => pluginOfInline(volume) !== undefined

const pluginOfInline = (volume: Volume): Plugin | undefined => plugins.find(({ source }) => volume[source] !== undefined)

/** What its driver calls a volume of a former plug-in; undefined: it is none. */
export function csiVolumeOf(volume: PersistentVolume): CsiVolume | Untranslatable | undefined {
  const plugin = plugins.find(({ source }) => volume.spec[source] !== undefined)
  return plugin === undefined
    ? undefined
    : withHandle(
        plugin,
        handleOf(volume.spec, () => diskOf(volume)),
      )
}

/** The same for a volume that stands in the pod itself. */
export function csiVolumeOfInline(volume: Volume): CsiVolume | Untranslatable | undefined {
  const plugin = pluginOfInline(volume)
  if (plugin === undefined) return undefined
  return withHandle(
    plugin,
    handleOf(volume, () => `projects/${unspecified}/zones/${unspecified}/disks/${volume.gcePersistentDisk!.pdName}`),
  )
}

type Handle = string | Untranslatable

const withHandle = ({ driver }: Plugin, handle: Handle): CsiVolume | Untranslatable =>
  typeof handle === 'string' ? { driver, handle } : handle

function handleOf(
  { awsElasticBlockStore, azureDisk, cinder, portworxVolume }: Pick<PersistentVolume['spec'], Plugin['source']>,
  gce: () => Handle,
): Handle {
  if (awsElasticBlockStore !== undefined) return blockStoreOf(awsElasticBlockStore.volumeID)
  if (azureDisk !== undefined) {
    const { kind = 'Managed', diskURI } = azureDisk
    return kind.toLowerCase() === 'managed' ? diskURI : { problem: `kind(${kind}) is not supported in csi migration` }
  }
  if (cinder !== undefined) return cinder.volumeID
  return portworxVolume === undefined ? gce() : portworxVolume.volumeID
}

/** `vol-…` as it is, or the end of `aws://<zone>/vol-…`. */
function blockStoreOf(id: string): Handle {
  if (!id.startsWith('aws://')) return id
  const volume = id
    .replace(/^aws:\/\/[^/?#]*/, '')
    .replace(/[?#].*$/, '')
    .replace(/^\/+|\/+$/g, '')
  if (/^vol-[^/]*$/.test(volume)) return volume
  return { problem: `failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (${id})` }
}

const unspecified = 'UNSPECIFIED'

/** The driver's path of a disk of one zone, of several zones of a region, or of a zone that nobody wrote down. */
function diskOf({ metadata: { labels = {} }, spec }: PersistentVolume): Handle {
  const { pdName } = spec.gcePersistentDisk!
  const zones = (labels[zone.beta] || labels[zone.stable] || '').split('__')
  if (zones.length === 1) return `projects/${unspecified}/zones/${zones[0] || unspecified}/disks/${pdName}`
  const wrong = zones.find((one) => one.split('-').length !== 3)
  if (wrong !== undefined)
    return {
      problem: `failed to get region from zones: zone in unexpected format, expected: {locale}-{region}-{zone}, got: ${wrong}`,
    }
  const regions = new Set(zones.map((one) => one.slice(0, one.lastIndexOf('-'))))
  if (regions.size > 1)
    return { problem: `failed to get region from zones: multiple or no regions gotten from zones, got: ${[...regions].join(' ')}` }
  return `projects/${unspecified}/regions/${[...regions][0]}/disks/${pdName}`
}

const zone = { stable: 'topology.kubernetes.io/zone', beta: 'failure-domain.beta.kubernetes.io/zone' }
const region = { stable: 'topology.kubernetes.io/region', beta: 'failure-domain.beta.kubernetes.io/region' }

/** Where a migrated volume can be reached, in its driver's labels: those of zones are the driver's own. Undefined: everywhere. */
export function migratedAffinity(volume: PersistentVolume): NodeSelector | undefined {
  const affinity = volume.spec.nodeAffinity?.required
  const zoneLabel = plugins.find(({ source }) => volume.spec[source] !== undefined)?.zoneLabel
  if (zoneLabel === undefined) return affinity
  const { labels = {} } = volume.metadata
  const terms = affinity?.nodeSelectorTerms ?? []
  const named = (key: string): boolean => terms.some(({ matchExpressions = [] }) => matchExpressions.some((one) => one.key === key))
  // The affinity says which generation of labels is meant, then the volume's labels do.
  const usesBeta = !named(zone.stable) && (named(zone.beta) || (labels[zone.stable] === undefined && labels[zone.beta] !== undefined))
  const key = usesBeta ? zone.beta : zone.stable
  const hasValues = terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some((one) => one.key === key && (one.values ?? []).length > 0),
  )
  const renamed =
    (from: string, to: string) =>
    (term: NodeSelectorTerm): NodeSelectorTerm => ({
      ...term,
      matchExpressions: (term.matchExpressions ?? []).map((one) => (one.key === from ? { ...one, key: to } : one)),
    })
  let next: readonly NodeSelectorTerm[] = terms
  if (hasValues) next = terms.map(renamed(key, zoneLabel))
  else {
    const zones = [
      ...new Set(
        (labels[key] ?? '')
          .split('__')
          .map((one) => one.trim())
          .filter((one) => one !== ''),
      ),
    ].sort()
    const where = { key: zoneLabel, operator: 'In' as const, values: zones }
    if (zones.length > 0)
      next = (terms.length > 0 ? terms : [{}]).map((term: NodeSelectorTerm) => ({
        ...term,
        matchExpressions: [...(term.matchExpressions ?? []), where],
      }))
  }
  if (usesBeta) next = next.map(renamed(region.beta, region.stable))
  return affinity === undefined && next.length === 0 ? undefined : { nodeSelectorTerms: [...next] }
}
