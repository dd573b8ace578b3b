import { unifiedDiff } from '#lib/unified-diff.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { escapeJson } from '#schema/go-text.ts'
import { encodeJson } from '#schema/json.ts'
import { type AnyType, fieldsOf } from '#schema/schema.ts'

/**
 * A structure as the reference shows its own in messages: every field, with Go's names, absent ones as Go's zero values. Only for messages
 * that are compared word for word.
 */
export function goStruct(type: AnyType, value: unknown): unknown {
  const { shape } = type
  if (value === undefined || value === null) return null
  if (shape.kind === 'list') return (value as readonly unknown[]).map((item) => goStruct(shape.item, item))
  if (shape.kind === 'map') return inOrderOfKeys(value as object, (one) => goStruct(shape.value, one))
  if (shape.kind !== 'message') return value
  // Those of the common machinery are shown as they are in JSON.
  if (shape.protoName.startsWith('k8s.io.apimachinery.')) return JSON.parse(encodeJson(type, value))
  const given = value as Readonly<Record<string, unknown>>
  const { names = {}, before = {}, embeds, omits = [] } = peculiar[shape.protoName.slice(shape.protoName.lastIndexOf('.') + 1)] ?? {}
  const out: [string, unknown][] = []
  for (const [name, field] of Object.entries(fieldsOf(type))) {
    if (omits.includes(name)) continue
    const { kind } = field.type.shape
    const own = kind === 'list' || kind === 'map' ? (shownAsGiven(given, name) ?? undefined) : given[name]
    const shown = own === undefined ? (field.options.pointer ? null : zeroOf(field.type)) : goStruct(field.type, own)
    if (name === embeds) out.push(...Object.entries(shown ?? {}))
    else {
      const next = before[name]
      const at = next === undefined ? -1 : out.findIndex(([other]) => other === goName(next))
      out.splice(at < 0 ? out.length : at, 0, [names[name] ?? goName(name), shown])
    }
  }
  return Object.fromEntries(out)
}

/** How one structure became another, as the reference shows it: the changed lines of their JSON, with those around them. */
export const goDiff = (before: unknown, after: unknown): string => unifiedDiff(prettyJson(before), prettyJson(after))

const prettyJson = (value: unknown): string => escapeJson(JSON.stringify(value, undefined, 1))

/** Go writes a map in the order of its keys. */
const inOrderOfKeys = (value: object, show: (one: unknown) => unknown): unknown =>
  Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, show(one)]),
  )

/** What of the reference's own structure is not as in the public one. */
interface Peculiarity {
  /** Fields that are called otherwise. */
  readonly names?: Readonly<Record<string, string>>
  /** Fields that stand before others. */
  readonly before?: Readonly<Record<string, string>>
  /** A field whose own fields stand in its place. */
  readonly embeds?: string
  /** Fields that are not shown: the reference clears them of what it has read. */
  readonly omits?: readonly string[]
}

const blockDevice: Peculiarity = { names: { monitors: 'CephMonitors', image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' } }
const gluster: Peculiarity = { names: { endpoints: 'EndpointsName' } }

const peculiar: Readonly<Record<string, Peculiarity>> = {
  GlusterfsPersistentVolumeSource: gluster,
  GlusterfsVolumeSource: gluster,
  RBDPersistentVolumeSource: blockDevice,
  RBDVolumeSource: blockDevice,
  PersistentVolumeClaim: { omits: ['apiVersion', 'kind'], embeds: 'metadata' },
  PersistentVolumeClaimTemplate: { embeds: 'metadata' },
  PersistentVolumeSpec: { before: { quobyte: 'iscsi', flexVolume: 'cinder' } },
  Volume: { before: { quobyte: 'flexVolume' } },
}

/** Names that Go writes otherwise than with a capital at the start. */
const initialisms: Readonly<Record<string, string>> = {
  seLinuxOptions: 'SELinuxOptions',
  uid: 'UID',
  apiVersion: 'APIVersion',
  pkixPublicKey: 'PKIXPublicKey',
  dnsPolicy: 'DNSPolicy',
  dnsConfig: 'DNSConfig',
  os: 'OS',
  tty: 'TTY',
  fsType: 'FSType',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  ip: 'IP',
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  gmsaCredentialSpec: 'GMSACredentialSpec',
  pdName: 'PDName',
  iqn: 'IQN',
  iscsiInterface: 'ISCSIInterface',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  sslEnabled: 'SSLEnabled',
  wwids: 'WWIDs',
  diskURI: 'DataDiskURI',
  httpGet: 'HTTPGet',
  tcpSocket: 'TCPSocket',
  httpHeaders: 'HTTPHeaders',
  grpc: 'GRPC',
  apiGroup: 'APIGroup',
  apiGroups: 'APIGroups',
  gcePersistentDisk: 'GCEPersistentDisk',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  nfs: 'NFS',
  iscsi: 'ISCSI',
  rbd: 'RBD',
  cephfs: 'CephFS',
  fc: 'FC',
  csi: 'CSI',
  cel: 'CEL',
  storageos: 'StorageOS',
}
const goName = (name: string): string => initialisms[name] ?? name[0]!.toUpperCase() + name.slice(1)

function zeroOf({ shape }: AnyType): unknown {
  if (shape.kind === 'string' || shape.kind === 'bytes') return ''
  if (shape.kind === 'bool') return false
  if (shape.kind === 'message') return goStruct({ shape }, {})
  return shape.kind === 'list' || shape.kind === 'map' ? null : 0
}
