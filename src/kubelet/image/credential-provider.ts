import { createHash } from 'node:crypto'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { type IssuedToken, renewalOf } from '../volumes/tokens.ts'
import type { AuthSource, TrackedAuth } from './credentials.ts'
import { matchesImage, matching, registryEntries } from './credentials.ts'
import { fullImageName, parseImageName } from './image-name.ts'

/** One entry of a CredentialProviderConfig (kubelet.config.k8s.io/v1): a program of the node that gives credentials for some registries. */
export interface CredentialProviderConfig {
  readonly name: string
  readonly apiVersion: string
  readonly matchImages: readonly string[]
  /** How long an answer is good that does not say it itself. */
  readonly defaultCacheMs: number
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly tokenAttributes?: {
    readonly serviceAccountTokenAudience: string
    readonly cacheType: 'ServiceAccount' | 'Token'
    readonly requireServiceAccount: boolean
    readonly requiredServiceAccountAnnotationKeys: readonly string[]
    readonly optionalServiceAccountAnnotationKeys: readonly string[]
  }
}

/** What the program is asked: CredentialProviderRequest (credentialprovider.kubelet.k8s.io/v1). */
export interface CredentialRequest {
  readonly image: string
  readonly serviceAccountToken?: string
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>
}

/** What it answers: CredentialProviderResponse. */
export interface CredentialResponse {
  readonly cacheKeyType: string
  /** Absent: the configuration's default; '0s': not to be kept. */
  readonly cacheDuration?: string | null
  readonly auth?: Readonly<Record<string, { readonly username?: string; readonly password?: string }>>
}

/** Runs the program once. Throws what it said, without anything of its answer: that may hold credentials. */
export type AskProvider = (provider: CredentialProviderConfig, request: CredentialRequest) => Promise<CredentialResponse>

export interface CredentialProviderOptions {
  readonly config: CredentialProviderConfig
  readonly ask: AskProvider
  readonly clock: Clock
  /** The pod's service account; for providers that want its tokens. */
  readonly serviceAccount: (
    namespace: string,
    name: string,
  ) => Promise<{ readonly uid: string; readonly annotations: Readonly<Record<string, string>> }>
  /** A token of the pod's service account for one audience, bound to the pod. */
  readonly token: (pod: Pod, audience: string) => Promise<Pick<IssuedToken, 'token' | 'issuedAt' | 'expiresAt'>>
}

/** Credentials for an image, best match first; empty for images that the provider is not for. */
export type CredentialProvider = (image: string, pod: Pod) => Promise<readonly TrackedAuth[]>

