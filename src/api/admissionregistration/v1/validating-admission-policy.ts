import { policyColumns } from '#api/admissionregistration/v1/columns.ts'
import { paramKindPermissions } from '#api/admissionregistration/v1/param-permissions.ts'
import { warnOfStaticName } from '#api/admissionregistration/v1/static-suffix.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import { validatePolicyStatus, validateValidatingPolicy } from '#api/admissionregistration/v1/validate-policies.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const ValidatingAdmissionPolicy = kind(
  types.ValidatingAdmissionPolicy,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingAdmissionPolicy',
    plural: 'validatingadmissionpolicies',
    singular: 'validatingadmissionpolicy',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: policyColumns<types.ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec.validations?.length ?? 0),
    subresources: {
      status: statusOf<types.ValidatingAdmissionPolicy>({ take: takeStatus, validateUpdate: validatePolicyStatus, checksMetadata: 'none' }),
    },
  },
  {
    generation: true,
    prepareCreate: (policy) => ({ ...policy, status: {} }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: (policy) => validateValidatingPolicy(policy),
    permissions: paramKindPermissions,
    checksMetadata: 'content',
    plainFinalizers: true,
    validateUpdate: validateValidatingPolicy,
    requiresResourceVersion: true,
    warnings: warnOfStaticName,
  },
)
export type ValidatingAdmissionPolicy = Of<typeof ValidatingAdmissionPolicy>
