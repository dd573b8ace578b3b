import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { AskProvider, CredentialProviderConfig, CredentialResponse } from '#kubelet/image/credential-provider.ts'
import { type RegistryEntry, registryEntries } from '#kubelet/image/credentials.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { bounded } from './mount-table.ts'
import { isThere } from './packages.ts'

/**
 * The CredentialProviderConfig (kubelet.config.k8s.io/v1) of a file, or of all `.json`, `.yaml` and `.yml` files of a folder in order of their
 * names. Throws `Invalid` naming file and field for what the reference refuses too, and for a program that is not there.
 */
export function readCredentialProviders(path: string, programDirectory: string): CredentialProviderConfig[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.(json|ya?ml)$/.test(name))
        .toSorted()
        .map((name) => join(path, name))
    : [path]
  if (files.length === 0) throw new WherryError('Invalid', `no configuration files found in directory "${path}"`)
  const providers = files.flatMap((file) => providersOf(readFileSync(file, 'utf8'), file))
  const names = providers.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new WherryError('Invalid', `duplicate provider name "${twice}" found in configuration file(s)`)
  for (const name of names)
    if (!isThere(join(programDirectory, name)))
      throw new WherryError('NotFound', `plugin binary executable ${join(programDirectory, name)} did not exist`)
  return providers
}

/** Runs the program with the request on its standard input, at most a minute. What it says on standard error is the error's text. */
export const askProvider =
  (programDirectory: string): AskProvider =>
  async (provider, request) => {
    const { code, stdout, stderr } = await bounded(join(programDirectory, provider.name), provider.args, askMs, {
      input: JSON.stringify({ kind: 'CredentialProviderRequest', apiVersion: provider.apiVersion, ...request }),
      env: Object.fromEntries(provider.env.map(({ name, value }) => [name, value])),
      accept: failures,
    })
    // What it had answered by then may hold credentials: its standard output is never quoted.
    if (code !== 0)
      throw new WherryError('InternalError', `credential provider ${provider.name} ended with ${code}: ${stderr.trim().slice(-saidMax)}`)
    return responseOf(stdout, provider)
  }

const askMs = 60_000
const saidMax = 1024
const failures = Array.from({ length: 255 }, (_, index) => index + 1)

/**
 * Credentials that the node's own Docker configuration holds for everybody, from the places where the reference looks: `config.json` in the
 * kubelet's folder, in `.docker` of root's home and at the top of the file system. The first file that is there counts.
 * Throws `Invalid` for one that is no JSON.
 */
export function nodeDockerConfig(kubeletDirectory: string, home: string): RegistryEntry[] {
  for (const file of [join(kubeletDirectory, 'config.json'), join(home, '.docker/config.json'), '/.docker/config.json']) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      // The usual case: the node has none.
      continue
    }
    try {
      return registryEntries((JSON.parse(text) as { readonly auths?: unknown } | null)?.auths)
    } catch (cause) {
      throw new WherryError('Invalid', `${file} is no JSON: correct it or take it away`, { cause })
    }
  }
  return []
}

function responseOf(stdout: string, { name, apiVersion }: CredentialProviderConfig): CredentialResponse {
  let read: Partial<CredentialResponse & { readonly kind: string; readonly apiVersion: string }> | null
  try {
    read = JSON.parse(stdout) as typeof read
  } catch {
    // Neither the text nor the parser's words about it: both may hold credentials.
    throw new WherryError('Invalid', `error decoding credential provider plugin response from stdout of ${name}`)
  }
  if (read?.apiVersion !== apiVersion)
    throw new WherryError(
      'Invalid',
      `apiVersion from credential plugin response did not match expected apiVersion:${apiVersion}, actual apiVersion:${read?.apiVersion}`,
    )
  if (read.kind !== 'CredentialProviderResponse')
    throw new WherryError('Invalid', `failed to decode CredentialProviderResponse, unexpected Kind: "${read.kind}"`)
  return { ...read, cacheKeyType: read.cacheKeyType ?? '' }
}

const groups = ['v1', 'v1beta1', 'v1alpha1']

