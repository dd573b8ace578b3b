import type { PodSpec } from '#api/core/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { quote } from '#schema/go-text.ts'
import { createReviewWebhook } from '../../authentication/webhook/review-webhook.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { type Outbound, type OutboundResponse, outboundUrl } from '../../outbound.ts'
import { refusal } from '../refusal.ts'
import { refusalText } from '../webhook/call.ts'
import type { ImagePolicyConfiguration } from './image-policy-configuration.ts'

/** The configuration, and the ways out of this server. */
export interface ImagePolicyOptions extends ImagePolicyConfiguration {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly random: Random
}

interface Verdict {
  readonly allowed?: boolean
  readonly reason?: string
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** Asks a backend (imagepolicy.k8s.io/v1alpha1 ImageReview) whether the images of a pod may run. */
export function imagePolicyWebhook(options: ImagePolicyOptions): AdmissionPlugin {
  const { clock, allowTtlMs, denyTtlMs, defaultAllow } = options
  const ask = backend(options)
  const known = new Map<string, Known>()
  return {
    name: 'ImagePolicyWebhook',
    resources: ['pods'],
    subresources: ['', 'ephemeralcontainers'],
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      const { annotate } = admission
      const spec = questionOf(admission)
      const key = JSON.stringify(spec)
      let verdict = remembered(known, key, clock.monotonicMs())
      if (verdict === undefined) {
        try {
          verdict = await ask(spec)
        } catch (error) {
          if (isError(error, 'Forbidden') && !defaultAllow) throw error
          if (!defaultAllow) throw refusal(admission, (error as Error).message)
          annotate(`${prefix}failed-open`, 'true')
          return
        }
        const untilMs = clock.monotonicMs() + (verdict.allowed === true ? allowTtlMs : denyTtlMs)
        if (known.size >= knownMax) known.delete(known.keys().next().value!)
        known.set(key, { verdict, untilMs })
      }
      for (const [name, value] of Object.entries(verdict.auditAnnotations ?? {})) annotate(prefix + name, value)
      if (verdict.allowed === true) return
      throw refusal(
        admission,
        verdict.reason
          ? `image policy webhook backend denied one or more images: ${verdict.reason}`
          : 'one or more images rejected by webhook backend',
      )
    },
  }
}

const prefix = 'imagepolicywebhook.image-policy.k8s.io/'
const knownMax = 1024
// The reference's for webhooks that a kubeconfig names.
const timeoutMs = 30_000
const query = 'timeout=30s'

interface Known {
  readonly verdict: Verdict
  /** By what passes: a clock that is set back keeps no image allowed for hours. */
  readonly untilMs: number
}

function remembered(known: Map<string, Known>, key: string, nowMs: number): Verdict | undefined {
  const found = known.get(key)
  if (found === undefined || found.untilMs > nowMs) return found?.verdict
  known.delete(key)
  return undefined
}

/** The spec of a review: the images, and what the pod says to the backend. */
function questionOf({ attributes, object }: Admission): object {
  const { spec } = object as unknown as { readonly spec: PodSpec }
  const containers = attributes.subresource === '' ? [...spec.containers, ...(spec.initContainers ?? [])] : (spec.ephemeralContainers ?? [])
  const marked = Object.entries(object!.metadata.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'))
  return {
    ...(containers.length > 0 && { containers: containers.map(({ image }) => ({ image })) }),
    ...(marked.length > 0 && { annotations: Object.fromEntries(marked) }),
    namespace: attributes.namespace,
  }
}

/** Throws an error whose message is the reference's, where no verdict came. */
function backend({ outbound, clock, random, connection, retryBackoffMs }: ImagePolicyOptions): (spec: object) => Promise<Verdict> {
  const review = createReviewWebhook({
    outbound,
    connection,
    clock,
    random,
    timeoutMs,
    query,
    retryInitialMs: retryBackoffMs,
    problemOf,
  })
  const place = quote(outboundUrl({ url: connection.url }, query))
  return async (spec) => {
    try {
      const head = { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {} }
      return ((await review({ ...head, spec, status: { allowed: false } })).status as Verdict | undefined) ?? {}
    } catch (error) {
      // Where nobody answered, it is told whom we asked.
      throw isError(error, 'ServiceUnavailable', 'Timeout')
        ? new WherryError(error.code, `Post ${place}: ${error.message}`, { cause: error })
        : error
    }
  }
}

/** A backend that forbids us to ask refuses the write in its own words, as in the reference. */
function problemOf(answer: OutboundResponse): Error {
  const message = refusalText(answer, answer.headers['content-type'] ?? '')
  if (answer.status !== 403) return new Error(message)
  return new WherryError('Forbidden', message, { causes: [{ reason: 'UnexpectedServerResponse', message }] })
}
