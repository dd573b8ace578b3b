import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '#schema/formats.ts'
import { type ConfigurationForms, readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { field, list, message, type Of, string } from '#schema/schema.ts'
import { duplicate, invalid } from '#schema/validate.ts'
import { type Level, levels, type Mode, type Policy, type Standard, versionOf } from './policy.ts'

/** What holds where namespaces say nothing, and who is left alone. */
export interface PodSecurityConfiguration {
  readonly defaults: Policy
  readonly exemptions: Exemptions
}

/** Who is left alone: users, namespaces, and pods by the name of their RuntimeClass. */
export interface Exemptions {
  readonly usernames?: readonly string[] | undefined
  readonly namespaces?: readonly string[] | undefined
  readonly runtimeClasses?: readonly string[] | undefined
}

/** `PodSecurityConfiguration` of pod-security.admission.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const Configuration = message('podsecurity.v1.PodSecurityConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  defaults: field(
    1,
    message('podsecurity.v1.PodSecurityDefaults', {
      enforce: field(1, string()),
      'enforce-version': field(2, string()),
      audit: field(3, string()),
      'audit-version': field(4, string()),
      warn: field(5, string()),
      'warn-version': field(6, string()),
    }),
    { always: true },
  ),
  exemptions: field(
    2,
    message('podsecurity.v1.PodSecurityExemptions', {
      usernames: field(1, list(string())),
      namespaces: field(2, list(string())),
      runtimeClasses: field(3, list(string())),
    }),
    { always: true },
  ),
})
type Configuration = Of<typeof Configuration>

const forms: ConfigurationForms['forms'] = ['v1', 'v1beta1', 'v1alpha1'].map((version) => ({
  apiVersion: `pod-security.admission.config.k8s.io/${version}`,
  kind: 'PodSecurityConfiguration',
}))

/** By default everything is allowed, and nobody exempt. Errors: `Invalid`, with all that is wrong. */
export function readPodSecurity(text: string | undefined): PodSecurityConfiguration {
  if (text === undefined || text.trim() === '') return { defaults: policyFrom({}), exemptions: {} }
  const { defaults, exemptions } = readConfiguration(Configuration, 'PodSecurityConfiguration', text, { forms }) as Configuration
  const policy = policyFrom(defaults)
  refuseExemptions(exemptions)
  return { defaults: policy, exemptions }
}

function policyFrom(defaults: Partial<Configuration['defaults']>): Policy {
  const problems: string[] = []
  const standard = (mode: Mode): Standard => {
    const level = defaults[mode] || 'privileged'
    const version = versionOf(defaults[`${mode}-version`] || 'latest')
    if (!levels.includes(level)) problems.push(`${mode}: must be one of ${levels.join(', ')}`)
    if (version === undefined) problems.push(`${mode}-version: must be "latest" or "v1.x"`)
    return { level: level as Level, version: version ?? 'latest' }
  }
  // In the order in which the reference tells of what is wrong.
  const [enforce, audit, warn] = [standard('enforce'), standard('audit'), standard('warn')]
  if (problems.length > 0)
    throw new WherryError('Invalid', `PodSecurity configuration error: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`)
  return { enforce, audit, warn }
}

function refuseExemptions(exemptions: Exemptions): void {
  const each = (name: keyof Exemptions, check: (value: string) => readonly string[]): Cause[] => {
    const seen = new Set<string>()
    return (exemptions[name] ?? []).flatMap((value, position) => {
      const at = `exemptions.${name}[${position}]`
      const problems = check(value)
      if (problems.length > 0) return [invalid(at, value, problems.join(', '))]
      if (seen.has(value)) return [duplicate(at, value)]
      seen.add(value)
      return []
    })
  }
  const causes = [
    ...each('namespaces', (value) => checkDns1123Label(value)),
    ...each('runtimeClasses', (value) => checkDns1123Subdomain(value)),
    ...each('usernames', (value) => (value === '' ? ['username must not be empty'] : [])),
  ]
  refuseConfiguration(causes)
}
