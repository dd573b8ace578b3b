import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import type { AnyType } from '#schema/schema.ts'
import type { Admission } from '../contract.ts'

/** A resource in one of its versions. */
export interface ResourceVersion {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** A kind by its three names, as an AdmissionReview tells it. */
export interface KindVersion {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/**
 * What a write is about as those outside see it: for a part that is shown as another type (a Scale), and for an action, that type's object
 * instead of the stored one.
 */
export interface Subject {
  readonly kind: KindVersion
  readonly resource: ResourceVersion
  readonly subresource: string
  readonly name: string
  /** That of the object; for a Namespace its own name; '' for others that lie in none. */
  readonly namespace: string
  /** Whether it is a Namespace, or a part of one: no object of a namespace, though its requests name one. */
  readonly isNamespace: boolean
  /** How the object is written; undefined where it is options of a connection. */
  readonly type: AnyType | undefined
  readonly object: KubeObject | undefined
  readonly previous: KubeObject | undefined
  /** The admitted object with this one in place of the one seen. */
  readonly put: (seen: KubeObject) => KubeObject
}

/** What webhooks and policies are told of a write: for a part that is shown as a type of its own (Scale), that view. */
export function subjectOf(admission: Admission): Subject {
  const { attributes, kind, object, previous } = admission
  const { group, version, resource, subresource } = attributes
  const name = attributes.name || (object?.metadata?.name ?? '')
  const isNamespace = group === '' && resource === 'namespaces'
  const common = {
    resource: { group, version, resource },
    subresource,
    name,
    namespace: isNamespace ? name : attributes.namespace,
    isNamespace,
  }
  const part = subresource === '' ? undefined : kind.subresources?.[subresource]
  if (part?.sort === 'view') {
    const show = (stored: KubeObject | undefined) =>
      stored === undefined
        ? undefined
        : ({ apiVersion: apiVersionOf(part.type), kind: part.type.kind, ...(part.show(stored as never) as object) } as KubeObject)
    return {
      ...common,
      kind: part.type,
      type: part.type,
      object: show(object),
      previous: show(previous),
      put: (seen) => part.write(object as never, seen as never) as KubeObject,
    }
  }
  if ((part?.sort === 'action' || part?.sort === 'connect') && part.kindGV !== undefined) {
    const [ownGroup, ownVersion, ownKind] = part.kindGV
    return {
      ...common,
      kind: { group: ownGroup, version: ownVersion, kind: ownKind },
      type: part.sort === 'action' ? part.type : undefined,
      object,
      previous: undefined,
      put: (seen) => seen,
    }
  }
  return { ...common, kind, type: kind, object, previous, put: (seen) => seen }
}

/** An object in the words of another version of its kind. */
export async function convert(object: KubeObject | undefined, from: AnyKind, to: AnyKind): Promise<KubeObject | undefined> {
  if (object === undefined || from === to) return object
  const stored = ((await from.storedAs?.toStored(object as never)) ?? object) as KubeObject
  const shown = ((await to.storedAs?.fromStored(stored as never)) ?? stored) as KubeObject
  return { ...shown, apiVersion: apiVersionOf(to), kind: to.kind }
}
