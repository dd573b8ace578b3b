import type { PodSpec } from '#api/core/v1/types.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { AdmissionPlugin } from '../../contract.ts'
import type { Outbound, OutboundOptions } from '../../outbound.ts'
import { refusal } from '../refusal.ts'

export interface ImagePolicyOptions {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly url: string
  readonly connection: Omit<OutboundOptions, 'timeoutMs'>
  /** How long an answer is kept. */
  readonly allowTtlMs: number
  readonly denyTtlMs: number
  readonly retryBackoffMs: number
  /** What happens to pods while the backend does not answer. */
  readonly defaultAllow: boolean
}

interface Verdict {
  readonly allowed?: boolean
  readonly reason?: string
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** Asks a backend (imagepolicy.k8s.io/v1alpha1 ImageReview) whether the images of a pod may run. */
export function imagePolicyWebhook(options: ImagePolicyOptions): AdmissionPlugin {
  const known = new Map<string, { readonly verdict: Verdict; readonly until: number }>()
  return {
    name: 'ImagePolicyWebhook',
    resources: ['pods'],
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      const { attributes, object, annotate } = admission
      if (attributes.subresource !== '' && attributes.subresource !== 'ephemeralcontainers') return
      const { spec } = object as unknown as { readonly spec: PodSpec }
      const containers =
        attributes.subresource === '' ? [...spec.containers, ...(spec.initContainers ?? [])] : (spec.ephemeralContainers ?? [])
      const marked = Object.entries(object!.metadata.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'))
      const question = JSON.stringify({
        ...(containers.length > 0 && { containers: containers.map(({ image }) => ({ image })) }),
        ...(marked.length > 0 && { annotations: Object.fromEntries(marked) }),
        namespace: attributes.namespace,
      })
      let verdict = remembered(known, question, options.clock.now())
      if (verdict === undefined) {
        try {
          verdict = await ask(options, question)
        } catch (error) {
          if (!(error instanceof WherryError)) throw error
          if (!options.defaultAllow) throw refusal(admission, error.message)
          annotate(`${prefix}failed-open`, 'true')
          return
        }
        const ttlMs = verdict.allowed === true ? options.allowTtlMs : options.denyTtlMs
        if (known.size >= knownMax) known.delete(known.keys().next().value!)
        known.set(question, { verdict, until: options.clock.now() + ttlMs })
      }
      for (const [key, value] of Object.entries(verdict.auditAnnotations ?? {})) annotate(prefix + key, value)
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
const apiVersion = 'imagepolicy.k8s.io/v1alpha1'
// The reference's defaults for webhooks of this sort.
const triesMax = 5
const timeoutMs = 30_000

function remembered(
  known: Map<string, { readonly verdict: Verdict; readonly until: number }>,
  question: string,
  now: number,
): Verdict | undefined {
  const found = known.get(question)
  if (found === undefined) return undefined
  if (found.until > now) return found.verdict
  known.delete(question)
  return undefined
}

async function ask({ outbound, clock, url, connection, retryBackoffMs }: ImagePolicyOptions, question: string): Promise<Verdict> {
  const body = Buffer.from(
    `{"kind":"ImageReview","apiVersion":"${apiVersion}","metadata":{},"spec":${question},"status":{"allowed":false}}`,
  )
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { status, body: answer } = await outbound(
        { url },
        { ...connection, timeoutMs },
        { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body },
      )
      if (status >= 200 && status < 300) return (JSON.parse(Buffer.from(answer).toString()) as { readonly status?: Verdict }).status ?? {}
      throw new WherryError(status >= 500 ? 'ServiceUnavailable' : 'BadRequest', `Error contacting webhook: ${status}`)
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new WherryError('ServiceUnavailable', `the image policy backend sent no JSON: ${error.message}`)
      const isPassing = error instanceof WherryError && (error.code === 'ServiceUnavailable' || error.code === 'Timeout')
      if (!isPassing || attempt >= triesMax) throw error
      await sleep(clock, retryBackoffMs * 1.5 ** (attempt - 1))
    }
  }
}
