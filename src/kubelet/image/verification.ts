/**
 * Which images that are on the node already a pod has to prove that it may use (KubeletConfiguration
 * `imagePullCredentialsVerificationPolicy`; the default is NeverVerifyPreloadedImages: what came by other ways than the kubelet is free).
 */
export interface VerificationPolicy {
  readonly policy: 'NeverVerify' | 'NeverVerifyPreloadedImages' | 'NeverVerifyAllowlistedImages' | 'AlwaysVerify'
  /** Of NeverVerifyAllowlistedImages: names without tag, or `registry/path/*`. */
  readonly allowlist: readonly string[]
}

export function verifies({ policy, allowlist }: VerificationPolicy, image: string, isPulledByUs: boolean): boolean {
  switch (policy) {
    case 'NeverVerify':
      return false
    case 'NeverVerifyPreloadedImages':
      return isPulledByUs
    case 'NeverVerifyAllowlistedImages':
      return !allowlist.some((pattern) => isListed(pattern, unversioned(image)))
    case 'AlwaysVerify':
      return true
  }
}

const isListed = (pattern: string, name: string): boolean =>
  pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name

/** The name as the pod writes it, without tag and digest. */
export const unversioned = (image: string): string => image.replace(/@[^@/]*$/, '').replace(/:[^:/]*$/, '')
