import type { Pod } from '#api/core/v1/pod.ts'

export interface DnsConfig {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface ClusterDns {
  readonly servers: readonly string[]
  readonly domain: string
}

/**
 * What a pod's /etc/resolv.conf says (Kubernetes documentation, "DNS for Services and Pods"), by its policy and its own additions. A node
 * without cluster DNS falls back to the node's own resolver.
 */
export function podDns(pod: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig } = pod.spec
  const isCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const basis =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : isCluster && cluster.servers.length > 0
        ? { servers: cluster.servers, searches: clusterSearches(pod, cluster, node), options: ['ndots:5'] }
        : node
  const options = (dnsConfig?.options ?? []).map(({ name = '', value }) => (value ? `${name}:${value}` : name))
  return {
    servers: unique([...basis.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, SERVERS_MAX),
    searches: unique([...basis.searches, ...(dnsConfig?.searches ?? [])]).slice(0, SEARCHES_MAX),
    options: merged(basis.options, options),
  }
}

/** resolv.conf(5) ignores more servers; the reference refuses more search domains. */
const SERVERS_MAX = 3
const SEARCHES_MAX = 32

const clusterSearches = ({ metadata }: Pod, { domain }: ClusterDns, node: DnsConfig): readonly string[] =>
  domain === '' ? node.searches : unique([`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...node.searches])

const unique = (values: readonly string[]): string[] => [...new Set(values)]

/** An option given by the pod replaces one of the same name. */
function merged(basis: readonly string[], own: readonly string[]): string[] {
  const nameOf = (option: string) => option.split(':')[0]!
  const names = new Set(own.map(nameOf))
  return [...basis.filter((option) => !names.has(nameOf(option))), ...own]
}

/** Reads a resolv.conf(5). */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver' && rest[0] !== undefined) servers.push(rest[0])
    if (word === 'search') searches = rest
    if (word === 'options') options = rest
  }
  return { servers, searches, options }
}
