import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { formatDurationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { Image, RegistryAuth, Runtime, SandboxConfig } from '../runtime.ts'
import { credentialsFor } from './credentials.ts'
import { fullImageName } from './image-name.ts'

export interface ImageRequest {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly sandbox: SandboxConfig
  readonly secrets: () => Promise<readonly Secret[]>
  /** Events about the container. */
  readonly tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

/** `retryAt` and `backOffAt` only for what trying again may cure. */
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
 * Brings images in by their pull policy. One image is pulled once at a time, whoever asks; a failed pull is tried again after 10 s, doubling
 * to 5 min, counted for each pod and image.
 */
export interface ImagePuller {
  ensure(request: ImageRequest): Promise<ImageResult>
  /** The pod is gone: its back-offs with it. */
  forget(podUid: string): void
}

export function createImagePuller({ runtime, clock }: { readonly runtime: Runtime; readonly clock: Clock }): ImagePuller {
  const pulls = new Map<string, Promise<string>>()
  const delays = new Map<string, number>()

  async function ensure({ pod, container, sandbox, secrets, tell }: ImageRequest): Promise<ImageResult> {
    const requested = container.image ?? ''
    const failed = (reason: string, message: string, delayMs: number): ImageResult => {
      tell('Warning', 'Failed', `Error: ${reason}`)
      const now = clock.now()
      return { state: 'failed', reason, message, image: requested, failedAt: now, backOffAt: now + SHOW_ERROR_MS, retryAt: now + delayMs }
    }
    let name: string
    try {
      name = fullImageName(requested)
    } catch (error) {
      const message = `Failed to apply default image tag "${requested}": ${messageOf(error)}`
      tell('Warning', 'InspectFailed', message)
      return failed('InvalidImageName', message, Infinity)
    }

    const policy = container.imagePullPolicy ?? (/(:latest|\/[^:@]*)$/.test(name) ? 'Always' : 'IfNotPresent')
    if (policy !== 'Always') {
      let present: Image | undefined
      try {
        present = await runtime.imageStatus(name)
      } catch (error) {
        const message = `Failed to inspect image "${requested}": ${messageOf(error)}`
        tell('Warning', 'InspectFailed', message)
        return failed('ImageInspectError', message, INITIAL_DELAY_MS)
      }
      if (present !== undefined) {
        tell('Normal', 'Pulled', `Container image "${requested}" already present on machine and can be accessed by the pod`)
        return { state: 'present', image: present }
      }
      if (policy === 'Never') {
        const message = `Container image "${requested}" is not present with pull policy of Never`
        tell('Warning', 'ErrImageNeverPull', message)
        return failed('ErrImageNeverPull', message, INITIAL_DELAY_MS)
      }
    }

    const key = `${pod.metadata.uid}_${requested}`
    const askedAt = clock.now()
    tell('Normal', 'Pulling', `Pulling image "${requested}"`)
    try {
      // A pull of the same image that another pod waits for serves this one too, unless it has credentials of its own to try.
      const auths = credentialsFor(name, await secrets())
      const startedAt = clock.now()
      await (auths.length > 0 ? pull(name, auths, sandbox) : shared(name, sandbox))
      const image = await runtime.imageStatus(name)
      if (image === undefined) throw new WherryError('InternalError', `image ${name} was pulled, but the runtime does not know it`)
      delays.delete(key)
      const now = clock.now()
      const times = `${formatDurationMs(now - startedAt)} (${formatDurationMs(now - askedAt)} including waiting)`
      tell('Normal', 'Pulled', `Successfully pulled image "${requested}" in ${times}. Image size: ${image.sizeBytes} bytes.`)
      return { state: 'present', image }
    } catch (error) {
      const delayMs = Math.min(delays.get(key) ?? INITIAL_DELAY_MS, MAX_DELAY_MS)
      delays.set(key, delayMs * 2)
      const message = messageOf(error)
      tell('Warning', 'Failed', `Failed to pull image "${requested}": ${message}`)
      const { reason, text } = classified(requested, message)
      const now = clock.now()
      tell('Warning', 'Failed', `Error: ${reason}`)
      return {
        state: 'failed',
        reason,
        message: text,
        image: requested,
        failedAt: now,
        backOffAt: now + SHOW_ERROR_MS,
        retryAt: now + delayMs,
      }
    }
  }

  function shared(name: string, sandbox: SandboxConfig): Promise<string> {
    const running = pulls.get(name)
    if (running !== undefined) return running
    const started = runtime.pullImage(name, undefined, sandbox).finally(() => pulls.delete(name))
    pulls.set(name, started)
    return started
  }

  /** Each credential in turn; the last refusal counts. */
  async function pull(name: string, auths: readonly RegistryAuth[], sandbox: SandboxConfig): Promise<string> {
    const errors: unknown[] = []
    for (const auth of auths)
      try {
        return await runtime.pullImage(name, auth, sandbox)
      } catch (error) {
        errors.push(error)
      }
    throw errors.at(-1)
  }

  return {
    ensure,
    forget(podUid) {
      for (const key of delays.keys()) if (key.startsWith(`${podUid}_`)) delays.delete(key)
    },
  }
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
