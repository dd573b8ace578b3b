import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Affinity } from '#api/core/v1/types.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Single } from '#loop/controller.ts'
import { namePrefix } from '../common/name-prefix.ts'
import { revisionLabel } from '../common/template-history.ts'
import { daemonTolerations } from './tolerations.ts'

/** The older name of a template: a number that counts its changes. Pods still carry it for who looks for it. */
const generationLabel = 'pod-template-generation'
const generationAnnotation = 'deprecated.daemonset.template.generation'

/** Makes the pod of one node. It is bound by the scheduler, which finds the node's name in the pod's affinity. */
export function createDaemonPod(daemonSet: DaemonSet, nodeName: string, hash: string): Single {
  const { metadata, spec } = daemonSet.spec.template
  const { labels, annotations, finalizers } = metadata ?? {}
  const generation = templateGeneration(daemonSet)
  return {
    do: 'create',
    kind: Pod,
    namespace: daemonSet.metadata.namespace,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: namePrefix(daemonSet.metadata.name),
        namespace: daemonSet.metadata.namespace,
        labels: { ...labels, ...(generation === undefined ? {} : { [generationLabel]: generation }), [revisionLabel]: hash },
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
        ownerReferences: [ownerReference(DaemonSet, daemonSet)],
      },
      spec: { ...spec, affinity: affinityTo(nodeName, spec.affinity), tolerations: daemonTolerations(spec) },
    },
  }
}

/** Whether the pod comes from the present template, by either of its names. */
export function isUpdated({ metadata }: Pod, daemonSet: DaemonSet, hash: string): boolean {
  if (metadata.labels?.[revisionLabel] === hash) return true
  const generation = templateGeneration(daemonSet)
  return generation !== undefined && metadata.labels?.[generationLabel] === generation
}

/** Where the pod runs, or where its affinity says that it will; undefined for one that is no daemon pod's. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const named = terms
    .flatMap(({ matchFields = [] }) => matchFields)
    .find(({ key, operator }) => key === 'metadata.name' && operator === 'In')
  return named?.values?.length === 1 ? named.values[0] : undefined
}

export const isScheduled = ({ spec }: Pod): boolean => spec.nodeName !== undefined && spec.nodeName !== ''

/** Scheduled ones first, then the older first; of the same second by name. */
export function byAge(a: Pod, b: Pod): number {
  const created = compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp)
  return Number(isScheduled(b)) - Number(isScheduled(a)) || created || compare(a.metadata.name, b.metadata.name)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The required terms chose this node already; as alternatives to each other they would allow others too, so the name takes their place. */
function affinityTo(nodeName: string, affinity: Affinity | undefined): Affinity {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [nodeName] }] }]
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  }
}

/** Undefined when absent or unreadable: then the hash alone counts. */
function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[generationAnnotation]
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? String(Number(text)) : undefined
}
