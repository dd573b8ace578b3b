import type { ParamKind, ParamRef } from '#api/admissionregistration/v1/types.ts'
import type { AnyKind, PermissionContext } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import { deepEqual } from '#schema/fields.ts'
import { forbidden } from '#schema/validate.ts'

interface Policy {
  readonly spec: { readonly paramKind?: ParamKind | undefined }
}
interface Binding {
  readonly spec: { readonly policyName?: string | undefined; readonly paramRef?: ParamRef | undefined }
}

/**
 * A policy reads its params with the server's own rights and shows them in its messages: so only who may read all objects of their kind may
 * name it.
 */
export async function paramKindPermissions(
  next: Policy,
  previous: Policy | undefined,
  context: PermissionContext,
): Promise<readonly Cause[]> {
  const { paramKind } = next.spec
  if (!isAsked(context) || paramKind === undefined || deepEqual(paramKind, previous?.spec.paramKind)) return []
  const { resource, group, version } = targetOf(paramKind, context)
  const { allowed, error } = await context.may({ verb: 'get', group, version, resource, namespace: '*', name: '*' })
  if (allowed) return []
  const { apiVersion = '', kind = '' } = paramKind
  const refusal = `user ${goUser(context)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`
  return [forbidden('spec.paramKind', error ?? refusal)]
}

/** The same for the params that a binding chooses: `policies` is the kind of the policy that it names. */
export const paramRefPermissions =
  (policies: AnyKind, words: { readonly undecided: (error: string) => string; readonly refused: (user: string, verb: string) => string }) =>
  async (next: Binding, previous: Binding | undefined, context: PermissionContext): Promise<readonly Cause[]> => {
    const { paramRef, policyName = '' } = next.spec
    if (!isAsked(context) || paramRef === undefined) return []
    if (deepEqual(paramRef, previous?.spec.paramRef) && policyName === previous?.spec.policyName) return []
    const policy = context.find(policies, policyName) as unknown as Policy | undefined
    const paramKind = policy?.spec.paramKind
    const target = paramKind === undefined ? everything : targetOf(paramKind, context)
    const { name = '', namespace = '' } = paramRef
    const verb = name === '' ? 'list' : 'get'
    const { group, version, resource } = target
    const { allowed, error } = await context.may({ verb, group, version, resource, namespace, name })
    if (allowed) return []
    return [forbidden('spec.paramRef', error === undefined ? refusal() : words.undecided(error))]

    function refusal(): string {
      const user = goUser(context)
      const all = `to determine minimum required permissions and user ${user} does not have "${verb}" permission for all groups, versions and resources`
      if (policy === undefined) return `unable to get policy ${policyName} ${all}`
      const shown = paramKind === undefined ? '' : `&ParamKind{APIVersion:${paramKind.apiVersion ?? ''},Kind:${paramKind.kind ?? ''},}`
      if (target.version === '*' && paramKind !== undefined) return `unable to parse paramKind ${shown} ${all}`
      if (target.resource === '*' && paramKind !== undefined) return `unable to resolve paramKind ${shown} ${all}`
      return words.refused(user, verb)
    }
  }

/** Only what is well formed is asked about, and nobody who may do everything. */
const isAsked = ({ isValid, subresource, user }: PermissionContext): boolean =>
  isValid && subresource === '' && !user.groups.includes('system:masters')

interface Target {
  readonly group: string
  readonly version: string
  readonly resource: string
}

const everything: Target = { group: '*', version: '*', resource: '*' }

function targetOf({ apiVersion = '', kind = '' }: ParamKind, { resourceOf }: PermissionContext): Target {
  const parts = apiVersion.split('/')
  if (parts.length > 2) return everything
  const [group, version] = parts.length === 2 ? (parts as [string, string]) : ['', parts[0]!]
  return { group, version, resource: resourceOf(group, version, kind) ?? '*' }
}

/** As Go prints the structure of a user. */
function goUser({ user: { name, uid = '', groups, extra = {} } }: PermissionContext): string {
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1))
  return `&{${name} ${uid} [${groups.join(' ')}] map[${entries.map(([key, values]) => `${key}:[${values.join(' ')}]`).join(' ')}]}`
}
