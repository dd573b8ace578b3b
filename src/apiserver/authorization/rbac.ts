import type { AnyKind, KubeObject } from '#api/kind.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { PolicyRule, RoleRef, Subject } from '#api/rbac/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Authorizer, Objects, UserInfo } from '../contract.ts'
import { parseServiceAccountUser } from '../tokens/claims.ts'
import { ruleAllows } from './rule.ts'

/** Role-based access control over the present roles and bindings. */
export interface Rbac {
  readonly authorize: Authorizer
  /** All rules that hold for the user in the namespace ('' for none), cluster-wide ones included, and what could not be resolved. */
  rulesFor(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly errors: readonly string[] }
  /** The rules behind a binding's reference. Error: `NotFound`. */
  roleRules(roleRef: RoleRef, namespace: string): readonly PolicyRule[]
  /** Stops observing. */
  close(): void
}

/**
 * Reads roles and bindings from the server's own indexes. What a user may do is gathered once a (user, namespace) and kept until a role or
 * binding changes, so a request costs a scan over that user's few rules.
 */
export function createRbac(objects: Objects): Rbac {
  const granted = new Map<string, Granted>()
  // Most requests come with a user that is remembered as a whole, by connection or token: then its groups need no comparing.
  let byUser = new WeakMap<UserInfo, Map<string, Granted>>()
  const forget = () => {
    granted.clear()
    byUser = new WeakMap()
  }
  const stops = [Role, ClusterRole, RoleBinding, ClusterRoleBinding].map((kind: AnyKind) => objects.observe(kind, forget))

  const roleRules = (roleRef: RoleRef, namespace: string): readonly PolicyRule[] => {
    if (roleRef.kind !== 'Role' && roleRef.kind !== 'ClusterRole')
      throw new WherryError('InternalError', `unsupported role reference kind: ${quote(roleRef.kind)}`)
    const isRole = roleRef.kind === 'Role'
    const role = isRole ? objects.get(Role, roleRef.name, namespace) : objects.get(ClusterRole, roleRef.name)
    if (role !== undefined) return (role as Role | ClusterRole).rules ?? []
    const group = 'rbac.authorization.k8s.io'
    const kind = isRole ? 'role' : 'clusterrole'
    throw new WherryError('NotFound', `${kind}.${group} ${quote(roleRef.name)} not found`, { group, kind, name: roleRef.name })
  }

  const grantedTo = (user: UserInfo, namespace: string): Granted => {
    let known = byUser.get(user)
    if (known === undefined) byUser.set(user, (known = new Map()))
    let found = known.get(namespace)
    if (found === undefined) {
      found = gatherFor(user, namespace)
      if (known.size >= namespacesMax) known.clear()
      known.set(namespace, found)
    }
    return found
  }

  const gatherFor = (user: UserInfo, namespace: string): Granted => {
    const key = JSON.stringify([namespace, user.name, ...user.groups])
    const known = granted.get(key)
    if (known !== undefined) return known
    const sources: Source[] = []
    const errors: string[] = []
    const gather = (binding: RoleBinding | ClusterRoleBinding, home: string) => {
      const subject = (binding.subjects ?? []).find((candidate) => appliesTo(candidate, user, home))
      if (subject === undefined) return
      try {
        sources.push({ binding, subject, rules: roleRules(binding.roleRef, home) })
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error))
      }
    }
    for (const binding of sorted(objects.list(ClusterRoleBinding))) gather(binding as ClusterRoleBinding, '')
    if (namespace !== '') for (const binding of sorted(objects.list(RoleBinding, namespace))) gather(binding as RoleBinding, namespace)
    if (granted.size >= grantedMax) granted.delete(granted.keys().next().value!)
    const result = { sources, errors: [...new Set(errors)] }
    granted.set(key, result)
    return result
  }

  return {
    roleRules,
    authorize: async (attributes) => {
      const { sources, errors } = grantedTo(attributes.user, attributes.namespace)
      for (const source of sources)
        if (source.rules.some((rule) => ruleAllows(rule, attributes)))
          return { allowed: true, reason: `RBAC: allowed by ${describe(source)}` }
      if (errors.length === 0) return { allowed: false, reason: '' }
      return { allowed: false, reason: `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}` }
    },
    rulesFor: (user, namespace) => {
      const { sources, errors } = grantedTo(user, namespace)
      return { rules: sources.flatMap((source) => source.rules), errors }
    },
    close: () => {
      for (const stop of stops) stop()
      forget()
    },
  }
}

interface Source {
  readonly binding: RoleBinding | ClusterRoleBinding
  readonly subject: Subject
  readonly rules: readonly PolicyRule[]
}

interface Granted {
  readonly sources: readonly Source[]
  readonly errors: readonly string[]
}

/** Users times namespaces that are remembered; the oldest goes first. An entry holds references to rules, no copies. */
const grantedMax = 4096
/** Of one user at a time: names in paths are the clients' to choose. */
const namespacesMax = 256

/** By name, so that the binding named in a reason does not hang on chance. */
const sorted = (bindings: readonly KubeObject[]): readonly KubeObject[] =>
  bindings.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0))

function appliesTo(subject: Subject, user: UserInfo, home: string): boolean {
  if (subject.kind === 'User') return subject.name === user.name
  if (subject.kind === 'Group') return user.groups.includes(subject.name)
  if (subject.kind !== 'ServiceAccount') return false
  const account = parseServiceAccountUser(user.name)
  return account !== undefined && account.name === subject.name && account.namespace === (subject.namespace || home)
}

function describe({ binding, subject }: Source): string {
  const isRoleBinding = binding.metadata.namespace !== undefined
  const name = isRoleBinding ? `${binding.metadata.name}/${binding.metadata.namespace}` : binding.metadata.name
  const who =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || (binding.metadata.namespace ?? '')}` : subject.name
  return `${isRoleBinding ? 'RoleBinding' : 'ClusterRoleBinding'} ${quote(name)} of ${binding.roleRef.kind} ${quote(binding.roleRef.name)} to ${subject.kind} ${quote(who)}`
}
