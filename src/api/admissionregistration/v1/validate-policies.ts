import { validateMatchConditions } from '#api/admissionregistration/v1/match-conditions.ts'
import { mutatingExpressions, validatingExpressions } from '#api/admissionregistration/v1/policy-expressions.ts'
import * as types from '#api/admissionregistration/v1/types.ts'
import {
  failurePolicies,
  reinvocationPolicies,
  validateMatchResources,
  validateMutatingOperations,
} from '#api/admissionregistration/v1/validate-rules.ts'
import { goStruct } from '#api/go-struct.ts'
import { validateConditions } from '#api/meta/v1/validate-conditions.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { jsonPathProblem } from '#schema/json-path-problem.ts'
import { list } from '#schema/schema.ts'
import {
  checkDns1035Label,
  checkDns1123Subdomain,
  checkQualifiedName,
  duplicate,
  invalid,
  invalidEach,
  notSupported,
  oneOf,
  required,
} from '#schema/validate.ts'

type Validating = types.ValidatingAdmissionPolicy
type Mutating = types.MutatingAdmissionPolicy

/** What is wrong with a validating policy. */
export function validateValidatingPolicy(policy: Validating, previous?: Validating): Cause[] {
  const { spec, metadata } = policy
  const { validations = [], auditAnnotations = [] } = spec
  return [
    ...validateCommon(spec, previous?.spec),
    ...(validations.length === 0 && auditAnnotations.length === 0
      ? [required('spec.validations', oneIsNeeded), required('spec.auditAnnotations', oneIsNeeded)]
      : [
          ...validations.flatMap((validation, i) => validateValidation(validation, `spec.validations[${i}]`)),
          ...validateAnnotations(metadata.name ?? '', auditAnnotations, 'spec.auditAnnotations'),
        ]),
    ...validatingExpressions(spec, conditionsAreOld(spec, previous?.spec)),
  ]
}

/** What is wrong with a mutating policy. */
export function validateMutatingPolicy(policy: Mutating, previous?: Mutating): Cause[] {
  const { mutations = [], reinvocationPolicy = '', matchConstraints } = policy.spec
  return [
    ...validateCommon(policy.spec, previous?.spec),
    ...validateMutatingOperations(matchConstraints, 'spec.matchConstraints'),
    ...(mutations.length === 0
      ? [required('spec.mutations', 'mutations must contain at least one item')]
      : mutations.flatMap((mutation, i) => validateMutation(mutation, `spec.mutations[${i}]`))),
    ...(reinvocationPolicy === ''
      ? [required('spec.reinvocationPolicy')]
      : oneOf('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies)),
    ...mutatingExpressions(policy.spec, conditionsAreOld(policy.spec, previous?.spec)),
  ]
}

/** What is wrong with a validating policy's status. */
export const validatePolicyStatus = ({ status }: Validating): Cause[] => [
  ...(status.typeChecking?.expressionWarnings ?? []).flatMap(({ fieldRef, warning }, i) => {
    const path = `status.typeChecking.expressionWarnings[${i}]`
    return [...(warning === '' ? [required(`${path}.warning`)] : []), ...validateFieldRef(fieldRef.trim(), `${path}.fieldRef`)]
  }),
  ...validateConditions(status.conditions, 'status.conditions'),
]

function validateFieldRef(fieldRef: string, path: string): Cause[] {
  if (fieldRef === '') return [required(path)]
  const problem = jsonPathProblem(`{${fieldRef}}`)
  return problem === undefined ? [] : [invalid(path, fieldRef, `invalid JSONPath: ${problem}`)]
}

const oneIsNeeded = 'validations or auditAnnotations must contain at least one item'

type Common = Pick<Mutating['spec'], 'failurePolicy' | 'paramKind' | 'matchConstraints' | 'matchConditions' | 'variables'>

/** Conditions that were accepted before stay accepted. */
const conditionsAreOld = (spec: Common, previous: Common | undefined): boolean =>
  previous !== undefined && same(spec.paramKind, previous.paramKind) && same(spec.matchConditions, previous.matchConditions)

function validateCommon(spec: Common, previous: Common | undefined): Cause[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = spec
  return [
    ...oneOf('spec.failurePolicy', failurePolicy, failurePolicies),
    ...(paramKind === undefined ? [] : validateParamKind(paramKind, 'spec.paramKind')),
    ...(matchConstraints === undefined
      ? [required('spec.matchConstraints')]
      : [
          ...validateMatchResources(matchConstraints, 'spec.matchConstraints'),
          // A rule at least, since it tells of which types the objects are.
          ...((matchConstraints.resourceRules ?? []).length === 0 ? [required('spec.matchConstraints.resourceRules')] : []),
        ]),
    ...(conditionsAreOld(spec, previous) ? [] : validateMatchConditions(matchConditions, 'spec.matchConditions')),
    ...variables.flatMap((variable, i) => validateVariable(variable, `spec.variables[${i}]`)),
  ]
}

function validateParamKind({ apiVersion = '', kind = '' }: types.ParamKind, path: string): Cause[] {
  const causes = apiVersion === '' ? [required(`${path}.apiVersion`)] : validateGroupVersion(apiVersion, `${path}.apiVersion`)
  if (kind === '') return [...causes, required(`${path}.kind`)]
  const problems = checkDns1035Label(kind.toLowerCase())
  if (problems.length === 0) return causes
  return [...causes, invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)]
}

function validateGroupVersion(text: string, path: string): Cause[] {
  const parts = text === '/' ? ['', ''] : text.split('/')
  if (parts.length > 2) return [invalid(path, text, `unexpected GroupVersion string: ${text}`)]
  const [group, version] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!]
  const groupProblems = group === '' ? [] : checkDns1123Subdomain(group)
  const versionProblems = version === '' ? [] : checkDns1035Label(version)
  return [
    ...(groupProblems.length > 0 ? [invalid(path, group, groupProblems.join(','))] : []),
    ...(version === '' ? [invalid(path, text, 'version must be specified')] : []),
    ...(versionProblems.length > 0 ? [invalid(path, version, versionProblems.join(','))] : []),
  ]
}

