import { createHmac, timingSafeEqual, X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Client } from '#client/client.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { BootstrapToken } from './bootstrap-token.ts'
import { keyHash } from './trusted-authority.ts'

/** What the cluster says of itself to those who join. */
export interface ClusterInfo {
  /** PEM of all authorities that its servers may be signed by. */
  readonly ca: string
}

/**
 * Reads ConfigMap `kube-public/cluster-info` and checks that it is signed with the token (JSON Web Signature, HS256, detached) and names a
 * pinned authority, as kubeadm does. A token that was made this moment has no signature yet: that is waited for. Throws `Forbidden`.
 */
export async function readClusterInfo(
  client: Client,
  token: BootstrapToken,
  hashes: readonly string[],
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
): Promise<ClusterInfo> {
  const key = `jws-kubeconfig-${token.id}`
  for (const until = clock.now() + withinMs; ; await sleep(clock, 250)) {
    const { data = {} } = await client.get(ConfigMap, 'cluster-info', 'kube-public')
    const [kubeconfig, signature] = [data['kubeconfig'], data[key]]
    if (kubeconfig !== undefined && signature !== undefined) {
      if (!isSignedBy(kubeconfig, signature, token))
        throw new WherryError(
          'Forbidden',
          'the cluster information in kube-public/cluster-info is not signed with this token: somebody changed it',
        )
      return pinnedInfo(kubeconfig, hashes)
    }
    if (clock.now() >= until)
      throw new WherryError(
        'Forbidden',
        'the cluster information in kube-public/cluster-info is not signed with this token; a token for joining has usage "signing" ("wherry token create" gives it)',
      )
  }
}

/** RFC 7515, appendix F: the content stands elsewhere. */
function isSignedBy(content: string, signature: string, { id, secret }: BootstrapToken): boolean {
  const [header = '', none, given = ''] = signature.split('.')
  if (none !== '') return false
  const { alg, kid } = headerOf(header)
  if (alg !== 'HS256' || kid !== id) return false
  const wanted = createHmac('sha256', secret)
    .update(`${header}.${Buffer.from(content).toString('base64url')}`)
    .digest()
  const present = Buffer.from(given, 'base64url')
  return present.length === wanted.length && timingSafeEqual(present, wanted)
}

function headerOf(text: string): { readonly alg?: unknown; readonly kid?: unknown } {
  try {
    return (JSON.parse(Buffer.from(text, 'base64url').toString()) ?? {}) as object
  } catch {
    // What cannot be read says nothing of who signed.
    return {}
  }
}

function pinnedInfo(kubeconfig: string, hashes: readonly string[]): ClusterInfo {
  const { clusters } = parse(kubeconfig) as { readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, string>> }[] }
  const ca = Buffer.from(clusters?.[0]?.cluster?.['certificate-authority-data'] ?? '', 'base64').toString()
  const all = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (!all.some((certificate) => hashes.includes(keyHash(new X509Certificate(certificate)))))
    throw new WherryError('Forbidden', 'kube-public/cluster-info names another authority than the one that the CA certificate hash pins')
  return { ca }
}
