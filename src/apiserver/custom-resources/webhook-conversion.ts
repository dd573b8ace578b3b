import type { WebhookConversion } from '#api/apiextensions/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { validateAnnotations, validateLabels } from '#api/meta/v1/validate-metadata.ts'
import { WherryError } from '#lib/errors.ts'
import { isObject } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { parseExact } from '#schema/json.ts'
import { refusalText } from '../admission/webhook/call.ts'
import { type Outbound, type OutboundTarget, outboundUrl } from '../outbound.ts'

/** The way to the webhook, and the source of each review's uid. */
export interface WebhookConversionOptions {
  readonly outbound: Outbound
  readonly uuid: () => string
}

/** Brings objects into another version. Rejects with what the reference says of a webhook that cannot be asked, or answers nonsense. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>

/** Asks a definition's webhook for it (ConversionReview), for many objects at once. Its metadata is kept, labels and annotations apart. */
export function webhookConversion(webhook: WebhookConversion, { outbound, uuid }: WebhookConversionOptions): Convert {
  const { clientConfig, conversionReviewVersions = [] } = webhook
  const version = conversionReviewVersions.find((candidate) => candidate === 'v1' || candidate === 'v1beta1')
  const target: OutboundTarget =
    clientConfig?.service !== undefined
      ? { service: { ...clientConfig.service, port: clientConfig.service.port ?? 443 } as never }
      : { url: clientConfig?.url ?? '' }
  return async (objects, apiVersion) => {
    const [first] = objects
    if (first === undefined) return []
    const gvk = `${first.apiVersion}, Kind=${first.kind}`
    const fail = (why: string): WherryError => new WherryError('InternalError', why, { status: 500 })
    if (version === undefined) throw fail('no supported conversion review versions')
    const uid = uuid()
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects },
    }
    const answer = await ask(outbound, target, clientConfig?.caBundle, review).catch((error: unknown) => {
      if (error instanceof WherryError) throw fail(`conversion webhook for ${gvk} failed: ${error.message}`)
      throw error
    })
    const problem = problemOf(answer, version, uid)
    if (problem !== undefined) throw fail(`conversion webhook for ${gvk} failed: ${problem}`)
    const converted = (answer['response'] as { readonly convertedObjects?: readonly unknown[] }).convertedObjects ?? []
    if (converted.length !== objects.length)
      throw fail(`conversion webhook for ${gvk} returned ${converted.length} objects, expected ${objects.length}`)
    return converted.map((object, i) => {
      const wrong = objectProblem(object, objects[i]!, apiVersion)
      if (wrong !== undefined) throw fail(`conversion webhook for ${gvk} returned invalid object at index ${i}: ${wrong}`)
      const restored = restoreMetadata(object as KubeObject, objects[i]!)
      if (typeof restored === 'string') throw fail(`conversion webhook for ${gvk} returned invalid metadata: ${restored}`)
      return restored
    })
  }
}

const timeoutMs = 30_000
const query = `timeout=${timeoutMs / 1000}s`

async function ask(
  outbound: Outbound,
  target: OutboundTarget,
  caBundle: string | undefined,
  review: object,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await outbound(
    target,
    { timeoutMs, query, ...(caBundle && { caBundle }) },
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, */*', 'user-agent': 'kube-apiserver-admission' },
      body: Buffer.from(JSON.stringify(review)),
    },
  ).catch((error: unknown) => {
    if (!(error instanceof WherryError)) throw error
    throw new WherryError(error.code, `Post ${quote(outboundUrl(target, query))}: ${error.message}`)
  })
  if (response.status < 200 || response.status > 206)
    throw new WherryError('InternalError', refusalText(response, response.headers['content-type'] ?? ''))
  try {
    const answer = parseExact(Buffer.from(response.body).toString())
    if (isObject(answer)) return answer
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new WherryError('InternalError', `couldn't get version/kind; json parse error: ${error.message}`)
  }
  throw new WherryError('InternalError', "couldn't get version/kind; json parse error: the answer is no object")
}

function problemOf(answer: Readonly<Record<string, unknown>>, version: string, uid: string): string | undefined {
  const { apiVersion, kind, response } = answer
  // The older form never looked at what it was, nor at whom it was for.
  if (version === 'v1' && (apiVersion !== 'apiextensions.k8s.io/v1' || kind !== 'ConversionReview'))
    return `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${String(apiVersion ?? '')}, Kind=${String(kind ?? '')}`
  if (!isObject(response)) return 'no response provided'
  if (version === 'v1' && response['uid'] !== uid) return `expected response.uid=${quote(uid)}, got ${quote(String(response['uid'] ?? ''))}`
  const result = isObject(response['result']) ? response['result'] : {}
  const status = String(result['status'] ?? '')
  if (status === 'Success') return undefined
  const message = String(result['message'] ?? '')
  return message === '' ? `response.result.status was '${status}', not 'Success'` : message
}

function objectProblem(object: unknown, original: KubeObject, apiVersion: string): string | undefined {
  if (!isObject(object)) return 'it is no object'
  if (object['apiVersion'] !== apiVersion)
    return `invalid groupVersion (expected ${apiVersion}, received ${String(object['apiVersion'] ?? '')})`
  if (object['kind'] !== original.kind) return `invalid kind (expected ${original.kind}, received ${String(object['kind'] ?? '')})`
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  for (const [name, label] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const before = original.metadata[name] ?? ''
    const after = metadata[name] ?? ''
    if (before !== after) return `must have the same ${label}: ${before} != ${String(after)}`
  }
  return undefined
}

/** The metadata as it was, but with the labels and annotations that came back. A text says why these cannot be. */
function restoreMetadata(object: KubeObject, original: KubeObject): KubeObject | string {
  const answered: unknown = object.metadata
  if (answered === undefined) return 'missing metadata in converted object'
  const { labels: _labels, annotations: _annotations, ...rest } = original.metadata
  const metadata: Record<string, unknown> = rest
  for (const field of ['labels', 'annotations'] as const) {
    const texts = (answered as Readonly<Record<string, unknown>>)[field]
    if (texts === undefined || texts === null) continue
    if (!isObject(texts))
      return `invalid metadata.${field} of type ${Array.isArray(texts) ? '[]interface {}' : typeof texts} in converted object`
    const bad = Object.entries(texts).find(([, value]) => typeof value !== 'string')
    if (bad !== undefined) return `metadata.${field}[${bad[0]}] must be a string, but is ${typeof bad[1]} in converted object`
    const check = field === 'labels' ? validateLabels : validateAnnotations
    const causes = check(texts as Readonly<Record<string, string>>, field === 'labels' ? 'metadata.labels' : 'metadata.annotation')
    if (causes.length > 0) return causes.map(({ field: path, message }) => `${path}: ${message}`).join(', ')
    metadata[field] = texts
  }
  return { ...object, metadata: metadata as unknown as KubeObject['metadata'] }
}
