import type { Service } from '#api/core/v1/types.ts'
import type { ClaimRecord, NamespacedMeta, Stored } from '#api/kind.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { formatIp, parseIp } from '#schema/ip.ts'

/** The IPAddress that stands for a service's address while it is held (KEP 1880), as the reference's allocator writes it. */
export const serviceAddress: ClaimRecord<Stored<Service, NamespacedMeta>> = {
  kind: IPAddress,
  // An address may be written in several ways, of which its object knows one.
  nameOf: (address) => {
    const bytes = parseIp(address)
    return bytes === undefined ? address : formatIp(bytes)
  },
  make: ({ metadata: { name, namespace } }, address, now) => ({
    metadata: {
      labels: {
        'ipaddress.kubernetes.io/ip-family': address.includes(':') ? 'IPv6' : 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
      managedFields: [
        {
          manager: 'kube-apiserver',
          operation: 'Update',
          apiVersion: 'networking.k8s.io/v1',
          time: now,
          fieldsType: 'FieldsV1',
          fieldsV1: ownedFields,
        },
      ],
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  }),
}

const ownedFields = {
  'f:metadata': {
    'f:labels': { '.': {}, 'f:ipaddress.kubernetes.io/ip-family': {}, 'f:ipaddress.kubernetes.io/managed-by': {} },
  },
  'f:spec': { 'f:parentRef': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } },
}
