import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Container, PodSpec } from '#api/core/v1/types.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Single } from '#loop/controller.ts'
import { namePrefix } from '../common/name-prefix.ts'
import { annotations, isIndexed, limitsEachIndex, trackingFinalizer } from './facts.ts'
import { failuresAfter } from './indexed.ts'

/** Makes a pod of the job's template; `index` and the pod whose place it takes are for Indexed jobs only. */
export function createPod(job: Job, index?: number, replaced?: Pod): Single {
  const { name, namespace } = job.metadata
  const { metadata = {}, spec } = job.spec.template
  const finalizers = [...(metadata.finalizers ?? []).filter((finalizer) => finalizer !== trackingFinalizer), trackingFinalizer]
  const own = index === undefined ? {} : ofIndex(job, index, replaced)
  const merged = (key: 'labels' | 'annotations') =>
    metadata[key] === undefined && own[key] === undefined ? {} : { [key]: { ...metadata[key], ...own[key] } }
  return {
    do: 'create',
    kind: Pod,
    namespace,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: index === undefined ? namePrefix(name) : generateNameOf(name, index),
        namespace,
        ...merged('labels'),
        ...merged('annotations'),
        finalizers,
        ownerReferences: [ownerReference(Job, job)],
      },
      spec: { ...(isIndexed(job) ? withIndexVariable(spec) : spec), ...(index !== undefined && { hostname: `${name}-${index}` }) },
    },
  }
}

interface Own {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

function ofIndex(job: Job, index: number, replaced: Pod | undefined): Own {
  const own = { [annotations.completionIndex]: `${index}` }
  if (!limitsEachIndex(job)) return { labels: own, annotations: own }
  const { counted, ignored } = failuresAfter(job, replaced)
  return {
    labels: own,
    annotations: {
      ...own,
      [annotations.indexFailureCount]: `${counted}`,
      ...(ignored > 0 && { [annotations.indexIgnoredFailureCount]: `${ignored}` }),
    },
  }
}

/** Of a name with 63 characters at most, five are the server's to choose; the job's own gives way, so that the index stands whole. */
const generatedNameLimit = 58
function generateNameOf(name: string, index: number): string {
  const end = `-${index}-`
  return name.slice(0, generatedNameLimit - end.length) + end
}

function withIndexVariable(spec: PodSpec): PodSpec {
  const added = (container: Container): Container =>
    container.env?.some(({ name }) => name === 'JOB_COMPLETION_INDEX')
      ? container
      : { ...container, env: [...(container.env ?? []), indexVariable] }
  const { initContainers, containers } = spec
  return { ...spec, ...(initContainers && { initContainers: initContainers.map(added) }), containers: containers.map(added) }
}

const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${annotations.completionIndex}']` } },
}
