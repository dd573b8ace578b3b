import { age } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { validateAnnotations, validateLabels } from '#api/meta/v1/validate-metadata.ts'
import { defaultClaim } from '#api/resource/v1/claim-defaults.ts'
import * as types from '#api/resource/v1/types.ts'
import { validateAdminRequests } from '#api/resource/v1/validate-admin-access.ts'
import { validateDeviceClaim } from '#api/resource/v1/validate-claim.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { forbidden, immutable } from '#schema/validate.ts'

export const ResourceClaimTemplate = kind(
  types.ResourceClaimTemplate,
  {
    group: 'resource.k8s.io',
    version: 'v1',
    kind: 'ResourceClaimTemplate',
    plural: 'resourceclaimtemplates',
    singular: 'resourceclaimtemplate',
    scope: 'Namespaced',
    columns: [age],
  },
  {
    returnsDeleted: true,
    defaults: (template) => {
      const spec = defaultClaim(template.spec.spec)
      return spec === template.spec.spec ? template : { ...template, spec: { ...template.spec, spec } }
    },
    validate: (template, context) => [...validateAdminRequests(template.spec.spec.devices, context), ...validate(template)],
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...validate(next),
      ...(same(next.spec, previous.spec) ? [] : immutable('spec', shownSpec(next.spec), false)),
    ],
  },
)
export type ResourceClaimTemplate = Of<typeof ResourceClaimTemplate>

function validate({ spec }: types.ResourceClaimTemplate): Cause[] {
  return [...validateTemplateMetadata(spec.metadata, 'spec.metadata'), ...validateDeviceClaim(spec.spec.devices, 'spec.spec.devices')]
}

/** What claims made from a template can be told of their metadata: labels and annotations. */
function validateTemplateMetadata(metadata: ObjectMeta, path: string): Cause[] {
  return [
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...Object.entries(metadata).flatMap(([name, value]) =>
      name === 'annotations' || name === 'labels' || value === undefined || value === null || value === ''
        ? []
        : // The reference lowers the first letter of Go's name.
          [forbidden(`${path}.${name === 'uid' ? 'uID' : name}`, 'cannot be set')],
    ),
  ]
}

/** The specification as the reference shows its own, with the metadata's fields beside those of the claim. */
const shownSpec = ({ metadata, spec }: types.ResourceClaimTemplateSpec): unknown => ({
  ...Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null)),
  Spec: goStruct(types.ResourceClaimSpec, spec),
})
