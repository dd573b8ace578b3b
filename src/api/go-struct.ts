import { shownAsGiven } from '#schema/given-empty.ts'
import { type AnyType, fieldsOf } from '#schema/schema.ts'

/**
 * A structure as the reference shows its own in messages: every field, with Go's names, absent ones as Go's zero values. Only for messages
 * that are compared word for word.
 */
export function goStruct(type: AnyType, value: unknown): unknown {
  const { shape } = type
  if (value === undefined || value === null) return null
  if (shape.kind === 'list') return (value as readonly unknown[]).map((item) => goStruct(shape.item, item))
  if (shape.kind !== 'message') return value
  // Those of the common machinery are shown as they are in JSON.
  if (shape.protoName.startsWith('k8s.io.apimachinery.')) return value
  const given = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    Object.entries(fieldsOf(type)).map(([name, field]) => {
      const { kind } = field.type.shape
      const own = kind === 'list' || kind === 'map' ? (shownAsGiven(given, name) ?? undefined) : given[name]
      return [goName(name), own === undefined ? (field.options.pointer ? null : zeroOf(field.type)) : goStruct(field.type, own)]
    }),
  )
}

/** Names that Go writes otherwise than with a capital at the start. */
const initialisms: Readonly<Record<string, string>> = {
  seLinuxOptions: 'SELinuxOptions',
  uid: 'UID',
  apiVersion: 'APIVersion',
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
