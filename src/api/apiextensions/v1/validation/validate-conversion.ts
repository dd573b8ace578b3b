import { X509Certificate } from 'node:crypto'
import { validateWebhookClient } from '#api/validate-webhook-client.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { checkDns1035Label, child, forbidden, index, invalid, notSupported, required } from '#schema/validate.ts'
import type { CustomResourceConversion, WebhookConversion } from '../types.ts'

interface Options {
  readonly requireRecognizedReview: boolean
  readonly allowBadBundle: boolean
}

/** What is wrong with the way in which versions become one another. */
export function validateConversion(conversion: CustomResourceConversion, path: string, options: Options): Cause[] {
  const { strategy, webhook } = conversion
  const causes: Cause[] = []
  if (strategy === '') causes.push(required(child(path, 'strategy')))
  else if (strategy !== 'None' && strategy !== 'Webhook') causes.push(notSupported(child(path, 'strategy'), strategy, ['None', 'Webhook']))
  const clientPath = child(path, 'webhookClientConfig')
  const reviewsPath = child(path, 'conversionReviewVersions')
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (webhook?.clientConfig !== undefined) causes.push(forbidden(clientPath, detail))
    if ((webhook?.conversionReviewVersions?.length ?? 0) > 0) causes.push(forbidden(reviewsPath, detail))
    return causes
  }
  if (webhook?.clientConfig === undefined) causes.push(required(clientPath, 'required when strategy is set to Webhook'))
  else {
    causes.push(...validateWebhookClient(webhook.clientConfig, clientPath))
    const { caBundle } = webhook.clientConfig
    if (caBundle && !options.allowBadBundle && !isBundle(caBundle)) causes.push(invalid(child(clientPath, 'caBundle'), caBundle, badBundle))
  }
  return [...causes, ...validateReviews(webhook, reviewsPath, options.requireRecognizedReview)]
}

const badBundle = 'unable to load root certificates: unable to parse bytes as PEM block'

/** Whether the text (base64) holds certificates that can be read. An empty one holds none, and asks for none. */
export function isBundle(caBundle: string): boolean {
  const blocks = Buffer.from(caBundle, 'base64')
    .toString()
    .match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (blocks === null) return false
  try {
    for (const block of blocks) new X509Certificate(block)
    return true
  } catch {
    // Whatever the parser finds wrong, it is no certificate.
    return false
  }
}

function validateReviews(webhook: WebhookConversion | undefined, path: string, requireRecognized: boolean): Cause[] {
  const versions = webhook?.conversionReviewVersions ?? []
  if (versions.length === 0) return [required(path)]
  const isRepeated = repeats(versions)
  const causes = versions.flatMap((version, i) =>
    isRepeated[i]
      ? [invalid(index(path, i), version, 'duplicate version')]
      : checkDns1035Label(version).map((problem) => invalid(index(path, i), version, problem)),
  )
  const isRecognized = versions.some((version) => version === 'v1' || version === 'v1beta1')
  return requireRecognized && !isRecognized ? [...causes, invalid(path, versions, 'must include at least one of v1, v1beta1')] : causes
}
