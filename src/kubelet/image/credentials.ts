import { createHash } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import type { RegistryAuth } from '../runtime.ts'
import { parseImageName } from './image-name.ts'

/** Credentials for a registry, and where they come from. */
export interface TrackedAuth {
  readonly auth: RegistryAuth
  /** SHA-256 of them in hex, as the reference's records have it: two with one hash are the same. */
  readonly hash: string
  /** Absent: every pod of this node may use them. */
  readonly source?: AuthSource
}

/** Whose credentials they are: of those that may read the secret, or of the pods of the service account. */
export type AuthSource = { readonly secret: Coordinates } | { readonly serviceAccount: Coordinates }

/** Names an object and no later one of the same name. */
export interface Coordinates {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/**
 * The credentials that a pod's pull secrets hold for an image, best match first (Kubernetes documentation, "Pull an Image from a Private
 * Registry"): entries name a registry, may hold `*` for one part of its host and a path that the repository has to begin with.
 */
export function credentialsFor(image: string, secrets: readonly Secret[]): TrackedAuth[] {
  const entries = secrets.flatMap((secret) => {
    const { uid, namespace = '', name } = secret.metadata
    return registryEntries(secretConfig(secret), { secret: { uid, namespace, name } })
  })
  return matching(image, entries)
}

/** What a Docker configuration holds for one registry, or for a part of it. */
export interface RegistryEntry {
  readonly host: string
  /** '' or `/path`. */
  readonly path: string
  readonly tracked: TrackedAuth
}

/** `auths` of a Docker configuration file: by registry. Entries that are none are left out. */
export function registryEntries(auths: unknown, source?: AuthSource): RegistryEntry[] {
  if (typeof auths !== 'object' || auths === null) return []
  return Object.entries(auths as Readonly<Record<string, Entry>>).flatMap(([server, entry]) => {
    if (typeof entry !== 'object' || entry === null) return []
    const auth = authOf(entry)
    return [{ ...split(server), tracked: { auth, hash: hashOf(auth), ...(source && { source }) } }]
  })
}

/** Those for this image, the most special first: names of registries in falling order, as the reference tries them. */
export function matching(image: string, entries: readonly RegistryEntry[]): TrackedAuth[] {
  const { registry, repository } = parseImageName(image)
  const key = ({ host, path }: RegistryEntry): string => `${host}${path}`
  const found = entries.filter(({ host, path }) => matchesHost(host, registry) && `/${repository}`.startsWith(path))
  return found.toSorted((a, b) => (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0)).map(({ tracked }) => tracked)
}

/** Whether an image belongs to a registry that a pattern such as `*.example.com:5000/team` names. */
export function matchesImage(pattern: string, image: string): boolean {
  const { host, path } = split(pattern)
  const { registry, repository } = parseImageName(image)
  return matchesHost(host, registry) && `/${repository}`.startsWith(path)
}

interface Entry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/** Both forms of the secret: `.dockerconfigjson` and the older `.dockercfg`. One that cannot be read holds nothing. */
function secretConfig({ type, data }: Secret): unknown {
  const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson'
  const text = data?.[key]
  if (text === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    return key === '.dockercfg' ? parsed : (parsed as { auths?: unknown } | null)?.auths
  } catch {
    // The API server validates these; one that slipped through must not keep a public image from being pulled.
    return undefined
  }
}

/** A registry as it is written in such a file: with a scheme or without, with Docker's `/v1/` behind it or a path of its own. */
function split(server: string): { readonly host: string; readonly path: string } {
  const bare = server.replace(/^https?:\/\//, '')
  const slash = bare.indexOf('/')
  const host = slash < 0 ? bare : bare.slice(0, slash)
  const path = (slash < 0 ? '' : bare.slice(slash)).replace(/^\/v[12]\//, '/')
  return { host: dockerHub.has(host) ? 'docker.io' : host, path: path === '/' ? '' : path }
}

const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/** Part by part, so that `*` stands for one part of the name; the port has to be the same. */
function matchesHost(pattern: string, host: string): boolean {
  const [parts, port] = hostParts(pattern)
  const [actual, actualPort] = hostParts(host)
  return port === actualPort && parts.length === actual.length && parts.every((part, index) => globs(part, actual[index]!))
}

function hostParts(host: string): readonly [parts: readonly string[], port: string] {
  const [, name = host, port = ''] = /^(.*):(\d+)$/.exec(host) ?? []
  return [name.split('.'), port]
}

/**
 * `*` stands for any text, `?` for one character. Both texts are a pod author's own, so no regular expression is made of them: one with many `*`
 * could keep the whole agent busy for hours.
 */
function globs(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let starAt = 0
  let i = 0
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at
      starAt = i
      at += 1
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[i])) {
      at += 1
      i += 1
    } else if (star >= 0) {
      // The last `*` takes one character more; those before it never need to.
      at = star + 1
      starAt += 1
      i = starAt
    } else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}

/** Where `auth` is given, it counts. No address goes with it: containerd would then use it for that very host alone, and for no mirror. */
function authOf(entry: Entry): RegistryAuth {
  const [name, ...rest] = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8').split(':') : []
  const username = name ?? entry.username
  const password = name === undefined ? entry.password : rest.join(':')
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(entry.identitytoken && { identityToken: entry.identitytoken }),
    ...(entry.registrytoken && { registryToken: entry.registrytoken }),
  }
}

/** Over the same text as the reference hashes, Go's JSON, so that its records and ours are the same. */
function hashOf({ username, password, identityToken, registryToken }: RegistryAuth): string {
  const known = {
    ...(username && { username }),
    ...(password && { password }),
    ...(identityToken && { identitytoken: identityToken }),
    ...(registryToken && { registrytoken: registryToken }),
  }
  const text = JSON.stringify(known).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return createHash('sha256').update(text).digest('hex')
}
