import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import type { Objects } from './objects.ts'

/** What a workload has already. */
export interface Present {
  /** Who owns its next pods: of a Deployment its ReplicaSet of this template, made up where there is none. */
  readonly owner: KubeObject
  /** The pods that it has and that have not ended. */
  readonly own: readonly Pod[]
  /** Whether those are of the template that it is to have. */
  readonly isSame: boolean
}

/** `object` as it is to be, `present` as it is. */
export function presentPods(kind: AnyKind, object: KubeObject, present: KubeObject | undefined, cluster: Objects): Present {
  const { namespace } = object.metadata
  const isSame = present === undefined || JSON.stringify(templateOf(present)) === JSON.stringify(templateOf(object))
  const pods = present === undefined ? [] : cluster.list(Pod, namespace).filter(isPodActive)
  const isOwned = kind.kind === 'Deployment'
  const makers = present === undefined ? [] : isOwned ? setsOf(present, cluster) : [present]
  const own = pods.filter((pod) => makers.some((maker) => isControlledBy(pod, maker)))
  if (!isOwned) return { owner: present ?? object, own, isSame }
  return { owner: (isSame ? makers[0] : undefined) ?? madeUpSet(object), own, isSame }
}

/** The label by which a Deployment tells its ReplicaSets apart. */
export const hashLabel = 'pod-template-hash'
/** Its value for pods of a ReplicaSet. */
export const hashOf = ({ metadata }: KubeObject): string => metadata.labels?.[hashLabel] ?? plannedHash

const plannedHash = 'planned'

/** Its ReplicaSets, the newest first. */
const setsOf = (deployment: KubeObject, cluster: Objects): readonly KubeObject[] =>
  cluster
    .list(ReplicaSet, deployment.metadata.namespace)
    .filter((set) => isControlledBy(set, deployment))
    .toSorted((a, b) => revisionOf(b) - revisionOf(a))

const revisionOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)

const templateOf = (object: KubeObject): unknown => {
  const { spec } = object as unknown as { readonly spec: { readonly template?: unknown; readonly jobTemplate?: unknown } }
  return spec.template ?? spec.jobTemplate
}

function madeUpSet(deployment: KubeObject): KubeObject {
  const { metadata } = deployment
  const { selector, template } = (deployment as unknown as ReplicaSet).spec
  const labels = { [hashLabel]: plannedHash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${plannedHash}`,
      uid: `planned/replicasets/${metadata.namespace}/${metadata.name}`,
      labels,
    },
    spec: { selector: { ...selector, matchLabels: { ...selector?.matchLabels, ...labels } }, template },
    status: {},
  } as unknown as KubeObject
}
