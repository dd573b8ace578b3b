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
      // A list that is always written is there when a client left it out, too.
      const isNone = own === undefined || (field.options.always === true && Array.isArray(own) && own.length === 0)
      return [goName(name), isNone ? (field.options.pointer ? null : zeroOf(field.type)) : goStruct(field.type, own)]
    }),
  )
}

const initialisms: Readonly<Record<string, string>> = {
  seLinuxOptions: 'SELinuxOptions',
  uid: 'UID',
  apiVersion: 'APIVersion',
  apiGroup: 'APIGroup',
  apiGroups: 'APIGroups',
  gcePersistentDisk: 'GCEPersistentDisk',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  nfs: 'NFS',
  rbd: 'RBD',
  iscsi: 'ISCSI',
  cephfs: 'CephFS',
  fc: 'FC',
  storageos: 'StorageOS',
  csi: 'CSI',
  cel: 'CEL',
  fsType: 'FSType',
}
const goName = (name: string): string => initialisms[name] ?? name[0]!.toUpperCase() + name.slice(1)

function zeroOf({ shape }: AnyType): unknown {
  if (shape.kind === 'string' || shape.kind === 'bytes') return ''
  if (shape.kind === 'bool') return false
  return shape.kind === 'list' || shape.kind === 'map' || shape.kind === 'message' ? null : 0
}
