import { policyColumns } from '#api/admissionregistration/v1/columns.ts'
import { paramKindPermissions } from '#api/admissionregistration/v1/param-permissions.ts'
import { warnOfStaticName } from '#api/admissionregistration/v1/static-suffix.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import { validateMutatingPolicy } from '#api/admissionregistration/v1/validate-policies.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const MutatingAdmissionPolicy = kind(
  types.MutatingAdmissionPolicy,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'MutatingAdmissionPolicy',
    plural: 'mutatingadmissionpolicies',
    singular: 'mutatingadmissionpolicy',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: policyColumns<types.MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec.mutations?.length ?? 0),
  },
  {
    generation: true,
    validate: (policy) => validateMutatingPolicy(policy),
    permissions: paramKindPermissions,
    checksMetadata: 'content',
    plainFinalizers: true,
    validateUpdate: validateMutatingPolicy,
    requiresResourceVersion: true,
    warnings: warnOfStaticName,
  },
)
export type MutatingAdmissionPolicy = Of<typeof MutatingAdmissionPolicy>
