import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'

/** How a pod calls itself. `domain` is '' without a subdomain; `kernel` is what `hostname` prints. */
export interface PodHostname {
  readonly name: string
  readonly domain: string
  readonly kernel: string
}

/** `spec.hostnameOverride`, `spec.hostname` or the pod's name, cut to 63 characters; with `spec.subdomain` in the cluster's domain. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { hostname, subdomain, hostnameOverride, setHostnameAsFQDN } = pod.spec
  if (hostnameOverride !== undefined) {
    const name = cut(hostnameOverride)
    return { name, domain: '', kernel: name }
  }
  const name = cut(hostname || pod.metadata.name)
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : ''
  if (!setHostnameAsFQDN || domain === '') return { name, domain, kernel: name }
  const kernel = `${name}.${domain}`
  if (kernel.length > FQDN_MAX)
    throw new WherryError(
      'Invalid',
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${kernel} is too long (${FQDN_MAX} is the max, ${kernel.length} characters requested)`,
    )
  return { name, domain, kernel }
}

/** The kernel's limit (gethostname(2)). */
const FQDN_MAX = 64
const cut = (name: string): string => (name.length <= 63 ? name : name.slice(0, 63).replace(/[-.]+$/, ''))
