import { same } from '#api/strategy.ts'
import { warnOfStaticName } from './static-suffix.ts'
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from './types.ts'
import { validateWebhooks, validateWebhooksUpdate } from './validate-webhooks.ts'

type Configuration = Pick<MutatingWebhookConfiguration | ValidatingWebhookConfiguration, 'webhooks'>

/** What holds for the configurations of both sorts of webhooks. */
export const webhookRules = {
  generation: (next: Configuration, previous: Configuration) => !same(next.webhooks, previous.webhooks),
  validate: validateWebhooks,
  checksMetadata: 'content',
  plainFinalizers: true,
  validateUpdate: validateWebhooksUpdate,
  requiresResourceVersion: true,
  warnings: warnOfStaticName,
} as const
