import { warnOfStaticName } from '#api/admissionregistration/v1/static-suffix.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import { validateWebhooks, validateWebhooksUpdate } from '#api/admissionregistration/v1/validate-webhooks.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const MutatingWebhookConfiguration = kind(
  types.MutatingWebhookConfiguration,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
    singular: 'mutatingwebhookconfiguration',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: [column<types.MutatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, { type: 'integer' }), age],
  },
  {
    generation: (next, previous) => !same(next.webhooks, previous.webhooks),
    validate: validateWebhooks,
    checksMetadata: 'content',
    plainFinalizers: true,
    validateUpdate: validateWebhooksUpdate,
    requiresResourceVersion: true,
    warnings: warnOfStaticName,
  },
)
export type MutatingWebhookConfiguration = Of<typeof MutatingWebhookConfiguration>
