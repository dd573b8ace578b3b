import { bindingColumns } from '#api/admissionregistration/v1/columns.ts'
import { MutatingAdmissionPolicy } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { paramRefPermissions } from '#api/admissionregistration/v1/param-permissions.ts'
import { warnOfStaticName } from '#api/admissionregistration/v1/static-suffix.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import { validateMutatingBinding } from '#api/admissionregistration/v1/validate-bindings.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const MutatingAdmissionPolicyBinding = kind(
  types.MutatingAdmissionPolicyBinding,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'MutatingAdmissionPolicyBinding',
    plural: 'mutatingadmissionpolicybindings',
    singular: 'mutatingadmissionpolicybinding',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: bindingColumns,
  },
  {
    generation: true,
    validate: validateMutatingBinding,
    permissions: paramRefPermissions(MutatingAdmissionPolicy, {
      undecided: (error) => error,
      // The reference says it the wrong way round.
      refused: (user, verb) => `user ${verb} does not have "${user}" permission on the object referenced by paramRef`,
    }),
    checksMetadata: 'content',
    plainFinalizers: true,
    validateUpdate: validateMutatingBinding,
    requiresResourceVersion: true,
    warnings: warnOfStaticName,
  },
)
export type MutatingAdmissionPolicyBinding = Of<typeof MutatingAdmissionPolicyBinding>