function validateVariable({ name, expression }: types.Variable, path: string): Cause[] {
  return [
    ...(name.trim() === ''
      ? [required(`${path}.name`, 'name is not specified')]
      : isCelIdentifier(name)
        ? []
        : [invalid(`${path}.name`, name, 'must be a valid CEL identifier')]),
    ...(expression.trim() === '' ? [required(`${path}.expression`, 'expression is not specified')] : []),
  ]
}

function validateValidation({ expression, message = '', messageExpression = '', reason }: types.Validation, path: string): Cause[] {
  const causes: Cause[] = []
  if (expression.trim() === '') causes.push(required(`${path}.expression`, 'expression is not specified'))
  if (messageExpression !== '' && messageExpression.trim() === '')
    causes.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  if (message !== '' && message.trim() === '') causes.push(invalid(`${path}.message`, message, 'must be non-empty if specified'))
  else if (/[\n\r]/.test(message.trim())) causes.push(invalid(`${path}.message`, message, 'must not contain line breaks'))
  if (reason !== undefined && !reasons.includes(reason)) causes.push(notSupported(`${path}.reason`, reason, reasons))
  return causes
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']

function validateAnnotations(policyName: string, annotations: readonly types.AuditAnnotation[], path: string): Cause[] {
  const isRepeated = repeats(annotations.map(({ key }) => key))
  const causes = annotations.flatMap(({ key, valueExpression }, i) => {
    const annotationKey = `${policyName}/${key}`
    return [
      ...(policyName === ''
        ? [invalid(`${path}[${i}].key`, key, 'requires metadata.name be non-empty')]
        : invalidEach(`${path}[${i}].key`, annotationKey, checkQualifiedName(annotationKey))),
      ...validateValueExpression(valueExpression.trim(), `${path}[${i}].valueExpression`),
      ...(isRepeated[i] ? [duplicate(`${path}[${i}].key`, key)] : []),
    ]
  })
  if (annotations.length <= ANNOTATIONS_MAX) return causes
  const shown = goStruct(list(types.AuditAnnotation), annotations)
  return [invalid(path, shown, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`), ...causes]
}

function validateValueExpression(expression: string, path: string): Cause[] {
  if (expression === '') return [required(path, 'valueExpression is not specified')]
  return Buffer.byteLength(expression) > VALUE_EXPRESSION_SIZE_MAX_BYTES
    ? [required(path, `must not exceed ${VALUE_EXPRESSION_SIZE_MAX_BYTES} bytes in length`)]
    : []
}

const ANNOTATIONS_MAX = 20
const VALUE_EXPRESSION_SIZE_MAX_BYTES = 5 * 1024

function validateMutation({ patchType, applyConfiguration, jsonPatch }: types.Mutation, path: string): Cause[] {
  const isEmpty = (patch: { readonly expression?: string | undefined }): boolean => (patch.expression ?? '').trim() === ''
  const wanted = { JSONPatch: jsonPatch, ApplyConfiguration: applyConfiguration }
  if ((patchType as string) === '') return [required(`${path}.patchType`)]
  if (!(patchType in wanted)) return [notSupported(`${path}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch'])]
  const [own, other] = patchType === 'JSONPatch' ? ['jsonPatch', 'applyConfiguration'] : ['applyConfiguration', 'jsonPatch']
  const patch = wanted[patchType]
  const unwanted = patchType === 'JSONPatch' ? applyConfiguration : jsonPatch
  return [
    ...(patch === undefined
      ? [required(`${path}.${own}`, `must be specified when patchType is ${patchType}`)]
      : isEmpty(patch)
        ? [required(`${path}.${own}.expression`)]
        : []),
    ...(unwanted === undefined ? [] : [invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`)]),
  ]
}

const isCelIdentifier = (name: string): boolean => /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reservedWords.has(name)
const reservedWords = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
