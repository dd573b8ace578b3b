import type { KubeObject } from '#api/kind.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { PolicyRule } from '#api/rbac/v1/types.ts'
import { same } from '#api/strategy.ts'
import { isError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission, AdmissionPlugin, Authorizer } from '../contract.ts'
import { forbiddenError, notFoundError } from '../http/status.ts'
import { mastersGroup } from './authorize.ts'
import type { Rbac } from './rbac.ts'
import { compact, describeRule, quoteList, uncovered } from './rule.ts'

/**
 * Nobody may give away more than they hold: a role may only get rules, and a binding only refer to a role, that its writer has already,
 * unless they hold the verbs `escalate` or `bind` on it. The reference does this between mutating admission and validation, so it is the last
 * of the mutating plug-ins here; it changes nothing.
 */
export function escalationCheck(rbac: Rbac, authorize: Authorizer): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    admit: async (admission) => {
      const { object, previous, attributes, operation } = admission
      if (object === undefined || attributes.subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return object
      const check = checks.get(admission.kind)
      if (check === undefined || attributes.user.groups.includes(mastersGroup)) return object
      if (previous !== undefined && isOnlyForDeletion(object, previous)) return object
      await check(admission, object, rbac, authorize)
      return object
    },
  }
}

type EscalationCheck = (admission: Admission, object: KubeObject, rbac: Rbac, authorize: Authorizer) => Promise<void>

const checks = new Map<unknown, EscalationCheck>([
  [Role, checkRole],
  [ClusterRole, checkRole],
  [RoleBinding, checkBinding],
  [ClusterRoleBinding, checkBinding],
])

const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

async function checkRole(admission: Admission, object: KubeObject, rbac: Rbac, authorize: Authorizer): Promise<void> {
  const { attributes, kind, previous } = admission
  const { allowed } = await authorize({ ...attributes, verb: 'escalate', version: '*' })
  if (allowed) return
  const role = object as ClusterRole
  const problem = missing(admission, rbac, role.rules ?? [])
  if (problem !== undefined) throw forbiddenError(kind, object.metadata.name, problem)
  // An aggregated role gathers whatever others label for it: only who holds everything may say so.
  if (!isAggregated(role) && !isAggregated(previous as ClusterRole | undefined)) return
  if (missing(admission, rbac, everything) !== undefined)
    throw forbiddenError(kind, object.metadata.name, 'must have cluster-admin privileges to use the aggregationRule')
}

async function checkBinding(admission: Admission, object: KubeObject, rbac: Rbac, authorize: Authorizer): Promise<void> {
  const { attributes, kind } = admission
  const { roleRef } = object as RoleBinding
  if (roleRef.kind === 'Role' || roleRef.kind === 'ClusterRole') {
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
    const { allowed } = await authorize({
      ...attributes,
      verb: 'bind',
      group: roleRef.apiGroup,
      version: '*',
      resource,
      name: roleRef.name,
    })
    if (allowed) return
  }
  const problem = missing(admission, rbac, rulesBehind(admission, roleRef, rbac))
  if (problem !== undefined) throw forbiddenError(kind, object.metadata.name, problem)
}

/** What is absent is named as what is being written: the reference looks for it on behalf of this request. */
function rulesBehind({ attributes, kind }: Admission, roleRef: RoleBinding['roleRef'], rbac: Rbac): readonly PolicyRule[] {
  try {
    return rbac.roleRules(roleRef, attributes.namespace)
  } catch (error) {
    throw isError(error, 'NotFound') ? notFoundError(kind, roleRef.name) : error
  }
}

const isAggregated = (role: ClusterRole | undefined): boolean => (role?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0

function missing({ attributes: { user, namespace }, kind }: Admission, rbac: Rbac, wanted: readonly PolicyRule[]): string | undefined {
  const { rules, errors } = rbac.rulesFor(user, namespace)
  const rest = uncovered(rules, wanted)
  if (rest.length === 0) return undefined
  const lines = [...new Set(compact(rest).map(describeRule))].toSorted()
  const asked = `${kind.plural}.${kind.group} `
  const named = errors.map((error) => error.replace(/^(cluster)?role\.[a-z.0-9]+ /, asked))
  const unresolved = errors.length === 0 ? '' : `; resolution errors: [${named.length === 1 ? named[0] : `[${named.join(', ')}]`}]`
  return `user ${quote(user.name)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${unresolved}`
}

/** The garbage collector must be able to finish a delete without holding what the role grants. */
function isOnlyForDeletion(next: KubeObject, previous: KubeObject): boolean {
  const strip = ({ metadata, ...rest }: KubeObject) => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managed, ...kept } = metadata
    return { ...rest, metadata: kept }
  }
  return same(strip(next), strip(previous))
}
