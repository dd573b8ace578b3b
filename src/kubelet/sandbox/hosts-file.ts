import type { HostAlias } from '#api/core/v1/types.ts'

export interface HostsFileInput {
  readonly ips: readonly string[]
  readonly hostname: string
  readonly domain: string
  readonly aliases: readonly HostAlias[]
  /** The node's own file, for a pod on the node's network; it replaces what would be made of the addresses. */
  readonly nodeFile?: string | undefined
}

/** The /etc/hosts of a pod, in the reference's exact form: tests and programs read its first line. */
export function hostsFile({ ips, hostname, domain, aliases, nodeFile }: HostsFileInput): string {
  const own = ips.map((ip) => (domain === '' ? `${ip}\t${hostname}\n` : `${ip}\t${hostname}.${domain}\t${hostname}\n`))
  const head =
    nodeFile === undefined
      ? [`# Kubernetes-managed hosts file.\n`, ...fixedLines, ...own]
      : ['# Kubernetes-managed hosts file (host network).\n', nodeFile]
  if (aliases.length === 0) return head.join('')
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`)
  return [...head, '\n# Entries added by HostAliases.\n', ...lines].join('')
}

const fixedLines = [
  '127.0.0.1\tlocalhost\n',
  '::1\tlocalhost ip6-localhost ip6-loopback\n',
  'fe00::0\tip6-localnet\n',
  'fe00::0\tip6-mcastprefix\n',
  'fe00::1\tip6-allnodes\n',
  'fe00::2\tip6-allrouters\n',
]
