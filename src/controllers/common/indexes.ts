import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'

/** An index that the composition has to keep for `Cache.indexed`. An object is under its value, or nowhere. */
export interface CacheIndex {
  readonly kind: AnyKind
  readonly name: string
  readonly valueOf: (object: KubeObject) => string | undefined
}

/** Pods by node. */
export const byNodeName = 'spec.nodeName'
/** Objects without a controller, by namespace: candidates for adoption. */
export const orphansByNamespace = 'orphans'
/** Endpoint slices by `namespace/service`. */
export const byService = 'service'

const orphanOf = (object: KubeObject): string | undefined => (controllerOf(object) === undefined ? object.metadata.namespace : undefined)

export const controllerIndexes: readonly CacheIndex[] = [
  { kind: Pod, name: byNodeName, valueOf: (object) => (object as Pod).spec.nodeName },
  { kind: Pod, name: orphansByNamespace, valueOf: orphanOf },
  { kind: ReplicaSet, name: orphansByNamespace, valueOf: orphanOf },
  {
    kind: EndpointSlice,
    name: byService,
    valueOf: ({ metadata }) => {
      const service = metadata.labels?.['kubernetes.io/service-name']
      return service === undefined ? undefined : `${metadata.namespace}/${service}`
    },
  },
]
