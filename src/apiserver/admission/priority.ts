import type { Pod } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Admission, AdmissionPlugin, Objects } from '../contract.ts'
import { refusal } from './refusal.ts'

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

/** Turns a pod's priorityClassName into the number that schedulers compare. One class at most stands for pods that name none. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  resources: ['pods', 'priorityclasses.scheduling.k8s.io'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  admit: (admission) => concerned[admission.attributes.resource]?.admit?.(admission) ?? Promise.resolve(admission.object),
  validate: async (admission) => concerned[admission.attributes.resource]?.validate?.(admission),
}

/** What is done, by resource. */
const concerned: Readonly<Record<string, Pick<AdmissionPlugin, 'admit' | 'validate'>>> = {
  pods: { admit: withPriority },
  priorityclasses: { validate: onlyOneDefault },
}

async function withPriority(admission: Admission): Promise<KubeObject | undefined> {
  const { operation, object, previous, objects } = admission
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
  const wanted = pod.spec.priorityClassName ?? ''
  const known = classesOf(objects)
  const found = wanted === '' ? globalDefaultOf(known) : known.find(({ metadata }) => metadata.name === wanted)
  if (found === undefined && wanted !== '') throw refusal(admission, `no PriorityClass with name ${wanted} was found`)
  const value = found?.value ?? 0
  if (pod.spec.priority !== undefined && pod.spec.priority !== value)
    throw refusal(
      admission,
      `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy)
    throw refusal(
      admission,
      `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  const name = found?.metadata.name ?? ''
  return {
    ...pod,
    spec: { ...pod.spec, priority: value, preemptionPolicy: policy, ...(name !== '' && { priorityClassName: name }) },
  } as unknown as KubeObject
}

async function onlyOneDefault(admission: Admission): Promise<void> {
  const { operation, object, objects } = admission
  const { globalDefault, metadata } = object as unknown as PriorityClass
  const present = globalDefault === true ? globalDefaultOf(classesOf(objects)) : undefined
  if (present !== undefined && (operation === 'CREATE' || present.metadata.name !== metadata.name))
    throw refusal(admission, `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`)
}

/** Should two have come at the same time, the lower one counts. */
const globalDefaultOf = (classes: readonly PriorityClass[]): PriorityClass | undefined =>
  classes.filter(({ globalDefault }) => globalDefault).toSorted((a, b) => a.value - b.value)[0]

function classesOf(objects: Objects): readonly PriorityClass[] {
  const kind = objects.kindOf('scheduling.k8s.io', 'priorityclasses')
  const stored = kind === undefined ? [] : (objects.list(kind) as unknown as readonly PriorityClass[])
  return [...stored, ...systemClasses.filter(({ metadata }) => !stored.some((one) => one.metadata.name === metadata.name))]
}
