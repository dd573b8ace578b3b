import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { tokenEndsAt, tokenValue } from '../common/bootstrap-token.ts'
import { detachedSignature } from './detached-signature.ts'

export interface SignerView {
  readonly now: Instant
  /** `cluster-info` of `kube-public`. */
  readonly clusterInfo: ConfigMap
  /** Secrets that are bootstrap tokens. */
  readonly tokens: readonly Secret[]
}

const signaturePrefix = 'jws-kubeconfig-'

/** Keeps a signature of the cluster's kubeconfig by each token that may sign, and none by another. */
export function planSignatures({ now, clusterInfo, tokens }: SignerView): Plan {
  const content = clusterInfo.data?.['kubeconfig']
  if (content === undefined) return settled
  const signing = tokens.filter((secret) => maySign(secret) && tokenEndsAt(secret) > now)
  const others = Object.entries(clusterInfo.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix))
  const signatures = signing.map((secret) => {
    const id = tokenValue(secret, 'token-id')
    return [`${signaturePrefix}${id}`, detachedSignature(content, id, tokenValue(secret, 'token-secret'))]
  })
  const data = Object.fromEntries([...others, ...signatures])
  // A signature that outlives its token would still be believed by who has an old one.
  const wakeAt = Math.min(Infinity, ...signing.map(tokenEndsAt))
  if (same(clusterInfo.data, data)) return { commands: [], wakeAt }
  return { commands: [{ do: 'update', kind: ConfigMap, object: { ...clusterInfo, data } as ConfigMap }], wakeAt }
}

/** Meant for signing, and named as its id says: the id is how who joins asks for the signature. */
function maySign(secret: Secret): boolean {
  const id = tokenValue(secret, 'token-id')
  return (
    /^[a-z0-9]{6}$/.test(id) &&
    secret.metadata.name === `bootstrap-token-${id}` &&
    tokenValue(secret, 'token-secret') !== '' &&
    tokenValue(secret, 'usage-bootstrap-signing') === 'true'
  )
}
