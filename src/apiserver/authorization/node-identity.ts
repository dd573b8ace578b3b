import type { UserInfo } from '../contract.ts'

/**
 * The node that a user is: undefined for others, '' for a member of `system:nodes` whose name tells no node. Both the group and the name are
 * needed, since a common name alone can be anybody's.
 */
export function nodeIdentity(user: UserInfo): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.name.startsWith('system:node:')) return undefined
  return user.name.slice('system:node:'.length)
}
