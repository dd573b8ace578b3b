import { formatDurationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { bool, field, int64, message, type Of, string } from '#schema/schema.ts'
import { parseYaml } from '#schema/yaml.ts'
import { type WebhookConnection, webhookConnection } from '../../authentication/webhook/review-webhook.ts'
import type { ConfigurationMeans } from '../configuration/configuration-means.ts'

/** What ImagePolicyWebhook is told: where its backend is, and what happens around asking it. */
export interface ImagePolicyConfiguration {
  readonly connection: WebhookConnection
  /** How long an answer is kept; 0: not at all. */
  readonly allowTtlMs: number
  readonly denyTtlMs: number
  /** Before the first further try; 0: none is waited for. */
  readonly retryBackoffMs: number
  /** What happens to pods while the backend does not answer. */
  readonly defaultAllow: boolean
}

/** The file has no version: it is older than such files have one. */
const ImagePolicyFile = message('imagepolicy.AdmissionConfig', {
  imagePolicy: field(
    1,
    message('imagepolicy.imagePolicyWebhookConfig', {
      kubeConfigFile: field(1, string(), { always: true }),
      allowTTL: field(2, int64(), { always: true }),
      denyTTL: field(3, int64(), { always: true }),
      retryBackoff: field(4, int64(), { always: true }),
      defaultAllow: field(5, bool(), { always: true }),
    }),
    { always: true },
  ),
})

/** Errors: `Invalid`; also without a configuration, since there would be nobody to ask. */
export function readImagePolicy(text: string | undefined, { readFile }: ConfigurationMeans): ImagePolicyConfiguration {
  if (text === undefined) throw new WherryError('Invalid', 'no config specified')
  const { value, errors } = decode(ImagePolicyFile, parseYaml(text).value ?? {}, { strict: false })
  if (errors.length > 0) throw new WherryError('Invalid', errors[0]!)
  const { imagePolicy } = value as Of<typeof ImagePolicyFile>
  // In the reference's order, which tells of the first thing that is wrong.
  const retryBackoffMs = durationMs('retryBackoff', imagePolicy.retryBackoff, { unitMs: 1, leastMs: 1e-6, mostMs: 300_000, defaultMs: 500 })
  const ttl = { unitMs: 1000, leastMs: 1000, mostMs: 1_800_000 }
  const allowTtlMs = durationMs('allowTTL', imagePolicy.allowTTL, { ...ttl, defaultMs: 300_000 })
  const denyTtlMs = durationMs('denyTTL', imagePolicy.denyTTL, { ...ttl, defaultMs: 30_000 })
  const { kubeConfigFile, defaultAllow } = imagePolicy
  if (kubeConfigFile === '')
    throw new WherryError('Invalid', 'imagePolicy.kubeConfigFile is missing: the kubeconfig that says where the backend is')
  return {
    connection: webhookConnection(readFile(kubeConfigFile), (path) => readFile(path, kubeConfigFile)),
    allowTtlMs,
    denyTtlMs,
    retryBackoffMs,
    defaultAllow,
  }
}

interface Bounds {
  /** What one of the number is. */
  readonly unitMs: number
  readonly leastMs: number
  readonly mostMs: number
  readonly defaultMs: number
}

/** -1 turns it off, 0 leaves it to the default. */
function durationMs(name: string, value: number, { unitMs, leastMs, mostMs, defaultMs }: Bounds): number {
  if (value === -1) return 0
  if (value === 0) return defaultMs
  const ms = value * unitMs
  if (ms >= leastMs && ms <= mostMs) return ms
  const text = formatDurationMs
  throw new WherryError('Invalid', `imagePolicy.${name}: valid value is between ${text(leastMs)} and ${text(mostMs)}, got ${text(ms)}`)
}
