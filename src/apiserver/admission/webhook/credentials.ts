import { WherryError } from '#lib/errors.ts'
import { type KubeconfigUser, kubeconfigCredentials } from '../../authentication/webhook/review-webhook.ts'
import type { OutboundOptions } from '../../outbound.ts'

/** Who we are towards one webhook. */
export type HookCredentials = Pick<OutboundOptions, 'certificate' | 'key' | 'bearerToken'> & {
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** By `host:port` of a webhook (`name.namespace.svc:443` of one behind a Service). Throws `ServiceUnavailable` where a token's file is gone. */
export type CredentialsFor = (hostPort: string) => HookCredentials

/** A user of a kubeconfig, with what the reference's admission uses of it. */
export interface HookUser extends KubeconfigUser {
  readonly username?: string
  readonly password?: string
  readonly as?: string
  readonly 'as-uid'?: string
  readonly 'as-groups'?: readonly string[]
}

/**
 * Finds the user of a webhook by his name: the webhook's host and port, else `*.` and an ever shorter end of it, both again without the port where
 * that is 443; then `*`, then `current`, then nobody. The most telling name wins, as in the reference. `read` gives a file's text.
 */
export function credentialsByHost(users: ReadonlyMap<string, HookUser>, current: string, read: (path: string) => string): CredentialsFor {
  // Certificates do not change under us; the file of a token may, so that one is read for each call.
  const fixed = new Map([...users].map(([name, { tokenFile: _, ...user }]) => [name, kubeconfigCredentials(user, read)] as const))
  return (hostPort) => {
    const name = namesFor(hostPort, current).find((candidate) => users.has(candidate))
    if (name === undefined) return {}
    const user = users.get(name)!
    const own = fixed.get(name)!
    const bearerToken = own.bearerToken ?? (user.tokenFile ? readToken(user.tokenFile, read) : undefined)
    const headers = headersOf(user)
    return { ...own, ...(bearerToken !== undefined && { bearerToken }), ...(Object.keys(headers).length > 0 && { headers }) }
  }
}

function namesFor(hostPort: string, current: string): readonly string[] {
  const withoutPort = /^(.*):443$/.exec(hostPort)?.[1]
  return [hostPort, ...(withoutPort === undefined ? [] : [withoutPort])].flatMap(withEnds).concat('*', current)
}

/** `a.b.c`, `*.b.c`, `*.c`. */
function withEnds(name: string): readonly string[] {
  const steps = name.split('.')
  return [name, ...steps.slice(1).map((_, position) => `*.${steps.slice(position + 1).join('.')}`)]
}

function headersOf({ username, password, as: other, 'as-uid': uid, 'as-groups': groups = [] }: HookUser): Record<string, string> {
  return {
    ...((username || password) && { authorization: `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}` }),
    ...(other && { 'impersonate-user': other }),
    ...(other && uid && { 'impersonate-uid': uid }),
    ...(other && groups.length > 0 && { 'impersonate-group': groups.join(', ') }),
  }
}

function readToken(path: string, read: (path: string) => string): string {
  try {
    return read(path).trim()
  } catch (cause) {
    throw new WherryError('ServiceUnavailable', `the token for the webhook cannot be read: ${(cause as Error).message}`, { cause })
  }
}
