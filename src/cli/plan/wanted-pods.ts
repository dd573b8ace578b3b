import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import type { Node } from '#api/core/v1/node.ts'
import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import type { Affinity, PodSpec, PodTemplateSpec, Toleration } from '#api/core/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'

/** Kinds that make pods of a template. */
export const workloadKinds: readonly AnyKind[] = [Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, ReplicationController]

/** The pods that a workload wants. */
export interface WantedPods {
  readonly template: PodTemplateSpec
  /** One name a pod, and the node that it is for where it is for one. */
  readonly pods: readonly { readonly name: string; readonly nodeName?: string }[]
  /** Why there are none, or what else is to be known. */
  readonly note?: string
}

/** What the workload's controller would make, with everything in its place. `nodes` are for a DaemonSet. */
export function wantedPods(object: KubeObject, nodes: readonly Node[]): WantedPods {
  const { name } = object.metadata
  const numbered = (count: number, first = 0) => Array.from({ length: count }, (_, index) => ({ name: `${name}-${first + index}` }))
  switch (object.kind) {
    case 'DaemonSet': {
      const template = daemonTemplate((object as DaemonSet).spec.template)
      const own = nodes.filter((node) => isFor(template.spec, node)).map(({ metadata }) => metadata.name)
      return { template, pods: own.map((nodeName) => ({ name: `${name}-${nodeName}`, nodeName })) }
    }
    case 'StatefulSet': {
      const { spec } = object as StatefulSet
      return { template: spec.template, pods: numbered(spec.replicas ?? 1, spec.ordinals?.start ?? 0) }
    }
    case 'Job':
      return jobPods((object as Job).spec, numbered, (object as Job).status)
    case 'CronJob': {
      const { spec } = object as CronJob
      const wanted = jobPods(spec.jobTemplate.spec, numbered)
      return { ...wanted, note: `one run of it, at ${spec.schedule}${spec.suspend ? '; it is suspended now' : ''}` }
    }
    default: {
      const { spec } = object as Deployment
      return { template: spec.template, pods: numbered(spec.replicas ?? 1) }
    }
  }
}

function jobPods(spec: Job['spec'], numbered: (count: number) => WantedPods['pods'], status: Job['status'] = {}): WantedPods {
  const { template, parallelism = 1, completions, suspend } = spec
  const end = status.conditions?.find(({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'))
  if (end !== undefined) return { template, pods: [], note: `it is over already: ${end.type}` }
  if (suspend) return { template, pods: [], note: 'it is suspended' }
  const left = completions === undefined ? parallelism : Math.max(0, completions - (status.succeeded ?? 0))
  const count = Math.min(parallelism, left)
  const rest = completions === undefined ? 0 : left - count
  return { template, pods: numbered(count), ...(rest > 0 && { note: `${rest} more follow as these end` }) }
}

/** Every daemon pod tolerates these taints (Kubernetes documentation, DaemonSet, "Taints and tolerations"). */
const tolerated: readonly (readonly [key: string, effect: string])[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
]

function daemonTemplate(template: PodTemplateSpec): PodTemplateSpec {
  const keys = template.spec.hostNetwork ? [...tolerated, ['network-unavailable', 'NoSchedule'] as const] : tolerated
  const added = keys.map(([key, effect]) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect }) as Toleration)
  return { ...template, spec: { ...template.spec, tolerations: [...(template.spec.tolerations ?? []), ...added] } }
}

/** Whether the set wants a pod there; room is the scheduler's business. */
function isFor(spec: PodSpec, node: Node): boolean {
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return false
  if (!matchesRequiredAffinity(spec, node)) return false
  return untoleratedTaint(node.spec.taints, spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined
}

/** A daemon pod names its node in its affinity; the required terms have chosen it already. */
export const affinityTo = (nodeName: string, affinity: Affinity | undefined): Affinity => ({
  ...affinity,
  nodeAffinity: {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }],
    },
  },
})
