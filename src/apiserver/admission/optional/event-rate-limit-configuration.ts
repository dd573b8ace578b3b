import type { Cause } from '#lib/errors.ts'
import { type ConfigurationForms, readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { field, int32, list, message, type Of, string } from '#schema/schema.ts'
import { invalid, notSupported } from '#schema/validate.ts'
import type { EventLimit } from './event-rate-limit.ts'

/** `Configuration` of eventratelimit.admission.k8s.io/v1alpha1, as data; no protobuf form exists, the numbers only order the fields. */
const Configuration = message('eventratelimit.v1alpha1.Configuration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  limits: field(
    1,
    list(
      message('eventratelimit.v1alpha1.Limit', {
        type: field(1, string(), { always: true }),
        qps: field(2, int32(), { always: true }),
        burst: field(3, int32(), { always: true }),
        cacheSize: field(4, int32()),
      }),
    ),
  ),
})
type Configuration = Of<typeof Configuration>

const forms: ConfigurationForms['forms'] = [{ apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration' }]
const types = ['Server', 'Namespace', 'User', 'SourceAndObject']

/** What EventRateLimit is to hold to. Errors: `Invalid`, with all that is wrong; also without any limit, since that would be no limit at all. */
export function readEventLimits(text: string | undefined): readonly EventLimit[] {
  const { limits = [] } =
    text === undefined ? {} : (readConfiguration(Configuration, 'Configuration', text, { forms, isLenient: true }) as Configuration)
  refuseConfiguration(limits.length === 0 ? [invalid('limits', null, 'must not be empty')] : limits.flatMap(validateLimit))
  return limits.map(({ cacheSize, ...limit }) => ({ ...limit, ...(cacheSize && { cacheSize }) }) as EventLimit)
}

function validateLimit({ type, qps, burst, cacheSize = 0 }: NonNullable<Configuration['limits']>[number], position: number): Cause[] {
  const at = `limits[${position}]`
  return [
    ...(types.includes(type) ? [] : [notSupported(`${at}.type`, type, types)]),
    ...(burst > 0 ? [] : [invalid(`${at}.burst`, burst, 'must be positive')]),
    ...(qps > 0 ? [] : [invalid(`${at}.qps`, qps, 'must be positive')]),
    // There is one server only: nothing to remember.
    ...(type === 'Server' || cacheSize >= 0 ? [] : [invalid(`${at}.cacheSize`, cacheSize, 'must not be negative')]),
  ]
}
