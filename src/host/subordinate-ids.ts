import type { MachineFacts } from '#kubelet/interfaces.ts'
import { isError } from '#lib/errors.ts'
import { run } from './run.ts'

/**
 * What subuid(5) and subgid(5), or who stands in for them, give the user `kubelet`; undefined where there is no such user, or no getsubids(1). The user is
 * looked for first: where names are served from elsewhere, getsubids cannot tell a service that is away from a user without ids. Errors: what it
 * fails by for a user that is there.
 */
export async function subordinateIds(call: typeof run = run): Promise<MachineFacts['subordinateIds']> {
  const user = 'kubelet'
  const { code } = await call('getent', ['passwd', user], { accept: [notFound] })
  if (code === notFound) return undefined
  try {
    const [uids, gids] = await Promise.all([call('getsubids', [user]), call('getsubids', ['-g', user])])
    return { uids: uids.stdout, gids: gids.stdout }
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}

/** Of getent(1): the key is in no database. */
const notFound = 2
