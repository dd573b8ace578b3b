import type { Pod } from '#api/core/v1/pod.ts'
import { podTitle } from '../pod/names.ts'

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
export const podDns = (pod: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig => withinLimits(composed(pod, cluster, node))

/** What was left out of it, and what it lacks, as the reference tells it in events. */
export function podDnsWarnings(
  pod: Pod,
  cluster: ClusterDns,
  node: DnsConfig,
): { readonly reason: 'DNSConfigForming' | 'MissingClusterDNS'; readonly message: string }[] {
  const wanted = composed(pod, cluster, node)
  const { servers, searches } = withinLimits(wanted)
  const lacking = `kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.`
  const omitted = (limits: string, what: string, kind: string, line: readonly string[]) => ({
    reason: 'DNSConfigForming' as const,
    message: `${limits} limits were exceeded, some ${what} have been omitted, the applied ${kind} line is: ${line.join(' ')}`,
  })
  return [
    ...(isOfCluster(pod) && cluster.servers.length === 0
      ? [{ reason: 'MissingClusterDNS' as const, message: `pod: "${podTitle(pod)}". ${lacking}` }]
      : []),
    ...(servers.length < wanted.servers.length ? [omitted('Nameserver', 'nameservers', 'nameserver', servers)] : []),
    ...(searches.length < wanted.searches.length ? [omitted('Search Line', 'search paths', 'search', searches)] : []),
  ]
}

const isOfCluster = ({ spec: { dnsPolicy = 'ClusterFirst', hostNetwork } }: Pod): boolean =>
  dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)

function composed(pod: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig {
  const { dnsPolicy, dnsConfig } = pod.spec
  const basis =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : isOfCluster(pod) && cluster.servers.length > 0
        ? { servers: cluster.servers, searches: clusterSearches(pod, cluster, node), options: ['ndots:5'] }
        : node
  const options = (dnsConfig?.options ?? []).map(({ name = '', value }) => (value ? `${name}:${value}` : name))
  return {
    servers: unique([...basis.servers, ...(dnsConfig?.nameservers ?? [])]),
    searches: unique([...basis.searches, ...(dnsConfig?.searches ?? [])]),
    options: merged(basis.options, options),
  }
}

/** Resolvers take no more; some abort on a name that is longer than any can be. */
function withinLimits({ servers, searches, options }: DnsConfig): DnsConfig {
  const fitting = searches.slice(0, SEARCHES_MAX).filter(({ length }) => length <= SEARCH_LENGTH_MAX)
  while (fitting.join(' ').length > SEARCHES_LENGTH_MAX) fitting.pop()
  return { servers: servers.slice(0, SERVERS_MAX), searches: fitting, options }
}

/** resolv.conf(5) ignores more servers; the reference refuses more search domains. */
const SERVERS_MAX = 3
const SEARCHES_MAX = 32
const SEARCHES_LENGTH_MAX = 2048
const SEARCH_LENGTH_MAX = 253

const clusterSearches = ({ metadata }: Pod, { domain }: ClusterDns, node: DnsConfig): readonly string[] =>
  domain === '' ? node.searches : unique([`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...node.searches])

const unique = (values: readonly string[]): string[] => [...new Set(values)]

/** An option replaces an earlier one of the same name. */
function merged(basis: readonly string[], own: readonly string[]): string[] {
  const nameOf = (option: string) => option.split(':')[0]!
  const all = [...basis, ...own]
  return all.filter((option, index) => !all.slice(index + 1).some((later) => nameOf(later) === nameOf(option)))
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
    // The root alone is how systemd-resolved says that there is none, and musl's resolver takes it for a domain.
    if (word === 'search') searches = unique(rest.filter((domain) => domain !== '.').map((domain) => domain.replace(/\.$/, '')))
    if (word === 'options') options = merged(options, rest)
  }
  return { servers, searches, options }
}
