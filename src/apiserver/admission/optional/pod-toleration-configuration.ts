import { Toleration } from '#api/core/v1/types.ts'
import { validateTolerations } from '#api/core/v1/validation/affinity.ts'
import { WherryError } from '#lib/errors.ts'
import { type ConfigurationForms, readConfiguration } from '#schema/read-configuration.ts'
import { field, list, message, type Of, string } from '#schema/schema.ts'
import type { PodTolerationOptions } from './pod-toleration-restriction.ts'

/** `Configuration` of podtolerationrestriction.admission.k8s.io/v1alpha1, as data; no protobuf form exists, the numbers only order the fields. */
const Configuration = message('podtolerationrestriction.v1alpha1.Configuration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  default: field(1, list(Toleration)),
  whitelist: field(2, list(Toleration)),
})
type Configuration = Of<typeof Configuration>

const forms: ConfigurationForms['forms'] = [{ apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration' }]

/** What holds for pods of namespaces that say nothing themselves; by default nothing does. Errors: `Invalid`, with all that is wrong. */
export function readPodTolerations(text: string | undefined): PodTolerationOptions {
  if (text === undefined) return {}
  const config = readConfiguration(Configuration, 'Configuration', text, { forms, isLenient: true }) as Configuration
  const causes = (['default', 'whitelist'] as const).flatMap((name) =>
    validateTolerations(config[name], `podtolerationrestriction.${name}`),
  )
  if (causes.length > 0)
    throw new WherryError('Invalid', `invalid config: [${causes.map(({ field, message }) => `${field}: ${message}`).join(' ')}]`, {
      causes,
    })
  return { ...(config.default && { default: config.default }), ...(config.whitelist && { whitelist: config.whitelist }) }
}
