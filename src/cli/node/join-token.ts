import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import { systemClock } from '#host/clock.ts'
import { isError } from '#lib/errors.ts'
import { bootstrapTokenPlace, createBootstrapToken } from '../token/bootstrap-token-secret.ts'

/** Long enough for the slowest machine, in case that we are stopped before we take it back. */
const ttlMs = 15 * 60_000

/** Runs something with a bootstrap token that is gone afterwards. */
export async function withJoinToken<T>(client: Client, work: (token: string) => Promise<T>): Promise<T> {
  const description = 'Of "wherry" for further nodes of the machine of the server.'
  const token = await createBootstrapToken(client, { ttlMs, description }, systemClock)
  try {
    return await work(token)
  } finally {
    const { namespace, prefix } = bootstrapTokenPlace
    await client.delete(Secret, `${prefix}${token.split('.')[0]}`, { namespace }).catch((error: unknown) => {
      if (!isError(error, 'NotFound')) throw error
    })
  }
}
