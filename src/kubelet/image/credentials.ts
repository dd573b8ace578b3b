import type { Secret } from '#api/core/v1/secret.ts'
import type { RegistryAuth } from '../runtime.ts'
import { parseImageName } from './image-name.ts'

/**
 * The credentials that a pod's pull secrets hold for an image, best match first (Kubernetes documentation, "Pull an Image from a Private
 * Registry"): entries name a registry, may hold `*` for one part of its host and a path that the repository has to begin with.
 */
export function credentialsFor(image: string, secrets: readonly Secret[]): RegistryAuth[] {
  const { registry, repository } = parseImageName(image)
  const found: { readonly path: string; readonly auth: RegistryAuth }[] = []
  for (const secret of secrets)
    for (const [server, entry] of Object.entries(entriesOf(secret))) {
      const { host, path } = split(server)
      if (!matches(host, registry) || !`${repository}/`.startsWith(path)) continue
      found.push({ path, auth: authOf(entry, server) })
    }
  return found.toSorted((a, b) => b.path.length - a.path.length).map(({ auth }) => auth)
}

interface Entry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/** Both forms of the secret: `.dockerconfigjson` and the older `.dockercfg`. One that cannot be read holds nothing. */
function entriesOf({ type, data }: Secret): Readonly<Record<string, Entry>> {
  const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson'
  const text = data?.[key]
  if (text === undefined) return {}
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    const entries = key === '.dockercfg' ? parsed : (parsed as { auths?: unknown } | null)?.auths
    return typeof entries === 'object' && entries !== null ? (entries as Record<string, Entry>) : {}
  } catch {
    // The API server validates these; one that slipped through must not keep a public image from being pulled.
    return {}
  }
}

function split(server: string): { readonly host: string; readonly path: string } {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '')
  const slash = bare.indexOf('/')
  const host = slash < 0 ? bare : bare.slice(0, slash)
  const path = slash < 0 ? '' : bare.slice(slash + 1).replace(/\/*$/, '/')
  return { host: dockerHub.has(host) ? 'docker.io' : host, path: path === '/' ? '' : path }
}

const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

function matches(pattern: string, host: string): boolean {
  const parts = pattern.split('.')
  const actual = host.split('.')
  return parts.length === actual.length && parts.every((part, index) => glob(part).test(actual[index]!))
}

const glob = (part: string): RegExp => new RegExp(`^${part.replace(/[\\^$+?()[\]{}|]/g, '\\$&').replaceAll('*', '.*')}$`)

function authOf(entry: Entry, serverAddress: string): RegistryAuth {
  const [name, ...rest] = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8').split(':') : []
  const username = entry.username ?? name
  const password = entry.password ?? (name === undefined ? undefined : rest.join(':'))
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(entry.identitytoken && { identityToken: entry.identitytoken }),
    ...(entry.registrytoken && { registryToken: entry.registrytoken }),
    serverAddress,
  }
}
