import { mandatoryFlowSchemas } from '#api/flowcontrol/v1/mandatory.ts'
import * as types from '#api/flowcontrol/v1/types.ts'
import { validateConditionTypes } from '#api/flowcontrol/v1/validate-condition-types.ts'
import { goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Label, checkDns1123Subdomain, forbidden, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'

/** What is wrong with a choice of requests and the priority level that they go to. */
export function validateFlowSchema({ metadata: { name = '' }, spec, status }: types.FlowSchema): Cause[] {
  const fixed = mandatoryFlowSchemas[name]
  return [
    ...validateSpec(name, spec, 'spec'),
    ...(fixed !== undefined && !same(spec, fixed)
      ? [invalid('spec', goStruct(types.FlowSchemaSpec, spec), `spec of '${name}' must equal the fixed value`)]
      : []),
    ...validateConditionTypes(status.conditions, 'status.conditions'),
  ]
}

function validateSpec(name: string, spec: types.FlowSchemaSpec, path: string): Cause[] {
  const { matchingPrecedence: precedence, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec
  const causes: Cause[] = []
  if (precedence <= 0) causes.push(invalid(`${path}.matchingPrecedence`, precedence, 'must be a positive value'))
  if (precedence > PRECEDENCE_MAX)
    causes.push(invalid(`${path}.matchingPrecedence`, precedence, `must not be greater than ${PRECEDENCE_MAX}`))
  if (precedence === 1 && name !== 'exempt')
    causes.push(invalid(`${path}.matchingPrecedence`, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
  if (distinguisherMethod !== undefined && !methods.includes(distinguisherMethod.type))
    causes.push(notSupported(`${path}.distinguisherMethod.type`, { Type: distinguisherMethod.type }, methods))
  const level = priorityLevelConfiguration.name
  if (level === '') causes.push(required(`${path}.priorityLevelConfiguration.name`, 'must reference a priority level'))
  else causes.push(...invalidEach(`${path}.priorityLevelConfiguration.name`, level, checkDns1123Subdomain(level)))
  return [...causes, ...rules.flatMap((rule, i) => validateRule(rule, `${path}.rules[${i}]`))]
}

// FlowSchemaMaxMatchingPrecedence of the API docs.
const PRECEDENCE_MAX = 10_000
const methods = ['ByNamespace', 'ByUser']

function validateRule({ subjects, resourceRules = [], nonResourceRules = [] }: types.PolicyRulesWithSubjects, path: string): Cause[] {
  return [
    ...(subjects.length === 0
      ? [required(`${path}.subjects`, 'subjects must contain at least one value')]
      : subjects.flatMap((subject, i) => validateSubject(subject, `${path}.subjects[${i}]`))),
    ...(resourceRules.length === 0 && nonResourceRules.length === 0
      ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((rule, i) => validateResourceRule(rule, `${path}.resourceRules[${i}]`)),
    ...nonResourceRules.flatMap((rule, i) => validateNonResourceRule(rule, `${path}.nonResourceRules[${i}]`)),
  ]
}

function validateSubject(subject: types.Subject, path: string): Cause[] {
  const own = subjectFields[subject.kind]
  if (own === undefined) return [notSupported(`${path}.kind`, subject.kind, ['Group', 'ServiceAccount', 'User'])]
  return [
    ...validateSubjectField(subject, own, path),
    ...Object.entries(subjectFields).flatMap(([kind, field]) =>
      field === own || subject[field] === undefined
        ? []
        : [forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`)],
    ),
  ]
}

type SubjectField = 'serviceAccount' | 'user' | 'group'
const subjectFields: Readonly<Record<string, SubjectField>> = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' }

function validateSubjectField(subject: types.Subject, field: SubjectField, path: string): Cause[] {
  const value = subject[field]
  if (value === undefined) return [required(`${path}.${field}`, `${field} is required when subject kind is '${subject.kind}'`)]
  if (value.name === '') return [required(`${path}.${field}.name`), ...validateAccountNamespace(subject, path)]
  // All accounts of a namespace have the name `*`.
  const nameCauses =
    field !== 'serviceAccount' || value.name === '*'
      ? []
      : invalidEach(`${path}.${field}.name`, value.name, checkDns1123Subdomain(value.name))
  return [...nameCauses, ...validateAccountNamespace(subject, path)]
}

function validateAccountNamespace({ kind, serviceAccount }: types.Subject, path: string): Cause[] {
  if (kind !== 'ServiceAccount' || serviceAccount === undefined) return []
  const { namespace } = serviceAccount
  return namespace === ''
    ? [required(`${path}.serviceAccount.namespace`, 'must specify namespace for service account')]
    : invalidEach(`${path}.serviceAccount.namespace`, namespace, checkDns1123Label(namespace))
}

function validateResourceRule(rule: types.ResourcePolicyRule, path: string): Cause[] {
  const { verbs, apiGroups, resources, namespaces = [], clusterScope = false } = rule
  return [
    ...validateVerbs(verbs, `${path}.verbs`),
    ...(apiGroups.length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : alone(apiGroups, `${path}.apiGroups`, 'api groups')),
    ...(resources.length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : alone(resources, `${path}.resources`, 'resources')),
    ...validateNamespaces(namespaces ?? [], clusterScope, `${path}.namespaces`),
  ]
}

function validateNamespaces(namespaces: readonly string[], clusterScope: boolean, path: string): Cause[] {
  if (namespaces.length === 0 && !clusterScope)
    return [required(path, 'resource rules that are not cluster scoped must supply at least one namespace')]
  if (namespaces.includes('*')) return alone(namespaces, path, 'namespaces')
  return namespaces.flatMap((namespace, i) =>
    checkDns1123Label(namespace).map((problem) =>
      invalid(`${path}[${i}]`, namespace, `each member of this list must be '*' or a DNS-1123 label; ${problem}`),
    ),
  )
}

function validateNonResourceRule({ verbs, nonResourceURLs: urls }: types.NonResourcePolicyRule, path: string): Cause[] {
  const urlCauses =
    urls.length === 0
      ? [required(`${path}.nonResourceURLs`, 'nonResourceURLs must contain at least one value')]
      : urls.includes('*')
        ? alone(urls, `${path}.nonResourceURLs`, 'non-resource URLs')
        : urls.flatMap((url, i) => {
            const problem = urlProblem(url)
            return problem === undefined ? [] : [invalid(`${path}.nonResourceURLs[${i}]`, url, problem)]
          })
  return [...validateVerbs(verbs, `${path}.verbs`), ...urlCauses]
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const wildcards = url.split('*').length - 1
  return wildcards > 1 || (wildcards === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}

function validateVerbs(verbs: readonly string[], path: string): Cause[] {
  if (verbs.length === 0) return [required(path, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return alone(verbs, path, 'verbs')
  return verbs.every((verb) => supportedVerbs.includes(verb)) ? [] : [notSupported(path, verbs, supportedVerbs)]
}

const supportedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

/** Nothing stands beside `*`. */
const alone = (values: readonly string[], path: string, others: string): Cause[] =>
  values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${others}`)] : []
