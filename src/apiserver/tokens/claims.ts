import type { UserInfo } from '../contract.ts'

/** What a service-account token says (KEP 1205, KEP 4193): registered claims of RFC 7519, and our own under `kubernetes.io`. */
export interface TokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  /** Seconds since the epoch, as all times here. */
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly jti: string
  readonly 'kubernetes.io': KubernetesClaims
}

/** The claim `kubernetes.io`: whom a token is of, and what it is bound to. */
export interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: ObjectRef
  /** The token dies with this object. With a pod, `node` only tells where it runs. */
  readonly pod?: ObjectRef
  readonly secret?: ObjectRef
  readonly node?: ObjectRef
  /** From here on a token whose life was stretched counts as stale. */
  readonly warnafter?: number
}

/** An object that a token names. */
export interface ObjectRef {
  readonly name: string
  /** Absent only for a node that no longer exists. */
  readonly uid?: string
}

/** Who the bearer of such a token is. */
export function userOfClaims(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io']
  const one = (key: string, value: string | undefined) => (value === undefined || value === '' ? {} : { [key]: [value] })
  return {
    name: serviceAccountUser(namespace, serviceaccount.name),
    ...(serviceaccount.uid !== undefined && { uid: serviceaccount.uid }),
    groups: serviceAccountGroups(namespace),
    extra: {
      ...one(credentialIdKey, claims.jti && credentialIdOf(claims.jti)),
      ...(pod?.uid !== undefined && {
        ...one('authentication.kubernetes.io/pod-name', pod.name),
        ...one('authentication.kubernetes.io/pod-uid', pod.uid),
      }),
      ...one(nodeNameKey, node?.name),
      ...one('authentication.kubernetes.io/node-uid', node?.uid),
    },
  }
}

/** Names the very credential that was used: `JTI=<uuid>` or `X509SHA256=<hex>`. */
export const credentialIdKey = 'authentication.kubernetes.io/credential-id'
/** The same in the audit event of the request that issued it. */
export const issuedCredentialIdKey = 'authentication.kubernetes.io/issued-credential-id'
/** What a token is named by, since it itself is a secret. */
export const credentialIdOf = (jti: string): string => `JTI=${jti}`
/** Names the node of the pod that a token is bound to (KEP-4193). */
export const nodeNameKey = 'authentication.kubernetes.io/node-name'

/** The user that an account is. */
export const serviceAccountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`
/** The groups that every account is in. */
export const serviceAccountGroups = (namespace: string): string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]

/** The account behind a user name, undefined for other users. */
export function parseServiceAccountUser(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)$/.exec(user)
  return match === null ? undefined : { namespace: match[1]!, name: match[3]! }
}
