import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/kind.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { watchedKinds } from './queue/watched-kinds.ts'

/** Every kind that decisions look at: `SchedulerOptions.sources` should know them all. */
export const neededKinds: readonly AnyKind[] = [
  Pod,
  Node,
  Namespace,
  Service,
  ReplicationController,
  ReplicaSet,
  StatefulSet,
  PodDisruptionBudget,
  ...watchedKinds.values(),
]
