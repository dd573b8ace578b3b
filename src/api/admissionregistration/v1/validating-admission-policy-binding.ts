import { bindingColumns } from '#api/admissionregistration/v1/columns.ts'
import { paramRefPermissions } from '#api/admissionregistration/v1/param-permissions.ts'
import { warnOfStaticName } from '#api/admissionregistration/v1/static-suffix.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import { validateValidatingBinding } from '#api/admissionregistration/v1/validate-bindings.ts'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const ValidatingAdmissionPolicyBinding = kind(
  types.ValidatingAdmissionPolicyBinding,
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    singular: 'validatingadmissionpolicybinding',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: bindingColumns,
  },
  {
    generation: true,
    validate: validateValidatingBinding,
    permissions: paramRefPermissions(ValidatingAdmissionPolicy, {
      undecided: (error) => `failed to authorize request: ${error}`,
      refused: (user, verb) => `user ${user} does not have "${verb}" permission on the object referenced by paramRef`,
    }),
    checksMetadata: 'content',
    plainFinalizers: true,
    validateUpdate: validateValidatingBinding,
    requiresResourceVersion: true,
    warnings: warnOfStaticName,
  },
)
export type ValidatingAdmissionPolicyBinding = Of<typeof ValidatingAdmissionPolicyBinding>
