import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission } from '../../contract.ts'

/** The refusal that a webhook gave: its Status as it is, but named as the webhook's, and surely an error. */
export function rejection(webhook: string, status: Readonly<Record<string, unknown>> | undefined): WherryError {
  const {
    message = '',
    reason = '',
    code = 0,
    status: outcome,
    ...rest
  } = (status ?? {}) as {
    readonly message?: string
    readonly reason?: string
    readonly code?: number
    readonly status?: string
  }
  const denied = `admission webhook ${quote(webhook)} denied the request`
  const why = message !== '' ? `: ${message}` : reason !== '' ? `: ${reason}` : ' without explanation'
  return new WherryError('BadRequest', `${denied}${why}`, {
    status: Math.max(code, 400),
    answer: {
      ...rest,
      ...(outcome !== undefined && outcome !== '' && outcome !== 'Success' && { status: outcome }),
      ...(reason !== '' && { reason }),
    },
  })
}

/** What webhooks are configured with is not shown to them: a broken one could never be mended. */
export const isExempt = ({ attributes }: Admission): boolean =>
  attributes.group === 'admissionregistration.k8s.io' && exempt.has(attributes.resource)

const exempt: ReadonlySet<string> = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])
