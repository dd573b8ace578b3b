import type { PodSpec, ResourceList, Toleration } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission, AdmissionPlugin } from '../contract.ts'
import { refusal } from './refusal.ts'
import { mergeTolerations } from './tolerations.ts'

interface RuntimeClass extends KubeObject {
  readonly overhead?: { readonly podFixed?: ResourceList }
  readonly scheduling?: { readonly nodeSelector?: Readonly<Record<string, string>>; readonly tolerations?: readonly Toleration[] }
}

/** Gives a pod the overhead of its runtime, and the nodes that have that runtime. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  resources: ['pods'],
  subresources: [''],
  operations: ['CREATE'],
  async admit(admission) {
    const pod = podOf(admission)
    const found = classOf(admission, pod.spec)
    if (found?.overhead === undefined && found?.scheduling === undefined) return pod
    return { ...pod, spec: withScheduling(admission, withOverhead(admission, pod.spec, found), found) } as KubeObject
  },
  async validate(admission) {
    const { spec } = podOf(admission)
    const wanted = classOf(admission, spec)?.overhead
    if (wanted !== undefined ? !isSame(wanted.podFixed, spec.overhead) : shownAsGiven(spec, 'overhead') !== null)
      throw refusal(
        admission,
        wanted !== undefined ? mismatch : 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      )
  },
}

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

type AdmittedPod = KubeObject & { readonly spec: PodSpec }
const podOf = ({ object }: Admission): AdmittedPod => object as AdmittedPod

function classOf(admission: Admission, { runtimeClassName }: PodSpec): RuntimeClass | undefined {
  if (runtimeClassName === undefined) return undefined
  const kind = admission.objects.kindOf('node.k8s.io', 'runtimeclasses')
  const found = kind === undefined ? undefined : admission.objects.get(kind, runtimeClassName)
  if (found === undefined) throw refusal(admission, `pod rejected: RuntimeClass ${quote(runtimeClassName)} not found`)
  return found as RuntimeClass
}

function withOverhead(admission: Admission, spec: PodSpec, { overhead }: RuntimeClass): PodSpec {
  if (overhead === undefined) return spec
  if (Object.keys(spec.overhead ?? {}).length > 0 && !isSame(overhead.podFixed, spec.overhead)) throw refusal(admission, mismatch)
  return overhead.podFixed === undefined ? spec : { ...spec, overhead: overhead.podFixed }
}

function withScheduling(admission: Admission, spec: PodSpec, { scheduling }: RuntimeClass): PodSpec {
  if (scheduling === undefined) return spec
  const { nodeSelector = {} } = spec
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {}))
    if (nodeSelector[key] !== undefined && nodeSelector[key] !== value)
      throw refusal(
        admission,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${nodeSelector[key]}`,
      )
  const selector = { ...nodeSelector, ...scheduling.nodeSelector }
  const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? [])
  return {
    ...spec,
    ...(Object.keys(selector).length > 0 && { nodeSelector: selector }),
    ...(tolerations.length > 0 && { tolerations }),
  }
}

function isSame(a: ResourceList = {}, b: ResourceList = {}): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => b[name] !== undefined && compareQuantity(a[name]!, b[name]!) === 0)
}
