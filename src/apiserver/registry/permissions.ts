import type { KubeObject, PermissionAnswer, PermissionQuestion } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import { forbiddenMessage } from '../authorization/forbidden.ts'
import type { Context, Write } from '../context.ts'
import type { Attributes } from '../contract.ts'
import { writeContextOf } from './prepare.ts'

/** What is wrong with a write for want of permissions beside its own; `found` is what the other checks found. */
export async function permissionCauses(
  context: Context,
  write: Write,
  next: KubeObject,
  previous: KubeObject | undefined,
  found: readonly Cause[],
): Promise<readonly Cause[]> {
  const { permissions } = write.kind.rules
  if (permissions === undefined) return []
  const { objects } = context
  return permissions(next, previous, {
    ...writeContextOf(context, write),
    isValid: found.length === 0,
    verb: write.verb,
    may: (question) => ask(context, write, question),
    resourceOf: (group, version, kind) => objects.kindsNamed(group, kind).find((known) => known.version === version)?.plural,
    find: (kind, name, namespace) => objects.get(kind, name, namespace),
  })
}

async function ask({ authorize }: Context, { user, record }: Write, question: PermissionQuestion): Promise<PermissionAnswer> {
  const attributes: Attributes = { user, isResource: true, path: record?.attributes?.path ?? '', subresource: '', ...question }
  const { allowed, reason, error } = await authorize(attributes)
  const why = error === undefined ? reason : reason === '' ? error : `${error}: ${reason}`
  return { allowed, ...(error !== undefined && { error }), refusal: forbiddenMessage(attributes, why) }
}
