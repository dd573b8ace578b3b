import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { OwnerReference } from '#api/meta/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller, Source } from '#loop/controller.ts'
import { perKinds, type ServedKinds } from '#loop/served-kinds.ts'
import { keyFor, splitKey } from '../common/key.ts'
import { type Dependent, foregroundFinalizer, type GarbageView, type Owner, orphanFinalizer, planGarbage } from './plan.ts'

/** Deletes objects whose owners are gone. `served`: all that are stored and can be deleted; an owner of another kind is taken to live. */
export function garbageCollector(served: ServedKinds): Controller<GarbageView> {
  const tables = perKinds(served, (all) => {
    const kinds = all.filter(isKept)
    return {
      kinds,
      byResource: new Map(kinds.map((kind) => [`${kind.group}/${kind.plural}`, kind])),
      byReference: new Map(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind])),
    }
  })
  const ownerKind = ({ apiVersion, kind }: OwnerReference) => tables().byReference.get(`${groupOf(apiVersion)}/${kind}`)

  /** Who gives an owner's uid, but another name, kind or namespace, depends on nobody: the owner does not wait for it, and hears nothing of its end. */
  function dependentsOf(owner: AnyKind, { metadata }: KubeObject, cache: Cache): readonly Dependent[] {
    const means = (reference: OwnerReference) =>
      reference.uid === metadata.uid &&
      reference.name === metadata.name &&
      reference.kind === owner.kind &&
      groupOf(reference.apiVersion) === owner.group
    const depends = (object: KubeObject) => (object.metadata.ownerReferences ?? []).some(means)
    return tables().kinds.flatMap((kind) =>
      (cache.ownedBy(kind, metadata, 'any') as readonly KubeObject[]).filter(depends).map((object) => ({ kind, object })),
    )
  }

  function source(kind: AnyKind): Source {
    return {
      kind,
      keys: (object: KubeObject, cache: Cache, previous: KubeObject | undefined) => {
        const { name, namespace, uid, deletionTimestamp, finalizers } = object.metadata
        const isGone = (cache.get(kind, name, namespace) as KubeObject | undefined)?.metadata.uid !== uid
        const keys: string[] = []
        if (!isGone && concerns(object)) keys.push(keyOfKind(kind, namespace, name))
        const leaves =
          deletionTimestamp !== undefined &&
          (previous?.metadata.deletionTimestamp === undefined || !same(previous.metadata.finalizers, finalizers))
        if (isGone || leaves)
          keys.push(
            ...dependentsOf(kind, object, cache).map((one) => keyOfKind(one.kind, one.object.metadata.namespace, one.object.metadata.name)),
          )
        // An owner that waits has to hear of each dependent that goes, or that it no longer owns.
        for (const reference of [...(object.metadata.ownerReferences ?? []), ...(previous?.metadata.ownerReferences ?? [])]) {
          const owner = ownerKind(reference)
          if (owner === undefined) continue
          const place = owner.scope === 'Namespaced' ? namespace : undefined
          const present = cache.get(owner, reference.name, place) as KubeObject | undefined
          if (present?.metadata.deletionTimestamp !== undefined) keys.push(keyOfKind(owner, place, reference.name))
        }
        return keys
      },
    }
  }

  function ownerOf(reference: OwnerReference, object: KubeObject, cache: Cache): Owner {
    const kind = ownerKind(reference)
    if (kind === undefined) return { reference, state: 'unknown' }
    const { namespace } = object.metadata
    if (kind.scope === 'Namespaced' && namespace === undefined) return { reference, state: 'unknown', isForeign: true }
    const place = kind.scope === 'Namespaced' ? namespace : undefined
    const where = { reference, kind, ...(place === undefined ? {} : { namespace: place }) }
    const owner = cache.get(kind, reference.name, place) as KubeObject | undefined
    if (owner?.metadata.uid === reference.uid) {
      const waits = owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(foregroundFinalizer)
      return { ...where, state: waits ? 'waiting' : 'present' }
    }
    const isElsewhere =
      place !== undefined && (cache.list(kind) as readonly KubeObject[]).some(({ metadata }) => metadata.uid === reference.uid)
    return { ...where, state: 'absent', ...(isElsewhere ? { isForeign: true as const } : {}) }
  }

  return {
    name: 'generic-garbage-collector',
    eventSource: 'garbage-collector-controller',
    sources: tables().kinds.map(source),
    sourceOf: (kind) => (isKept(kind) ? source(kind) : undefined),
    view: (key, cache) => {
      const [resource = '', place = ''] = key.split(' ')
      const kind = tables().byResource.get(resource)
      const { namespace, name } = splitKey(place)
      const object = kind && (cache.get(kind, name, namespace === '' ? undefined : namespace) as KubeObject | undefined)
      if (kind === undefined || object === undefined || !concerns(object)) return undefined
      const owners = (object.metadata.ownerReferences ?? []).map((reference) => ownerOf(reference, object, cache))
      const readsDependents = object.metadata.deletionTimestamp !== undefined || owners.some(({ state }) => state === 'waiting')
      return { kind, object, owners, dependents: readsDependents ? dependentsOf(kind, object, cache) : [] }
    },
    plan: planGarbage,
  }
}

/** What goes by itself after a while (Event) is not worth a place in the graph. */
const isKept = ({ rules }: AnyKind): boolean => rules.ttlSeconds === undefined

/** Only what has owners, or a deletion that waits, can ever be the collector's business. */
const concerns = ({ metadata }: KubeObject): boolean =>
  (metadata.ownerReferences?.length ?? 0) > 0 ||
  (metadata.finalizers ?? []).some((finalizer) => finalizer === foregroundFinalizer || finalizer === orphanFinalizer)

const keyOfKind = (kind: AnyKind, namespace: string | undefined, name: string): string =>
  `${kind.group}/${kind.plural} ${keyFor(namespace, name)}`

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')