/** Asks a provider, once at a time for what is alike, and keeps its answers as long as they are good (KEP-2133, KEP-4412). */
export function createCredentialProvider({ config, ask, clock, serviceAccount, token }: CredentialProviderOptions): CredentialProvider {
  /** By what passes: a clock that is set back keeps no password for hours after it is good. */
  const answers = new Map<string, { readonly auth: CredentialResponse['auth']; readonly untilMs: number }>()
  const asking = new Map<string, Promise<CredentialResponse>>()
  /** By pod and service account. A pod shows the same token each time: where answers are kept by tokens, another one would find none. */
  const bearers = new Map<string, { readonly token: string; readonly renewMs: number }>()

  async function bearerOf(pod: Pod, accountUid: string, audience: string): Promise<string> {
    const key = JSON.stringify([pod.metadata.uid, accountUid])
    const nowMs = clock.monotonicMs()
    for (const [other, { renewMs }] of bearers) if (renewMs <= nowMs) bearers.delete(other)
    const former = bearers.get(key)
    if (former !== undefined) return former.token
    const issued = await token(pod, audience)
    if (bearers.size >= ANSWERS_MAX) bearers.delete(bearers.keys().next().value!)
    bearers.set(key, { token: issued.token, renewMs: nowMs + renewalOf(issued) - issued.issuedAt })
    return issued.token
  }

  /** Undefined: the pod is none that the provider serves. */
  async function identityOf(pod: Pod): Promise<Identity | undefined> {
    const wanted = config.tokenAttributes
    if (wanted === undefined) return anybody
    const name = pod.spec.serviceAccountName ?? ''
    if (name === '') return wanted.requireServiceAccount ? undefined : anybody
    const { namespace } = pod.metadata
    const account = await serviceAccount(namespace, name)
    const annotations: Record<string, string> = {}
    for (const key of wanted.requiredServiceAccountAnnotationKeys) {
      const value = account.annotations[key]
      // Its absence is how a workload says that it does not take part.
      if (value === undefined) return undefined
      annotations[key] = value
    }
    for (const key of wanted.optionalServiceAccountAnnotationKeys) {
      const value = account.annotations[key]
      if (value !== undefined) annotations[key] = value
    }
    const bearer = await bearerOf(pod, account.uid, wanted.serviceAccountTokenAudience)
    const parts = [namespace, name, account.uid, Object.entries(annotations).toSorted()]
    return {
      key: JSON.stringify(wanted.cacheType === 'Token' ? [...parts, digest(bearer)] : parts),
      request: { serviceAccountToken: bearer, ...(Object.keys(annotations).length > 0 && { serviceAccountAnnotations: annotations }) },
      onceKey: JSON.stringify([digest(bearer), Object.entries(annotations).toSorted()]),
      source: { serviceAccount: { uid: account.uid, namespace, name } },
    }
  }

  function kept(image: string, identity: Identity): CredentialResponse['auth'] {
    const nowMs = clock.monotonicMs()
    for (const [key, { untilMs }] of answers) if (untilMs <= nowMs) answers.delete(key)
    for (const base of [image, registryOf(image), GLOBAL]) {
      const found = answers.get(cacheKey(base, identity))
      if (found !== undefined) return found.auth ?? {}
    }
    return undefined
  }

  async function answerOf(image: string, identity: Identity): Promise<CredentialResponse['auth']> {
    const known = kept(image, identity)
    if (known !== undefined) return known
    const key = cacheKey(image, { key: identity.onceKey })
    const running = asking.get(key) ?? ask(config, { image, ...identity.request }).finally(() => asking.delete(key))
    asking.set(key, running)
    const response = await running
    const { serviceAccountToken: bearer } = identity.request
    if (
      bearer &&
      config.tokenAttributes?.cacheType !== 'Token' &&
      Object.values(response.auth ?? {}).some((one) => one.password === bearer)
    )
      throw new WherryError(
        'Invalid',
        `credential provider ${config.name} gave the service account's token back as the password, which only cacheType Token allows`,
      )
    const bases: Readonly<Record<string, string>> = { Image: image, Registry: registryOf(image), Global: GLOBAL }
    const base = bases[response.cacheKeyType]
    if (base === undefined)
      throw new WherryError('Invalid', `credential provider ${config.name} did not return a valid cacheKeyType: ${response.cacheKeyType}`)
    const goodMs = response.cacheDuration == null ? config.defaultCacheMs : durationMs(response.cacheDuration)
    if (goodMs > 0) {
      if (answers.size >= ANSWERS_MAX) answers.delete(answers.keys().next().value!)
      answers.set(cacheKey(base, identity), { auth: response.auth, untilMs: clock.monotonicMs() + goodMs })
    }
    return response.auth ?? {}
  }

  return async (requested, pod) => {
    if (!config.matchImages.some((pattern) => matchesImage(pattern, requested))) return []
    const identity = await identityOf(pod)
    if (identity === undefined) return []
    const auths = await answerOf(nameWithoutTag(requested), identity)
    return matching(requested, registryEntries(auths, identity.source))
  }
}

interface Identity {
  /** What answers are kept by. */
  readonly key: string
  /** What questions are the same by. */
  readonly onceKey: string
  readonly request: Omit<CredentialRequest, 'image'>
  readonly source?: AuthSource
}

const anybody: Identity = { key: '', onceKey: '', request: {} }
/** No image has such a name. */
const GLOBAL = '<global>'
/** One for each image and service account of a node: far more than the pods of one. */
const ANSWERS_MAX = 1000
const cacheKey = (base: string, { key }: Pick<Identity, 'key'>): string => JSON.stringify([base, key])
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const registryOf = (image: string): string => parseImageName(image).registry

/** As the reference asks: the repository's full name alone. */
function nameWithoutTag(image: string): string {
  const { registry, repository } = parseImageName(fullImageName(image))
  return `${registry}/${repository}`
}
