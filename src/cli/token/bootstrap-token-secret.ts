import { randomInt } from 'node:crypto'
import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'

/** Of the tokens that machines join by, as kubeadm has it. */
export const bootstrapTokenPlace = { namespace: 'kube-system', type: 'bootstrap.kubernetes.io/token', prefix: 'bootstrap-token-' } as const

/** What a new token is for, and for how long. */
export interface TokenWish {
  /** Milliseconds; Infinity: until it is deleted. */
  readonly ttlMs: number
  readonly description?: string
}

/**
 * Makes a bootstrap token by which machines may join, and returns it: `id.secret`. Its Secret is as kubeadm makes it (API docs, "Authenticating with
 * Bootstrap Tokens"), so every tool knows it. Rejects as a client's create does.
 */
export async function createBootstrapToken(client: Client, { ttlMs, description }: TokenWish, clock: Pick<Clock, 'now'>): Promise<string> {
  const [id, secret] = [letters(6), letters(16)]
  const { namespace, type, prefix } = bootstrapTokenPlace
  await client.create(
    Secret,
    {
      metadata: { name: `${prefix}${id}`, namespace },
      type,
      stringData: {
        ...(description !== undefined && { description }),
        'token-id': id,
        'token-secret': secret,
        ...(Number.isFinite(ttlMs) && { expiration: rfc3339(clock.now() + ttlMs) }),
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      },
    },
    { namespace },
  )
  return `${id}.${secret}`
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
const letters = (count: number): string => Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('')
