import type { HttpResponse } from '#lib/http.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { isObject } from '#schema/fields.ts'
import type { UserInfo } from '../contract.ts'
import { readProtobufBody } from '../http/protobuf-body.ts'
import { yamlOf } from '../http/yaml-body.ts'
import type { RequestRecord } from '../request-record.ts'
import type { AuditConfig, Stage } from './policy.ts'

/** One `audit.k8s.io/v1` Event as JSON, fields in the reference's order. `answer` is undefined before there is one. */
export function auditEvent(
  record: RequestRecord,
  config: AuditConfig,
  stage: Stage,
  now: number,
  answer: HttpResponse | undefined,
): string {
  const { request, info, annotations } = record
  const body =
    answer?.body instanceof Uint8Array && (config.level === 'RequestResponse' || mayBeStatus(answer, answer.body))
      ? readAnswer(record, answer, answer.body)
      : undefined
  const withBody = config.level === 'Request' || config.level === 'RequestResponse'
  const sent = answer !== undefined ? readRequest(record) : undefined
  const clean = (value: unknown): unknown => (config.omitManagedFields ? withoutManagedFields(value) : value)
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: config.level,
    auditID: record.id,
    stage,
    requestURI: request.path,
    verb: info.verb,
    user: userOf(record.user),
    impersonatedUser: record.impersonated === undefined ? undefined : userOf(record.impersonated),
    sourceIPs: sourceAddresses(record),
    userAgent: cut(request.headers['user-agent'] ?? '') || undefined,
    objectRef: info.isResource ? objectReference(record, sent) : undefined,
    responseStatus: answer === undefined ? undefined : record.user === undefined ? unauthenticated(record, answer) : statusOf(answer, body),
    requestObject: withBody && isObject(sent) ? clean(sent) : undefined,
    responseObject: config.level === 'RequestResponse' && body !== undefined ? clean(body) : undefined,
    requestReceivedTimestamp: microTime(record.receivedMs),
    stageTimestamp: microTime(now),
    annotations: annotations === undefined ? undefined : shownAnnotations(annotations, withBody),
  })
}

/** By key. A webhook's patch holds parts of the object: it is told where the body of the request is. */
function shownAnnotations(annotations: ReadonlyMap<string, string>, withBody: boolean): Readonly<Record<string, string>> {
  const shown = [...annotations].filter(([key]) => withBody || !key.startsWith('patch.webhook.admission.k8s.io/'))
  return Object.fromEntries(shown.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function userOf(user: UserInfo | undefined): object {
  if (user === undefined) return {}
  const { name, uid, groups, extra } = user
  return {
    username: name,
    ...(uid !== undefined && uid !== '' && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra !== undefined && Object.keys(extra).length > 0 && { extra }),
  }
}

function objectReference({ info }: RequestRecord, sent: unknown): object {
  const metadata = isObject(sent) && isObject(sent['metadata']) ? sent['metadata'] : {}
  const told = (name: string): string => (typeof metadata[name] === 'string' ? (metadata[name] as string) : '')
  const fields = {
    resource: info.resource,
    namespace: info.namespace || told('namespace'),
    name: info.name || told('name'),
    uid: told('uid'),
    apiGroup: info.group,
    apiVersion: info.version,
    resourceVersion: told('resourceVersion'),
    subresource: info.subresource,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

/** A refusal is itself a Status; of everything else the code is what there is to say. */
function statusOf({ status }: HttpResponse, body: unknown): object {
  if (!isObject(body) || body['kind'] !== 'Status' || body['apiVersion'] !== 'v1') return { metadata: {}, code: status }
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = body
  return { ...rest, code: status }
}

/** Who could not prove who they are: the event tells how they tried, as the answer does not. */
function unauthenticated({ request, caller }: RequestRecord, { status }: HttpResponse): object {
  const [scheme = ''] = (request.headers['authorization'] ?? '').trim().split(' ')
  const tried = [
    ...(['basic', 'bearer'].includes(scheme.toLowerCase()) ? [scheme.toLowerCase()] : []),
    ...(caller.certificate === undefined ? [] : ['x509']),
  ]
  const message =
    tried.length > 0 ? `Authentication failed, attempted: ${tried.join(', ')}` : 'Authentication failed, no credentials provided'
  return { metadata: {}, message, code: status }
}

/** As the request was sent: a patch is its own, and a body that cannot be read is none. */
function readRequest({ request, kind }: RequestRecord): unknown {
  if (request.body === undefined || request.body.byteLength === 0) return undefined
  return read(request.body, request.headers['content-type'] ?? 'application/json', kind)
}

/** JSON and protobuf begin with the kind: who keeps no answers need not read long ones only to see that they are no Status. */
const mayBeStatus = ({ headers }: HttpResponse, body: Uint8Array): boolean =>
  String(headers['content-type']).includes('yaml') ||
  Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 64)).includes('Status')

const readAnswer = ({ kind }: RequestRecord, { headers }: HttpResponse, body: Uint8Array): unknown =>
  headers['content-encoding'] === undefined ? read(body, String(headers['content-type'] ?? ''), kind) : undefined

function read(body: Uint8Array, contentType: string, kind: RequestRecord['kind']): unknown {
  if (body.byteLength > bodyBytes) return undefined
  try {
    if (contentType.startsWith('application/vnd.kubernetes.protobuf'))
      return readProtobufBody(body, (_apiVersion, name) => (name === kind?.kind ? kind : undefined))
    if (contentType.includes('yaml')) return yamlOf(body).value
    return contentType.includes('json') ? JSON.parse(Buffer.from(body).toString()) : undefined
  } catch {
    // Whoever sent it is told so by the request itself; the event goes without.
    return undefined
  }
}

function withoutManagedFields(value: unknown): unknown {
  if (!isObject(value)) return value
  const { metadata, items } = value
  return {
    ...value,
    ...(isObject(metadata) && 'managedFields' in metadata && { metadata: { ...metadata, managedFields: undefined } }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
  }
}

/** From whom it came: what proxies say, then the connection's own address. */
function sourceAddresses({ request, caller }: RequestRecord): readonly string[] {
  const told = [...(request.headers['x-forwarded-for'] ?? '').split(','), request.headers['x-real-ip'] ?? '']
  const all = [...told, caller.remoteAddress.replace(/^::ffff:/, '')].map((address) => address.trim())
  return [...new Set(all.filter((address) => /^[\d.]+$|^[\da-f:.]+$/i.test(address)))]
}

const microTime = (ms: number): string => `${rfc3339(ms).slice(0, -1)}.${String(Math.floor((ms % 1000) * 1000)).padStart(6, '0')}Z`
const cut = (userAgent: string): string => (userAgent.length > userAgentMax ? `${userAgent.slice(0, userAgentMax)}...TRUNCATED` : userAgent)
const userAgentMax = 1024
/** Objects are smaller; lists of this size would make the log their copy. */
const bodyBytes = 1_572_864
