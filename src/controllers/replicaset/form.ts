import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'

/**
 * In whose words a set of replicas is written. A ReplicationController is a ReplicaSet of older words: it is read as one, planned for as one,
 * and written as what it is.
 */
export interface ReplicaForm {
  readonly kind: AnyKind
  readonly toSet: (object: KubeObject) => ReplicaSet
  readonly fromSet: (set: ReplicaSet) => KubeObject
}

export const replicaSetForm: ReplicaForm = {
  kind: ReplicaSet,
  toSet: (object) => object as ReplicaSet,
  fromSet: (set) => set,
}

export const replicationControllerForm: ReplicaForm = {
  kind: ReplicationController,
  toSet(object) {
    const { spec, ...rest } = object as ReplicationController
    return { ...rest, spec: { ...spec, selector: { matchLabels: spec.selector ?? {} }, template: spec.template ?? {} } } as ReplicaSet
  },
  fromSet({ spec, status, ...rest }) {
    const { terminatingReplicas: _unknownHere, ...own } = status
    return { ...rest, spec: { ...spec, selector: spec.selector.matchLabels }, status: own } as ReplicationController
  },
}
