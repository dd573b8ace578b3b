import { Node } from '#api/core/v1/node.ts'
import { podRequests } from '#api/core/v1/resources.ts'
import type { Pod } from '#api/core/v1/types.ts'
import { compareQuantity, quantityOf, quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission, AdmissionPlugin } from '../contract.ts'
import { refusal } from './refusal.ts'

/** A bound pod does not grow past what its node has to give, and only where a node can resize pods at all. */
export const podResizeValidator: AdmissionPlugin = {
  name: 'PodResizeValidator',
  resources: ['pods'],
  subresources: ['resize'],
  operations: ['UPDATE'],
  async validate(admission) {
    const found = boundNode(admission)
    if (found === undefined) return
    const { node, pod } = found
    const system = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux'
    if (system !== 'linux')
      throw refusal(admission, `pod resize is only supported on linux nodes, node ${quote(node.metadata.name)} is ${quote(system)}`, {
        causes: [{ reason: 'UnsupportedPlatform', message: '' }],
      })
    const problems = [
      tooMuch(pod, node, 'cpu', quantityToMilli as (amount: unknown) => number),
      tooMuch(pod, node, 'memory', quantityToInteger as (amount: unknown) => number),
    ].flatMap((problem) => problem ?? [])
    if (problems.length > 0)
      throw refusal(admission, `node didn't have enough allocatable resources: ${problems.join('; ')}`, {
        causes: [{ reason: 'NodeCapacity', message: '' }],
      })
  },
}

/** What a node must have declared for an update of a pod that is bound to it (KEP-5328): resizing what only newer kubelets can resize. */
export const nodeDeclaredFeatureValidator: AdmissionPlugin = {
  name: 'NodeDeclaredFeatureValidator',
  resources: ['pods'],
  subresources: ['', 'resize'],
  operations: ['UPDATE'],
  async validate(admission) {
    const needed = neededFeatures(admission)
    if (needed.length === 0) return
    const found = boundNode(admission)
    if (found === undefined) return
    const { declaredFeatures = [] } = (found.node.status ?? {}) as { readonly declaredFeatures?: readonly string[] }
    const missing = needed.filter((feature) => !declaredFeatures.includes(feature))
    if (missing.length > 0)
      throw refusal(
        admission,
        `pod update requires features ${missing.join(', ')} which are not available on node ${quote(found.node.metadata.name)}`,
      )
  },
}

function neededFeatures({ object, previous }: Admission): string[] {
  const [next, before] = [object, previous].map((pod) => (pod as unknown as Pod).spec)
  const changed = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b)
  const initChanged = (before!.initContainers ?? []).some(
    ({ restartPolicy, resources }, position) =>
      restartPolicy !== 'Always' && changed(resources, next!.initContainers?.[position]?.resources),
  )
  return [
    ...(initChanged ? ['InPlacePodVerticalScalingInitContainers'] : []),
    ...(changed(before!.resources, next!.resources) ? ['InPlacePodLevelResourcesVerticalScaling'] : []),
  ]
}

/** The pod's node, for an update that changes the spec of a bound pod. */
function boundNode(admission: Admission): { readonly pod: Pod; readonly node: Node } | undefined {
  const { object, previous, objects } = admission
  const pod = object as unknown as Pod
  const nodeName = pod.spec.nodeName ?? ''
  if (nodeName === '' || object!.metadata.generation === previous!.metadata.generation) return undefined
  const node = objects.get(Node, nodeName) as Node | undefined
  if (node === undefined) throw refusal(admission, `node ${quote(nodeName)} not found`)
  return { pod, node }
}

function tooMuch(pod: Pod, node: Node, name: string, shown: (amount: unknown) => number): string | undefined {
  const requested = podRequests(pod.spec)[name] ?? quantityOf(0)
  const allocatable = node.status?.allocatable?.[name] ?? '0'
  return compareQuantity(requested, allocatable) > 0
    ? `${name}, requested: ${shown(requested)}, allocatable: ${shown(allocatable)}`
    : undefined
}
