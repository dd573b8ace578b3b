import { Namespace } from '#api/core/v1/namespace.ts'
import { apiVersionOf, type KubeObject } from '#api/kind.ts'
import type { Value } from '#lib/cel/cel.ts'
import { adoptJson } from '#lib/cel/values.ts'
import { type AskAuthorizer, authorizerValue, resourceCheckValue } from '#schema/cel/authorizer.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import type { AnyType } from '#schema/schema.ts'
import type { Admission } from '../../contract.ts'
import { notFoundError } from '../../http/status.ts'
import { convert, type Subject } from '../subject.ts'
import type { Matched } from './matching.ts'

/** A write as the expressions of one policy see it. */
export interface Seen {
  readonly variables: Readonly<Record<string, Value>>
  /** The type of the object, in the version of the policy; `undefined` where there is none. */
  readonly type: AnyType | undefined
  readonly apiVersion: string
  readonly kind: string
  /** As JSON. */
  readonly object: unknown
}

/** What expressions may name of a write, but for parameters and the authorizer. */
export async function see(admission: Admission, subject: Subject, { resource, as }: Matched): Promise<Seen> {
  const { kind: own, attributes, operation, dryRun, options, objects } = admission
  const isOwn = as === undefined || subject.type !== own
  const kind = isOwn ? subject.kind : as
  const type = isOwn ? subject.type : as
  const inVersion = (object: KubeObject | undefined): Promise<KubeObject | undefined> =>
    isOwn ? Promise.resolve(object) : convert(object, own, as)
  const apiVersion = apiVersionOf(kind)
  const identity = { apiVersion, kind: kind.kind }
  const object = jsonOf(type, await inVersion(subject.object), identity)
  const { user } = attributes
  const shown = ({ group, version, kind: name }: { group: string; version: string; kind: string }) => ({ group, version, kind: name })
  const request = {
    uid: '',
    kind: shown(kind),
    resource,
    ...given('subResource', subject.subresource),
    requestKind: shown(subject.kind),
    requestResource: subject.resource,
    ...given('requestSubResource', subject.subresource),
    ...given('name', attributes.name || subject.name),
    ...given('namespace', attributes.namespace),
    operation,
    userInfo: {
      ...given('username', user.name),
      ...given('uid', user.uid ?? ''),
      ...(user.groups.length > 0 ? { groups: user.groups } : {}),
      ...(Object.keys(user.extra ?? {}).length > 0 ? { extra: user.extra } : {}),
    },
    dryRun,
    options,
  }
  return {
    variables: {
      object: adoptJson(object),
      oldObject: adoptJson(jsonOf(type, await inVersion(subject.previous), identity)),
      request: adoptJson(request),
      namespaceObject: adoptJson(namespaceOf(objects, subject)),
    },
    type,
    ...identity,
    object,
  }
}

/** The authorizer and the check of what the request asks for, as variables. */
export const authorizerVariables = (ask: AskAuthorizer, { attributes }: Admission): Readonly<Record<string, Value>> => ({
  authorizer: authorizerValue(ask),
  'authorizer.requestResource': resourceCheckValue(ask, attributes),
})

const given = (name: string, text: string): Readonly<Record<string, string>> => (text === '' ? {} : { [name]: text })

function jsonOf(type: AnyType | undefined, object: KubeObject | undefined, identity: object): unknown {
  if (object === undefined) return null
  if (type === undefined) return object
  return parseExact(encodeJson(type, { ...object, ...identity } as never))
}

/** What expressions see of the object's namespace; nothing of a Namespace itself and of what lies in none. */
function namespaceOf(objects: Admission['objects'], subject: Subject): unknown {
  if (subject.namespace === '' || subject.isNamespace) return null
  const namespace = objects.get(Namespace, subject.namespace)
  if (namespace === undefined) throw notFoundError(Namespace, subject.namespace)
  const { managedFields: _managed, ownerReferences: _owners, ...metadata } = namespace.metadata
  const { spec, status } = namespace as KubeObject & { readonly spec?: unknown; readonly status?: unknown }
  return { metadata, spec: spec ?? {}, status: status ?? {} }
}
