import type {
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '#api/flowcontrol/v1/types.ts'
import type { UserInfo } from '../contract.ts'
import type { RequestInfo } from '../http/request-info.ts'

/** Whether a FlowSchema's rules cover a request: one rule that names the user and what is asked. */
export const matches = (spec: FlowSchemaSpec, user: UserInfo, info: RequestInfo): boolean =>
  (spec.rules ?? []).some((rule) => matchesRule(rule, user, info))

function matchesRule(rule: PolicyRulesWithSubjects, user: UserInfo, info: RequestInfo): boolean {
  if (!(rule.subjects ?? []).some((subject) => isSubject(subject, user))) return false
  return info.isResource
    ? (rule.resourceRules ?? []).some((each) => coversResource(each, info))
    : (rule.nonResourceRules ?? []).some((each) => coversPath(each, info))
}

function isSubject(subject: Subject, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name)
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || user.groups.includes(subject.group.name))
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false
      const { namespace, name } = subject.serviceAccount
      const account = `system:serviceaccount:${namespace}:`
      return name === '*' ? user.name.startsWith(account) : user.name === account + name
    }
    default:
      return false
  }
}

function coversResource(rule: ResourcePolicyRule, { verb, group, resource, subresource, namespace }: RequestInfo): boolean {
  return (
    names(rule.verbs, verb) &&
    names(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`) &&
    names(rule.apiGroups, group) &&
    (namespace === '' ? rule.clusterScope === true : names(rule.namespaces, namespace))
  )
}

function coversPath(rule: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  if (!names(rule.verbs, verb)) return false
  return (rule.nonResourceURLs ?? []).some((url) => {
    if (url === '*' || url === path) return true
    const prefix = url.endsWith('*') ? url.slice(0, -1) : url
    return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
  })
}

/** A star stands for everything only when it stands alone. */
const names = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && ((list.length === 1 && list[0] === '*') || list.includes(value))
