import { DeleteOptions as DeleteOptionsType } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { isObject } from '#schema/fields.ts'
import { invalid, notSupported } from '#schema/validate.ts'
import type { DeleteOptions } from '../registry/delete.ts'
import { parseJsonBody } from './body.ts'
import { bodyEncoding } from './negotiate.ts'
import { isProtobufBody, readProtobufBody } from './protobuf-body.ts'
import { badRequest, invalidError } from './status.ts'
import { dryRunProblems } from './write-options.ts'
import { yamlOf } from './yaml-body.ts'

/** What a delete asks for, from its query or its body; `options` is that as admission sees it. */
export interface ParsedDelete extends DeleteOptions {
  readonly dryRun: boolean
  readonly options: Readonly<Record<string, unknown>>
}

/** How to delete: from the body where there is one, else from the query. Throws `BadRequest` and `Invalid` with the reference's words. */
export function parseDeleteOptions(
  body: Uint8Array | undefined,
  contentType: string | undefined,
  query: URLSearchParams,
  isKnown: (apiVersion: string, kind: string) => boolean,
): ParsedDelete {
  const given = body === undefined || body.byteLength === 0 ? fromQuery(query) : fromBody(body, contentType, isKnown)
  const causes: Cause[] = []
  const { orphanDependents, propagationPolicy } = given
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    causes.push(invalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'))
  if (propagationPolicy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(propagationPolicy))
    causes.push(notSupported('propagationPolicy', propagationPolicy, ['Foreground', 'Background', 'Orphan', 'nil']))
  const dryRun = given.dryRun ?? []
  causes.push(...dryRunProblems(dryRun))
  if (causes.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', causes)
  return { ...given, dryRun: dryRun.length > 0, options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...given } }
}

type Given = DeleteOptions & { readonly dryRun?: readonly string[] }

function fromBody(body: Uint8Array, contentType: string | undefined, isKnown: (apiVersion: string, kind: string) => boolean): Given {
  const encoding = bodyEncoding(contentType)
  const value =
    encoding === 'yaml'
      ? readYaml(body)
      : encoding === 'protobuf'
        ? readProtobuf(body)
        : parseJsonBody(body, (why) => badRequest(`couldn't get version/kind; json parse error: ${why}`)).value
  if (value === null) return {}
  if (!isObject(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  }
  const kind = typeof value['kind'] === 'string' ? value['kind'] : 'DeleteOptions'
  const apiVersion = typeof value['apiVersion'] === 'string' ? value['apiVersion'] : 'meta.k8s.io/v1'
  if (kind === 'Status' && apiVersion === 'meta.k8s.io/v1')
    throw badRequest('converting (v1.Status) to (v1.DeleteOptions): unknown conversion')
  if (kind !== 'DeleteOptions')
    throw badRequest(
      isKnown(apiVersion, kind) && kind === 'Status'
        ? `decoded object cannot be converted to DeleteOptions`
        : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const decoded = decode(DeleteOptionsType, value, { strict: false })
  if (decoded.errors.length > 0) throw badRequest(decoded.errors[0]!)
  return decoded.value as Given
}

function readProtobuf(body: Uint8Array): unknown {
  if (!isProtobufBody(body)) throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  try {
    return readProtobufBody(body, (_apiVersion, kind) => (kind === 'DeleteOptions' ? DeleteOptionsType : undefined))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw badRequest(error.message)
  }
}

function readYaml(body: Uint8Array): unknown {
  try {
    return yamlOf(body).value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw badRequest(error.message)
  }
}

function fromQuery(query: URLSearchParams): Given {
  const grace = query.get('gracePeriodSeconds')
  if (grace !== null && !/^[+-]?\d+$/.test(grace)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`)
  const orphan = query.get('orphanDependents')
  const policy = query.get('propagationPolicy')
  const dryRun = query.getAll('dryRun')
  return {
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(orphan !== null && { orphanDependents: orphan !== 'false' && orphan !== '0' }),
    ...(policy !== null && { propagationPolicy: policy }),
    ...(dryRun.length > 0 && { dryRun }),
  }
}