interface WrittenProvider {
  readonly name?: string
  readonly apiVersion?: string
  readonly matchImages?: readonly string[]
  readonly defaultCacheDuration?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly tokenAttributes?: {
    readonly serviceAccountTokenAudience?: string
    readonly cacheType?: string
    readonly requireServiceAccount?: boolean
    readonly requiredServiceAccountAnnotationKeys?: readonly string[]
    readonly optionalServiceAccountAnnotationKeys?: readonly string[]
  }
}

function providersOf(text: string, file: string): CredentialProviderConfig[] {
  const refuse = (problem: string): never => {
    throw new WherryError('Invalid', `${file}: ${problem}`)
  }
  const read = parse(text) as { kind?: string; apiVersion?: string; providers?: readonly WrittenProvider[] } | null
  if (read?.kind !== 'CredentialProviderConfig') return refuse(`failed to decode "${read?.kind ?? ''}" (wrong Kind)`)
  if (!groups.some((version) => read.apiVersion === `kubelet.config.k8s.io/${version}`))
    return refuse(`apiVersion: Unsupported value: "${read.apiVersion}": supported is kubelet.config.k8s.io/v1`)
  const { providers = [] } = read
  if (providers.length === 0) return refuse('providers: Required value: at least 1 item in plugins is required')
  return providers.map((one) => providerOf(one, (field, problem) => refuse(`providers.${field}: ${problem}`)))
}

function providerOf(one: WrittenProvider, refuse: (field: string, problem: string) => never): CredentialProviderConfig {
  const { name = '', apiVersion = '', matchImages = [], defaultCacheDuration } = one
  if (/[/ ]/.test(name) || name === '.' || name === '..' || name === '')
    refuse('name', `Invalid value: "${name}": provider name cannot be empty, '.' or '..', and cannot contain '/' or spaces`)
  if (!groups.some((version) => apiVersion === `credentialprovider.kubelet.k8s.io/${version}`))
    refuse('apiVersion', `Unsupported value: "${apiVersion}": supported values: "credentialprovider.kubelet.k8s.io/v1"`)
  if (matchImages.length === 0) refuse('matchImages', 'Required value: at least 1 item in matchImages is required')
  if (defaultCacheDuration === undefined) return refuse('defaultCacheDuration', 'Required value')
  const defaultCacheMs = durationMs(defaultCacheDuration)
  if (defaultCacheMs < 0) refuse('defaultCacheDuration', `Invalid value: "${defaultCacheDuration}": must be greater than or equal to 0`)
  const tokenAttributes = one.tokenAttributes && tokenAttributesOf(one.tokenAttributes, apiVersion, refuse)
  return {
    name,
    apiVersion,
    matchImages,
    defaultCacheMs,
    args: one.args ?? [],
    env: one.env ?? [],
    ...(tokenAttributes && { tokenAttributes }),
  }
}

function tokenAttributesOf(
  from: NonNullable<WrittenProvider['tokenAttributes']>,
  apiVersion: string,
  refuse: (field: string, problem: string) => never,
): NonNullable<CredentialProviderConfig['tokenAttributes']> {
  const at = (field: string) => `tokenAttributes.${field}`
  const { serviceAccountTokenAudience = '', requireServiceAccount, cacheType } = from
  const required = from.requiredServiceAccountAnnotationKeys ?? []
  const optional = from.optionalServiceAccountAnnotationKeys ?? []
  if (!apiVersion.endsWith('/v1')) refuse('tokenAttributes', `Forbidden: only supported for credentialprovider.kubelet.k8s.io/v1`)
  if (serviceAccountTokenAudience === '') refuse(at('serviceAccountTokenAudience'), 'Required value')
  if (requireServiceAccount === undefined) return refuse(at('requireServiceAccount'), 'Required value')
  if (!requireServiceAccount && required.length > 0)
    refuse(
      at('requiredServiceAccountAnnotationKeys'),
      'Forbidden: requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set',
    )
  if (required.some((key) => optional.includes(key)))
    refuse('tokenAttributes', 'Invalid value: annotation keys cannot be both required and optional')
  if (cacheType !== 'ServiceAccount' && cacheType !== 'Token')
    return refuse(at('cacheType'), `Unsupported value: "${cacheType ?? ''}": supported values: "ServiceAccount", "Token"`)
  return {
    serviceAccountTokenAudience,
    cacheType,
    requireServiceAccount,
    requiredServiceAccountAnnotationKeys: required,
    optionalServiceAccountAnnotationKeys: optional,
  }
}
