import * as types from '#api/admissionregistration/v1/types.ts'
import { webhookRules } from '#api/admissionregistration/v1/webhook-rules.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const ValidatingWebhookConfiguration = kind(
  types.ValidatingWebhookConfiguration,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    singular: 'validatingwebhookconfiguration',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: [column<types.ValidatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, { type: 'integer' }), age],
  },
  webhookRules,
)
export type ValidatingWebhookConfiguration = Of<typeof ValidatingWebhookConfiguration>
