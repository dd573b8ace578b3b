import { checkDns1123Subdomain } from '#schema/validate.ts'

/** How a ClusterTrustBundle has to be called: after its signer, and no other so. */
export function checkBundleName(name: string, signerName: string): readonly string[] {
  if (signerName === '')
    return name.includes(':') ? ['ClusterTrustBundle without signer name must not have ":" in its name'] : checkDns1123Subdomain(name)
  const prefix = `${signerName.replaceAll('/', ':')}:`
  return name.startsWith(prefix)
    ? checkDns1123Subdomain(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`]
}
