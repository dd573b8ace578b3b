import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { formatDurationMs } from '#lib/duration.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { createTokenBucket, type Rate } from '#lib/token-bucket.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { Image, Runtime, SandboxConfig } from '../runtime.ts'
import { credentialsFor, type TrackedAuth } from './credentials.ts'
import { fullImageName } from './image-name.ts'
import type { MustPull, PullRecords } from './pull-records.ts'
import { createTurns } from './turns.ts'

export interface ImageRequest {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly sandbox: SandboxConfig
  readonly secrets: () => Promise<readonly Secret[]>
  /** Events about the container. */
  readonly tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

/** `retryAt` only for what trying again may cure, `backOffAt` only for pulls: else never. */
export type ImageResult =
  | { readonly state: 'present'; readonly image: Image }
  | {
      readonly state: 'failed'
      readonly reason: string
      readonly message: string
      readonly image: string
      readonly failedAt: Instant
      readonly backOffAt: Instant
      readonly retryAt: Instant
    }

/**
 * Brings images in by their pull policy. What no credentials are needed for is pulled once at a time, whoever asks; a failed pull is tried
 * again after 10 s, doubling to 5 min, counted for each pod and image.
 */
export interface ImagePuller {
  ensure(request: ImageRequest): Promise<ImageResult>
  /** The pod is gone: its back-offs with it. */
  forget(podUid: string): void
}

export interface ImagePullerOptions {
  readonly runtime: Runtime
  readonly clock: Clock
  /** Pulls at one time; the others wait for their turn. Absent: any number. */
  readonly maxParallelPulls?: number
  /** Pulls that are begun; the others wait for their turn. Absent: as fast as they come. */
  readonly rate?: Rate
  /** Absent: an image that is there may be used by every pod. */
  readonly records?: PullRecords
  /** What the node itself knows of registries and may use for this pod, after the pod's own secrets: its programs and files. */
  readonly nodeCredentials?: (image: string, pod: Pod) => Promise<readonly TrackedAuth[]>
  readonly observer?: ImageObserver
}

/** Hears of what became of each request, for metrics. */
export interface ImageObserver {
  /** Undefined: not known, since the policy did not ask, or asking failed. */
  ensured(policy: string, isPresent: boolean | undefined, isPullRequired: boolean | undefined): void
  verified(reason: MustPull['reason']): void
  pulled(sizeBytes: number, tookMs: number): void
}

export function createImagePuller(options: ImagePullerOptions): ImagePuller {
  const { runtime, clock, records, observer } = options
  const turns = createTurns(options.maxParallelPulls ?? Infinity)
  const bucket = options.rate && createTokenBucket(options.rate, clock)
  const pulls = new Map<string, Promise<Pulled>>()
  const delays = new Map<string, number>()

  async function ensure(request: ImageRequest): Promise<ImageResult> {
    const { pod, container, tell } = request
    const requested = container.image ?? ''
    const policy = policyOf(container)
    let isPresent: boolean | undefined
    let isPullRequired: boolean | undefined

    const failed = (reason: string, message: string, delayMs: number, showMs = Infinity): ImageResult => {
      tell('Warning', 'Failed', `Error: ${reason}`)
      const now = clock.now()
      return { state: 'failed', reason, message, image: requested, failedAt: now, backOffAt: now + showMs, retryAt: now + delayMs }
    }
    // Whether the image is absent or only closed to this pod is nobody's business.
    const neverPulled = (): ImageResult => {
      const message = `Container image "${requested}" is not present with pull policy of Never`
      tell('Warning', 'ErrImageNeverPull', message)
      return failed('ErrImageNeverPull', message, INITIAL_DELAY_MS)
    }

    async function decide(): Promise<ImageResult> {
      let name: string
      try {
        name = fullImageName(requested)
      } catch (error) {
        const message = `Failed to apply default image tag "${requested}": ${messageOf(error)}`
        tell('Warning', 'InspectFailed', message)
        return failed('InvalidImageName', message, Infinity)
      }
      let found: readonly TrackedAuth[] | undefined
      const credentials = async () => (found ??= await credentialsOf(request, name))

      if (policy !== 'Always') {
        let present: Image | undefined
        try {
          present = await runtime.imageStatus(name)
        } catch (error) {
          const message = `Failed to inspect image "${requested}": ${messageOf(error)}`
          tell('Warning', 'InspectFailed', message)
          return failed('ImageInspectError', message, INITIAL_DELAY_MS)
        }
        isPresent = present !== undefined
        if (present !== undefined) {
          const verdict = await records?.mustPull(requested, present.id, credentials)
          if (verdict !== undefined) observer?.verified(verdict.reason)
          isPullRequired = verdict?.pull ?? false
          if (!isPullRequired) {
            tell('Normal', 'Pulled', `Container image "${requested}" already present on machine and can be accessed by the pod`)
            return { state: 'present', image: present }
          }
        }
        if (policy === 'Never') return neverPulled()
      }

      isPullRequired = true
      const key = `${pod.metadata.uid}_${requested}`
      const askedAt = clock.now()
      try {
        const auths = await credentials()
        await records?.begin(requested)
        tell('Normal', 'Pulling', `Pulling image "${requested}"`)
        let pulled: Pulled
        try {
          pulled = await (auths.length > 0 ? pull(name, auths, request.sandbox) : shared(name, request.sandbox))
        } catch (error) {
          await records?.failed(requested)
          throw error
        }
        const { image, tookMs } = pulled
        await records?.pulled(requested, image.id, pulled.auth)
        delays.delete(key)
        const waitedMs = clock.now() - askedAt
        observer?.pulled(image.sizeBytes, waitedMs)
        const times = `${formatDurationMs(Math.floor(tookMs))} (${formatDurationMs(Math.floor(waitedMs))} including waiting)`
        tell('Normal', 'Pulled', `Successfully pulled image "${requested}" in ${times}. Image size: ${image.sizeBytes} bytes.`)
        return { state: 'present', image }
      } catch (error) {
        const delayMs = Math.min(delays.get(key) ?? INITIAL_DELAY_MS, MAX_DELAY_MS)
        delays.set(key, delayMs * 2)
        const message = messageOf(error)
        tell('Warning', 'Failed', `Failed to pull image "${requested}": ${message}`)
        const { reason, text } = classified(requested, message)
        return failed(reason, text, delayMs, SHOW_ERROR_MS)
      }
    }

    try {
      return await decide()
    } finally {
      observer?.ensured(policy, isPresent, isPullRequired)
    }
  }

  /** Of the pod's secrets, then what the node has. A provider that fails is left out: the image may not need it. */
  async function credentialsOf({ pod, secrets }: ImageRequest, name: string): Promise<readonly TrackedAuth[]> {
    const ofPod = credentialsFor(name, await secrets())
    return [...ofPod, ...((await options.nodeCredentials?.(name, pod)) ?? [])]
  }

  /** A pull of the same image that another pod waits for serves this one too. */
  function shared(name: string, sandbox: SandboxConfig): Promise<Pulled> {
    const running = pulls.get(name)
    if (running !== undefined) return running
    const started = pull(name, [undefined], sandbox).finally(() => pulls.delete(name))
    pulls.set(name, started)
    return started
  }

  /** Each of the credentials in turn, until one opens the registry. */
  const pull = (name: string, auths: readonly (TrackedAuth | undefined)[], sandbox: SandboxConfig): Promise<Pulled> =>
    turns.take(async () => {
      const startedAt = clock.now()
      const errors: unknown[] = []
      for (const tracked of auths)
        try {
          await bucket?.taken()
          await runtime.pullImage(name, tracked?.auth, sandbox)
          const image = await runtime.imageStatus(name)
          if (image === undefined) throw new WherryError('InternalError', `image ${name} was pulled, but the runtime does not know it`)
          return { image, auth: tracked, tookMs: clock.now() - startedAt }
        } catch (error) {
          // A runtime that is away refused nothing: asking it again at once with other credentials would say the same.
          if (isError(error, 'ServiceUnavailable')) throw error
          errors.push(error)
        }
      throw joined(errors)
    })

  return {
    ensure,
    forget(podUid) {
      for (const key of delays.keys()) if (key.startsWith(`${podUid}_`)) delays.delete(key)
    },
  }
}

/** `auth`: the credentials that opened the registry. */
interface Pulled {
  readonly image: Image
  readonly auth: TrackedAuth | undefined
  readonly tookMs: number
}

/** The API server fills it in; objects from elsewhere (static pods) may lack it. */
const policyOf = ({ image = '', imagePullPolicy }: AnyContainer): string =>
  imagePullPolicy ?? (/(:latest|(^|\/)[^:@/]*)$/.test(image) ? 'Always' : 'IfNotPresent')

/** One error as it is; several different ones as the reference lists them. */
function joined(errors: readonly unknown[]): unknown {
  const messages = [...new Set(errors.map(messageOf))]
  return messages.length < 2 ? errors[0] : new WherryError('InternalError', `[${messages.join(', ')}]`, { cause: errors.at(-1) })
}

const INITIAL_DELAY_MS = 10_000
const MAX_DELAY_MS = 300_000
/** How long the pull's own error is shown before the reason becomes ImagePullBackOff: long enough for a watcher to see it. */
const SHOW_ERROR_MS = 2_000

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Errors that the runtime marks by their first word (CRI's error types) get a reason of their own. */
function classified(image: string, message: string): { readonly reason: string; readonly text: string } {
  for (const [reason, why] of Object.entries(marked))
    if (message.startsWith(reason)) return { reason, text: `image pull failed for ${image} because ${why}${message.slice(reason.length)}` }
  return { reason: 'ErrImagePull', text: message }
}

const marked = {
  RegistryUnavailable: 'the registry is unavailable',
  SignatureValidationFailed: 'the signature validation failed',
} as const
