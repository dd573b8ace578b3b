import type { Pod } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin, Objects } from '../contract.ts'
import { forbiddenError } from '../http/status.ts'

interface PriorityClass {
  readonly value: number
  readonly globalDefault?: boolean
  readonly preemptionPolicy?: string
  readonly metadata: { readonly name: string }
}

/** Classes that every cluster has, so that its own parts can be placed before any class is stored. */
const systemClasses: readonly PriorityClass[] = [
  { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 },
  { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000 },
]

/** Turns a pod's priorityClassName into the number that schedulers compare. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  async admit({ attributes, operation, kind, object, previous, objects }) {
    if (attributes.group !== '' || attributes.resource !== 'pods' || attributes.subresource !== '') return object
    const pod = object as unknown as Pod
    if (operation === 'UPDATE') {
      // A client that leaves them out does not mean to take them away.
      const { spec: before } = previous as unknown as Pod
      const kept = {
        ...(pod.spec.priority === undefined && before.priority !== undefined && { priority: before.priority }),
        ...(pod.spec.preemptionPolicy === undefined &&
          before.preemptionPolicy !== undefined && { preemptionPolicy: before.preemptionPolicy }),
      }
      return Object.keys(kept).length === 0 ? object : ({ ...pod, spec: { ...pod.spec, ...kept } } as unknown as KubeObject)
    }
    if (operation !== 'CREATE') return object
    const wanted = pod.spec.priorityClassName ?? ''
    const known = classesOf(objects)
    const found =
      wanted === ''
        ? known.filter(({ globalDefault }) => globalDefault).sort((a, b) => a.value - b.value)[0]
        : known.find(({ metadata }) => metadata.name === wanted)
    if (found === undefined && wanted !== '') throw forbiddenError(kind, attributes.name, `no PriorityClass with name ${wanted} was found`)
    const value = found?.value ?? 0
    if (pod.spec.priority !== undefined && pod.spec.priority !== value)
      throw forbiddenError(
        kind,
        attributes.name,
        `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      )
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
    if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy)
      throw forbiddenError(
        kind,
        attributes.name,
        `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      )
    const name = found?.metadata.name ?? ''
    return {
      ...pod,
      spec: { ...pod.spec, priority: value, preemptionPolicy: policy, ...(name !== '' && { priorityClassName: name }) },
    } as unknown as KubeObject
  },
}

function classesOf(objects: Objects): readonly PriorityClass[] {
  const kind = objects.kindOf('scheduling.k8s.io', 'priorityclasses')
  const stored = kind === undefined ? [] : (objects.list(kind) as unknown as readonly PriorityClass[])
  return [...stored, ...systemClasses.filter(({ metadata }) => !stored.some((one) => one.metadata.name === metadata.name))]
}
