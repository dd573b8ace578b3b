import { type Hosts, readHosts } from './hosts.ts'
import { isEncodable, isWithin, normalName } from './name.ts'
import { parseServer } from './server-address.ts'

/** What users set in ConfigMap `kube-system/kube-dns`, on top of what the cluster says by itself. */
export interface DnsSettings {
  /** Domains of which other servers know, the longest name first. */
  readonly stubDomains: readonly { readonly domain: string; readonly servers: readonly string[] }[]
  /** Who is asked for all other names; empty: the machine's own name servers. */
  readonly upstreamNameservers: readonly string[]
  /** Names with addresses of their own, before all others. */
  readonly hosts: Hosts
  /** In this order; the first that fits counts. */
  readonly rewrites: readonly Rewrite[]
}

/** A name that stands for another. A suffix begins with a dot, and then so does its target: what stands before it is kept. */
export interface Rewrite {
  readonly name: string
  readonly target: string
}

/** The settings, and what was wrong with them: the value of a wrong key stays as it was. */
export interface ReadSettings {
  readonly settings: DnsSettings
  /** Sentences for people, each naming the key. */
  readonly problems: readonly string[]
}

export const noSettings: DnsSettings = {
  stubDomains: [],
  upstreamNameservers: [],
  hosts: { byName: new Map(), byReverse: new Map() },
  rewrites: [],
}

const serversMax = 8
const stubDomainsMax = 256
const rewritesMax = 1_000

/** Reads the ConfigMap's data. A key that is absent is as it would be without the ConfigMap. */
export function readSettings(data: Readonly<Record<string, string>>, former: DnsSettings, domain: string): ReadSettings {
  const problems: string[] = []
  const read = <K extends keyof DnsSettings>(key: K, parse: (text: string) => DnsSettings[K] | string): DnsSettings[K] => {
    const text = data[key]
    if (text === undefined || text.trim() === '') return noSettings[key]
    const parsed = parse(text)
    if (typeof parsed !== 'string') return parsed
    problems.push(`${key}: ${parsed}; the former value stays`)
    return former[key]
  }
  const settings: DnsSettings = {
    stubDomains: read('stubDomains', (text) => readStubDomains(text, domain)),
    upstreamNameservers: read('upstreamNameservers', (text) => readServers(parseJson(text), 'upstreamNameservers')),
    hosts: read('hosts', readHosts),
    rewrites: read('rewrites', readRewrites),
  }
  for (const key of Object.keys(data))
    if (!Object.hasOwn(noSettings, key)) problems.push(`${key}: there is no such setting; there are ${Object.keys(noSettings).join(', ')}`)
  return { settings, problems }
}

function readStubDomains(text: string, domain: string): DnsSettings['stubDomains'] | string {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'it has to be a JSON object such as {"example.org": ["192.0.2.53"]}'
  const entries = Object.entries(value)
  if (entries.length > stubDomainsMax) return `it has ${entries.length} domains; ${stubDomainsMax} are the most`
  const stubDomains: { domain: string; servers: readonly string[] }[] = []
  for (const [written, list] of entries) {
    const name = normalName(written)
    if (name === '' || !isEncodable(name)) return `${JSON.stringify(written)} is no domain name`
    if (isWithin(domain, name))
      return `${JSON.stringify(written)} would take the cluster's own names, which end in ${domain}; name another domain`
    const servers = readServers(list, written)
    if (typeof servers === 'string') return servers
    if (servers.length === 0) return `${JSON.stringify(written)} has no servers`
    stubDomains.push({ domain: name, servers })
  }
  return stubDomains.toSorted((a, b) => b.domain.length - a.domain.length)
}

function readServers(value: unknown, of: string): readonly string[] | string {
  if (!Array.isArray(value)) return `the servers of ${of} have to be a JSON list such as ["192.0.2.53", "[2001:db8::53]:5353"]`
  if (value.length > serversMax) return `${of} has ${value.length} servers; ${serversMax} are the most`
  for (const server of value)
    if (typeof server !== 'string' || parseServer(server) === undefined)
      return `${JSON.stringify(server)} of ${of} is no address of a server, such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53`
  return [...new Set(value as string[])]
}

function readRewrites(text: string): readonly Rewrite[] | string {
  const rewrites: Rewrite[] = []
  for (const [index, written] of text.split('\n').entries()) {
    const words = written.replace(/#.*/, '').trim().split(/\s+/)
    if (words[0] === '') continue
    const line = `line ${index + 1}`
    const [name, target, ...more] = words.map(normalName)
    if (name === undefined || target === undefined || more.length > 0) return `${line} has to be "name target" or ".suffix .suffix"`
    if (name.startsWith('.') !== target.startsWith('.')) return `${line} has a name for a suffix; both begin with a dot, or neither`
    for (const word of [name, target]) if (!isEncodable(word.replace(/^\./, ''))) return `${line}: "${word}" is no domain name`
    if (name === target) return `${line} leads to itself`
    rewrites.push({ name, target })
  }
  return rewrites.length > rewritesMax ? `it has ${rewrites.length} lines; ${rewritesMax} are the most` : rewrites
}

/** For which name another stands; undefined: for itself. */
export function rewritten(name: string, rewrites: readonly Rewrite[]): string | undefined {
  for (const rewrite of rewrites) {
    if (rewrite.name === name) return rewrite.target
    if (rewrite.name.startsWith('.') && name.endsWith(rewrite.name) && name.length > rewrite.name.length)
      return name.slice(0, -rewrite.name.length) + rewrite.target
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON is none of what is asked for; who asks says what that is.
    return undefined
  }
}
