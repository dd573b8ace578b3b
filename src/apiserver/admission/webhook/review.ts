import { AdmissionReview } from '#api/admission/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { isObject } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { encodeJson } from '#schema/json.ts'
import type { AnyType } from '#schema/schema.ts'
import { parseYaml } from '#schema/yaml.ts'
import type { Admission } from '../../contract.ts'
import { parseJsonBody } from '../../http/body.ts'
import type { KindVersion, ResourceVersion, Subject } from '../subject.ts'

/** What a webhook is asked, in the version of the resource that its rule is about. */
export interface Question {
  readonly admission: Admission
  readonly subject: Subject
  readonly kind: KindVersion
  readonly resource: ResourceVersion
  readonly type: AnyType | undefined
  readonly object: KubeObject | undefined
  readonly previous: KubeObject | undefined
}

/** What it answered, once that is sure to be an answer to the question. */
export interface Answer {
  readonly allowed: boolean
  readonly status: Readonly<Record<string, unknown>> | undefined
  /** The patch's text; undefined where nothing is to be changed. */
  readonly patch: Uint8Array | undefined
  readonly patchType: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** Versions of AdmissionReview that we speak; their fields are the same. */
export const reviewVersions: readonly string[] = ['v1', 'v1beta1']

/** An AdmissionReview as JSON. */
export function writeReview(question: Question, uid: string, version: string): Uint8Array {
  const { admission, subject, kind, resource, type, object, previous } = question
  const { attributes, operation, dryRun, options } = admission
  const { user } = attributes
  const review = {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: { group: kind.group, version: kind.version, kind: kind.kind },
      resource: { group: resource.group, version: resource.version, resource: resource.resource },
      ...(subject.subresource !== '' && { subResource: subject.subresource }),
      requestKind: { group: subject.kind.group, version: subject.kind.version, kind: subject.kind.kind },
      requestResource: subject.resource,
      ...(subject.subresource !== '' && { requestSubResource: subject.subresource }),
      ...(subject.name !== '' && { name: subject.name }),
      ...(subject.namespace !== '' && { namespace: subject.namespace }),
      operation,
      userInfo: {
        username: user.name,
        ...(user.uid !== undefined && user.uid !== '' && { uid: user.uid }),
        ...(user.groups.length > 0 && { groups: user.groups }),
        ...(user.extra !== undefined && Object.keys(user.extra).length > 0 && { extra: user.extra }),
      },
      object: null,
      oldObject: null,
      dryRun,
      options: operation === 'CONNECT' || Object.keys(options).length === 0 ? null : options,
    },
  }
  const text = JSON.stringify(review)
  // The objects are written by their own type; the rest of the review holds no such text before them.
  const at = text.lastIndexOf('"object":null,"oldObject":null')
  const objects = `"object":${jsonOf(type, object, kind)},"oldObject":${jsonOf(type, previous, kind)}`
  return Buffer.from(text.slice(0, at) + objects + text.slice(at + '"object":null,"oldObject":null'.length))
}

/** What is wrong with an answer goes out as an Error whose message is the reference's. */
export function readReview(body: Uint8Array, contentType: string, uid: string, version: string, isMutating: boolean): Answer {
  if (body.byteLength === 0) throw new Unreadable(`0-length response with status code: 200 and content type: ${contentType}`)
  const value = readTree(body)
  refuseOtherKind(value, version)
  const decoded = decode(AdmissionReview, value, { strict: false })
  if (decoded.errors.length > 0) throw new Unreadable(decoded.errors[0]!)
  const review = decoded.value as AdmissionReview
  const { response } = review
  if (response === undefined) throw new Error('webhook response was absent')
  const apiVersion = `admission.k8s.io/${version}`
  // The older version never promised to be checked.
  if (version === 'v1') {
    if (response.uid !== uid) throw new Error(`expected response.uid=${quote(uid)}, got ${quote(response.uid ?? '')}`)
    if (review.apiVersion !== apiVersion || review.kind !== 'AdmissionReview')
      throw new Error(
        `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${review.apiVersion || '/'}, Kind=${review.kind ?? ''}`,
      )
  }
  const patch = response.patch ? Buffer.from(response.patch, 'base64') : undefined
  const { patchType } = response
  if (version === 'v1') checkPatch(patch !== undefined, patchType, isMutating)
  return {
    allowed: response.allowed,
    status: response.status,
    patch: isMutating ? patch : undefined,
    patchType: version === 'v1' ? patchType : 'JSONPatch',
    annotations: response.auditAnnotations ?? {},
    warnings: response.warnings ?? [],
  }
}

/** JSON, or YAML where it does not look like JSON. */
function readTree(body: Uint8Array): unknown {
  const unreadable = (why: string) => new Unreadable(`couldn't get version/kind; json parse error: ${why}`)
  const text = Buffer.from(body).toString()
  if (/^\s*\{/.test(text)) return parseJsonBody(body, (why) => new WherryError('BadRequest', unreadable(why).message)).value
  let value: unknown
  try {
    value = parseYaml(text).value
  } catch (error) {
    throw unreadable((error as Error).message)
  }
  if (value === null || isObject(value)) return value ?? {}
  const is = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  throw unreadable(
    `json: cannot unmarshal ${is} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  )
}

/** What names itself something else than a review is no answer at all; one that names itself nothing may be one. */
function refuseOtherKind(value: unknown, version: string): void {
  const { apiVersion = '', kind = '', message = '', status } = value as Readonly<Record<string, string | undefined>>
  if (kind === 'Status' && apiVersion === 'v1') {
    if (status !== 'Success') throw new Unreadable(message)
    return
  }
  if (kind === '' || apiVersion === '') return
  const other = reviewVersions.find((one) => one !== version && apiVersion === `admission.k8s.io/${one}`)
  if (kind === 'AdmissionReview' && other !== undefined)
    throw new Unreadable(`converting (${other}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`)
  if (kind !== 'AdmissionReview' || apiVersion !== `admission.k8s.io/${version}`)
    throw new Unreadable(`no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`)
}

/** Not even an AdmissionReview: the call failed, rather than the answer. */
export class Unreadable extends Error {}

function checkPatch(hasPatch: boolean, patchType: string | undefined, isMutating: boolean): void {
  if (!isMutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch')
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType')
    return
  }
  if (hasPatch && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType')
  if (!hasPatch && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch')
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
}

function jsonOf(type: AnyType | undefined, object: KubeObject | undefined, kind: KindVersion): string {
  if (object === undefined) return 'null'
  const named = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }
  return type === undefined ? JSON.stringify(named) : encodeJson(type, named)
}
