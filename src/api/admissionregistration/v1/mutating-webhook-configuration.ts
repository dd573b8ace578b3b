import * as types from '#api/admissionregistration/v1/types.ts'
import { webhookRules } from '#api/admissionregistration/v1/webhook-rules.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
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
  webhookRules,
)
export type MutatingWebhookConfiguration = Of<typeof MutatingWebhookConfiguration>
