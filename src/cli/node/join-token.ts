import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import { systemClock } from '#host/clock.ts'
import { isError } from '#lib/errors.ts'
import { bootstrapTokenPlace, createBootstrapToken } from '../token/bootstrap-token-secret.ts'

/** Long enough for the slowest machine, in case that we are stopped before we take it back. */
const ttlMs = 15 * 60_000

/** Tells ours from those of people. */
const description = 'Of "wherry" for further nodes of the machine of the server.'
const { namespace, prefix, type } = bootstrapTokenPlace

/** Runs something with a bootstrap token that is gone afterwards. */
export async function withJoinToken<T>(client: Client, work: (token: string) => Promise<T>): Promise<T> {
  const token = await createBootstrapToken(client, { ttlMs, description }, systemClock)
  try {
    return await work(token)
  } finally {
    await drop(client, `${prefix}${token.split('.')[0]}`)
  }
}

/** Those of calls that were stopped before they could. */
export async function dropJoinTokens(client: Client): Promise<void> {
  const { items } = await client.list(Secret, { namespace, fieldSelector: `type=${type}` })
  const isOurs = ({ data }: Secret) => Buffer.from(data?.['description'] ?? '', 'base64').toString() === description
  for (const { metadata } of items.filter(isOurs)) await drop(client, metadata.name)
}

async function drop(client: Client, name: string): Promise<void> {
  await client.delete(Secret, name, { namespace }).catch((error: unknown) => {
    if (!isError(error, 'NotFound')) throw error
  })
}
