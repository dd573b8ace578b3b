import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { HeldKind } from '#loop/run.ts'
import { heldDeviceKinds } from './device-pools.ts'
import { podsByResourceClaim } from './pod-claims.ts'
import { heldServices, podsByLabel } from './service-indexes.ts'
import { heldVolumeKinds, podsByClaim } from './volume-indexes.ts'

/** Pods by node. */
export const byNodeName = 'spec.nodeName'
/** Objects without a controller, by namespace: candidates for adoption. */
export const orphansByNamespace = 'orphans'
/** Endpoint slices by `namespace/service`. */
export const byService = 'service'

const present = (value: string | undefined): readonly string[] => (value === undefined || value === '' ? [] : [value])
const orphans = (object: KubeObject): readonly string[] => (controllerOf(object) === undefined ? present(object.metadata.namespace) : [])

/** How the controllers want kinds held in memory: the indexes that their views look things up by, and kinds that no source names. */
export const heldKinds: readonly HeldKind[] = [
  {
    kind: Pod,
    indexes: {
      [byNodeName]: (pod: Pod) => present(pod.spec.nodeName),
      [orphansByNamespace]: orphans,
      ...podsByClaim,
      ...podsByResourceClaim,
      ...podsByLabel,
    },
  },
  { kind: ReplicaSet, indexes: { [orphansByNamespace]: orphans } },
  { kind: ControllerRevision, indexes: { [orphansByNamespace]: orphans } },
  {
    kind: EndpointSlice,
    indexes: {
      [byService]: ({ metadata }: EndpointSlice) => {
        const service = metadata.labels?.['kubernetes.io/service-name']
        return service === undefined ? [] : [`${metadata.namespace}/${service}`]
      },
    },
  },
  ...heldVolumeKinds,
  heldServices,
  ...heldDeviceKinds,
  { kind: Namespace },
  { kind: Node },
]
