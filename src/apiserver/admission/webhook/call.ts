import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { type Outbound, type OutboundResponse, type OutboundTarget, outboundUrl } from '../../outbound.ts'
import { CallFailure } from './call-failure.ts'
import type { CredentialsFor } from './credentials.ts'
import type { Hook } from './hooks.ts'
import { type Answer, type Question, readReview, reviewVersions, Unreadable, writeReview } from './review.ts'

/** The way to webhooks, and the source of each review's uid. */
export interface CallOptions {
  readonly outbound: Outbound
  readonly uuid: () => string
  /** Who we are towards a webhook. Absent: nobody. */
  readonly credentials?: CredentialsFor | undefined
}

/** Asks a webhook. Rejects with `CallFailure` where no valid answer came, and refuses by itself a dry run that the webhook knows nothing of. */
export async function callHook(
  { outbound, uuid, credentials }: CallOptions,
  { webhook }: Hook,
  question: Question,
  isMutating: boolean,
): Promise<Answer> {
  const { name, sideEffects, clientConfig, timeoutSeconds, admissionReviewVersions = [] } = webhook
  if (question.admission.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw new WherryError('BadRequest', `admission webhook ${quote(name)} does not support dry run`)
  const version = admissionReviewVersions.find((candidate) => reviewVersions.includes(candidate))
  if (version === undefined)
    throw new CallFailure(
      name,
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
      400,
    )
  const uid = uuid()
  const target: OutboundTarget =
    clientConfig.service !== undefined
      ? { service: { ...clientConfig.service, port: clientConfig.service.port ?? 443 } as never }
      : { url: clientConfig.url ?? '' }
  const query = timeoutSeconds === undefined ? '' : `timeout=${timeoutSeconds}s`
  const fail = (why: string, code = 503) => new CallFailure(name, `failed to call webhook: ${why}`, code)
  let response: OutboundResponse
  try {
    const { headers, ...identity } = credentials?.(hostPortOf(target)) ?? {}
    response = await outbound(
      target,
      {
        ...identity,
        timeoutMs: (timeoutSeconds ?? 30) * 1000,
        query,
        redirectsMax: 10,
        ...(clientConfig.caBundle && { caBundle: clientConfig.caBundle }),
      },
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, */*',
          'user-agent': 'kube-apiserver-admission',
          ...headers,
        },
        body: writeReview(question, uid, version),
      },
    )
  } catch (error) {
    if (!(error instanceof WherryError)) throw error
    throw fail(`Post ${quote(outboundUrl(target, query))}: ${error.message}`)
  }
  const contentType = response.headers['content-type'] ?? ''
  if (response.status < 200 || response.status > 206) throw fail(refusalText(response, contentType), response.status)
  try {
    return readReview(response.body, contentType, uid, version, isMutating)
  } catch (error) {
    if (error instanceof Unreadable || error instanceof WherryError) throw fail(error.message)
    throw new CallFailure(name, `received invalid webhook response: ${(error as Error).message}`)
  }
}

/** By which a kubeconfig knows a webhook: with the port also where it goes without saying. */
function hostPortOf(target: OutboundTarget): string {
  const { hostname, port } = new URL(outboundUrl(target))
  return `${hostname}:${port || 443}`
}

/** What the reference's client says of an answer that is an error: its Status where it is one, else the code's words. */
export function refusalText({ status, body }: OutboundResponse, contentType: string): string {
  const text = Buffer.from(body.subarray(0, textMaxBytes)).toString()
  const own = statusMessage(text)
  if (own !== undefined) return own
  const known = texts[status]
  if (known !== undefined) return known
  const message = contentType === '' || contentType.startsWith('text/') ? text.trim() : 'unknown'
  if (status === 403 || status === 415 || (status === 406 && message !== '' && message !== 'unknown')) return message
  if (status >= 500) return `an error on the server (${quote(message)}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}

const textMaxBytes = 2048

function statusMessage(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const { kind, message } = JSON.parse(text) as { readonly kind?: unknown; readonly message?: unknown }
    return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined
  } catch (error) {
    // What is no JSON is no Status: it is shown as the text that it is.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const texts: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  406: 'the server was unable to respond with a content type that the client supports',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}
