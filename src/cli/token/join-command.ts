import { X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { keyHash } from '../join/trusted-authority.ts'

/** What is to be typed on the machine that joins, by what the cluster says of itself in `kube-public/cluster-info`. */
export async function joinCommand(client: Client, token: string): Promise<string> {
  const { data } = await client.get(ConfigMap, 'cluster-info', 'kube-public')
  const { clusters } = (parse(data?.['kubeconfig'] ?? '') ?? {}) as {
    readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, string>> }[]
  }
  const { server, 'certificate-authority-data': ca = '' } = clusters?.[0]?.cluster ?? {}
  const authorities =
    Buffer.from(ca, 'base64')
      .toString()
      .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (server === undefined || authorities.length === 0)
    throw new WherryError(
      'ServiceUnavailable',
      'ConfigMap kube-public/cluster-info names no server and authority; the server writes both at its start',
    )
  const hashes = authorities.map((pem) => `--ca-cert-hash ${keyHash(new X509Certificate(pem))}`)
  return ['wherry join', server, '--token', token, ...hashes].join(' ')
}
