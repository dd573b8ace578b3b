import { ScopedResourceSelectorRequirement } from '#api/core/v1/types.ts'
import { type ConfigurationForms, readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { field, list, message, type Of, string } from '#schema/schema.ts'
import { required } from '#schema/validate.ts'

/** `ResourceQuotaConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const Configuration = message('resourcequota.v1.Configuration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  limitedResources: field(
    1,
    list(
      message('resourcequota.v1.LimitedResource', {
        apiGroup: field(1, string()),
        resource: field(2, string(), { always: true }),
        matchContains: field(3, list(string())),
        matchScopes: field(4, list(ScopedResourceSelectorRequirement)),
      }),
    ),
  ),
})
type Configuration = Of<typeof Configuration>

/** What may only be used where a quota allows for it: names of a quota that contain a text, and objects in a scope. */
export type LimitedResource = NonNullable<Configuration['limitedResources']>[number]

const forms: ConfigurationForms['forms'] = [
  { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration' },
  { apiVersion: 'resourcequota.admission.k8s.io/v1beta1', kind: 'Configuration' },
  { apiVersion: 'resourcequota.admission.k8s.io/v1alpha1', kind: 'Configuration' },
]

/** By default everything may be used that no quota limits. Errors: `Invalid`, with all that is wrong. */
export function readLimitedResources(text: string | undefined): readonly LimitedResource[] {
  if (text === undefined) return []
  const { limitedResources = [] } = readConfiguration(Configuration, 'ResourceQuotaConfiguration', text, { forms }) as Configuration
  refuseConfiguration(
    limitedResources.flatMap(({ resource }, position) => (resource === '' ? [required(`limitedResources[${position}].resource`)] : [])),
  )
  return limitedResources
}
