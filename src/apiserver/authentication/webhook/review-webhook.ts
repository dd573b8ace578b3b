import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { parseYaml } from '#schema/yaml.ts'
import type { Outbound, OutboundOptions, OutboundResponse } from '../../outbound.ts'

/** Where a webhook is and how it and we know each other; certificates and keys are PEM. */
export type WebhookConnection = { readonly url: string } & Pick<
  OutboundOptions,
  'caBundle' | 'insecureSkipTlsVerify' | 'certificate' | 'key' | 'bearerToken' | 'serverName'
>

/** Where a review is sent, and how long and how often that is tried. */
export interface ReviewWebhookOptions {
  readonly outbound: Outbound
  readonly connection: WebhookConnection
  readonly clock: Clock
  readonly random: Random
  /** For one try. */
  readonly timeoutMs: number
  /** Put after the URL. */
  readonly query?: string
  /** How long the second try waits for, but for chance. Absent: half a second. */
  readonly retryInitialMs?: number
  /** What is said of an answer that is an error. Absent: its code. */
  readonly problemOf?: (answer: OutboundResponse) => Error
}

/** Asks somebody outside by posting a review, who answers with the same review and its status. Throws an Error where there is no such answer. */
export type ReviewWebhook = (review: object) => Promise<{ readonly status?: unknown }>

/** The reference's: five tries in all, since each of them keeps a request waiting. */
const retries: BackoffOptions = { initialMs: 500, factor: 1.5, maxMs: 10_000, jitter: 0.2 }
const triesMax = 5
const answerMaxBytes = 3 << 20

/** A webhook over HTTPS. What may pass (a broken connection, 429, 500, 504) is tried again, anything else is told at once. */
export function createReviewWebhook(options: ReviewWebhookOptions): ReviewWebhook {
  const { outbound, clock, random, timeoutMs, query, retryInitialMs = retries.initialMs, problemOf = codeOnly } = options
  const { url, ...trust } = options.connection
  return async (review) => {
    const body = Buffer.from(JSON.stringify(review))
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await outbound(
          { url },
          { ...trust, timeoutMs, bodyMaxBytes: answerMaxBytes, ...(query !== undefined && { query }) },
          { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, */*' }, body },
        )
        if (answer.status >= 200 && answer.status < 300) return readReview(answer.body)
        const problem = problemOf(answer)
        if (attempt + 1 >= triesMax || !(mayPass.has(answer.status) || answer.headers['retry-after'] !== undefined)) throw problem
      } catch (error) {
        if (attempt + 1 >= triesMax || !isError(error, 'ServiceUnavailable') || !/connection reset|EOF/.test(error.message)) throw error
      }
      await sleep(clock, backoff({ ...retries, initialMs: retryInitialMs }, attempt, random))
    }
  }
}

const codeOnly = ({ status }: OutboundResponse): Error => new Error(`the server responded with the status code ${status}`)
const mayPass: ReadonlySet<number> = new Set([429, 500, 504])

function readReview(body: Uint8Array): { readonly status?: unknown } {
  const review: unknown = JSON.parse(Buffer.from(body).toString())
  if (typeof review !== 'object' || review === null) throw new Error('the webhook answered with something that is no review')
  return review
}

/**
 * The connection that a kubeconfig file's current context describes. `read` gives a file's text, for what the file only points to. Throws an
 * Error that says what is missing.
 */
export function webhookConnection(text: string, read: (path: string) => string): WebhookConnection {
  const config = parseYaml(text).value as Kubeconfig | null
  const named = <T>(list: readonly ({ readonly name?: string } & T)[] | undefined, name: string | undefined, what: string): T => {
    const found = list?.find((one) => one.name === name)
    if (found === undefined) throw new Error(`the kubeconfig has no ${what} ${JSON.stringify(name ?? '')}`)
    return found
  }
  const { context } = named(config?.contexts, config?.['current-context'], 'context')
  const { cluster } = named(config?.clusters, context?.cluster, 'cluster')
  const user = context?.user ? (named(config?.users, context.user, 'user').user ?? {}) : {}
  if (!cluster?.server) throw new Error('the kubeconfig names no server')
  return {
    url: cluster.server,
    ...withoutAbsent({
      caBundle: pemOf(cluster['certificate-authority-data'], cluster['certificate-authority'], read),
      serverName: cluster['tls-server-name'] || undefined,
      insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] || undefined,
    }),
    ...kubeconfigCredentials(user, read),
  }
}

/** Who we are, as a user of a kubeconfig says it. `read` gives a file's text. */
export const kubeconfigCredentials = (
  user: KubeconfigUser,
  read: (path: string) => string,
): Pick<OutboundOptions, 'certificate' | 'key' | 'bearerToken'> =>
  withoutAbsent({
    certificate: pemOf(user['client-certificate-data'], user['client-certificate'], read),
    key: pemOf(user['client-key-data'], user['client-key'], read),
    bearerToken: user.token || (user.tokenFile ? read(user.tokenFile).trim() : undefined),
  })

const pemOf = (data: string | undefined, path: string | undefined, read: (path: string) => string): string | undefined =>
  data ? Buffer.from(data, 'base64').toString() : path ? read(path) : undefined

const withoutAbsent = <T extends object>(parts: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as never

/** What of a kubeconfig says how to reach a server. */
export interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly { readonly name?: string; readonly context?: { readonly cluster?: string; readonly user?: string } }[]
  readonly clusters?: readonly {
    readonly name?: string
    readonly cluster?: {
      readonly server?: string
      readonly 'certificate-authority'?: string
      readonly 'certificate-authority-data'?: string
      readonly 'tls-server-name'?: string
      readonly 'insecure-skip-tls-verify'?: boolean
    }
  }[]
  readonly users?: readonly { readonly name?: string; readonly user?: KubeconfigUser }[]
}

/** A user of a kubeconfig: its credentials as texts, as files, or in base64 (`-data`). */
export interface KubeconfigUser {
  readonly token?: string
  readonly tokenFile?: string
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
}
