import type { MutatingAdmissionPolicyBinding, ParamRef, ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/types.ts'
import { validateMatchResources, validateMutatingOperations } from '#api/admissionregistration/v1/validate-rules.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { checkDns1123Subdomain, duplicate, forbidden, invalid, invalidEach, oneOf, required } from '#schema/validate.ts'

/** What is wrong with a binding of a validating policy. */
export const validateValidatingBinding = ({ spec }: ValidatingAdmissionPolicyBinding): Cause[] => [
  ...validateBinding(spec),
  ...validateActions(spec.validationActions ?? [], 'spec.validationActions'),
]

/** What is wrong with a binding of a mutating policy. */
export const validateMutatingBinding = ({ spec }: MutatingAdmissionPolicyBinding): Cause[] => [
  ...validateBinding(spec),
  ...validateMutatingOperations(spec.matchResources, 'spec.matchResources'),
]

function validateBinding({ policyName = '', paramRef, matchResources }: MutatingAdmissionPolicyBinding['spec']): Cause[] {
  return [
    ...(policyName === '' ? [required('spec.policyName')] : invalidEach('spec.policyName', policyName, checkDns1123Subdomain(policyName))),
    ...validateParamRef(paramRef, 'spec.paramRef'),
    ...validateMatchResources(matchResources, 'spec.matchResources'),
  ]
}

function validateParamRef(reference: ParamRef | undefined, path: string): Cause[] {
  if (reference === undefined) return []
  const { name = '', selector, parameterNotFoundAction: action = '' } = reference
  const causes: Cause[] = []
  if (name !== '') {
    causes.push(...invalidEach(`${path}.name`, name, checkPathSegment(name)))
    if (selector !== undefined) causes.push(forbidden(`${path}.name`, exclusive))
  }
  if (selector !== undefined) {
    causes.push(...validateLabelSelector(selector, `${path}.selector`))
    if (name !== '') causes.push(forbidden(`${path}.selector`, exclusive))
  }
  if (name === '' && selector === undefined) causes.push(required(path, 'one of name or selector must be specified'))
  return [
    ...causes,
    ...(action === ''
      ? [required(`${path}.parameterNotFoundAction`)]
      : oneOf(`${path}.parameterNotFoundAction`, action, ['Deny', 'Allow'])),
  ]
}

const exclusive = 'name and selector are mutually exclusive'

function validateActions(actions: readonly string[], path: string): Cause[] {
  const isRepeated = repeats(actions)
  const causes = actions.flatMap((action, i) => [
    ...oneOf(`${path}[${i}]`, action, ['Audit', 'Deny', 'Warn']),
    ...(isRepeated[i] ? [duplicate(`${path}[${i}]`, action)] : []),
  ])
  if (actions.includes('Deny') && actions.includes('Warn'))
    causes.push(
      invalid(
        path,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  if (actions.length === 0) causes.push(required(path, 'at least one validation action is required'))
  return causes
}
