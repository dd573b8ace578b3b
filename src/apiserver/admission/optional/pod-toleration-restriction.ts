import { Namespace } from '#api/core/v1/namespace.ts'
import { qosClassOf } from '#api/core/v1/pod-helpers.ts'
import { type PodSpec, Toleration } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { decode } from '#schema/decode.ts'
import { list } from '#schema/schema.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { parseJsonBody } from '../../http/body.ts'
import { notFoundError } from '../../http/status.ts'
import { plainError } from '../refusal.ts'
import { areTolerationsAllowed, mergeTolerations } from '../tolerations.ts'

/** What holds for the pods of namespaces that say nothing themselves: tolerations that they get, and those that they may have. */
export interface PodTolerationOptions {
  /** For namespaces whose annotation says nothing. */
  readonly default?: readonly Toleration[]
  readonly whitelist?: readonly Toleration[]
}

/** Gives pods the tolerations of their namespace, and refuses those that it does not allow. */
export function podTolerationRestriction(options: PodTolerationOptions = {}): AdmissionPlugin {
  const check = (admission: Admission, tolerations: readonly Toleration[]): void => {
    const own = annotated(admission, 'tolerationsWhitelist')
    const allowed = own ?? options.whitelist ?? []
    if (areTolerationsAllowed(tolerations, allowed)) return
    const scope = own === undefined ? 'cluster' : 'namespace'
    throw plainError(`pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`)
  }
  return {
    name: 'PodTolerationRestriction',
    resources: ['pods'],
    subresources: [''],
    operations: ['CREATE', 'UPDATE'],
    async admit(admission) {
      const spec = specOf(admission)
      const added = [
        ...(admission.operation === 'CREATE' ? (annotated(admission, 'defaultTolerations') ?? options.default ?? []) : []),
        ...(qosClassOf(spec) === 'BestEffort' ? [] : [memoryPressure]),
      ]
      const tolerations = added.length === 0 ? (spec.tolerations ?? []) : mergeTolerations(spec.tolerations ?? [], added)
      check(admission, tolerations)
      return added.length === 0 ? admission.object : ({ ...admission.object, spec: { ...spec, tolerations } } as unknown as KubeObject)
    },
    async validate(admission) {
      check(admission, specOf(admission).tolerations ?? [])
    },
  }
}

/** A pod that asks for memory is not sent away from a node that is short of it. */
const memoryPressure: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }

const specOf = ({ object }: Admission): PodSpec => (object as unknown as { readonly spec: PodSpec }).spec

/** The tolerations in an annotation of the namespace; undefined without it. */
function annotated({ attributes, objects }: Admission, name: string): readonly Toleration[] | undefined {
  const namespace = objects.get(Namespace, attributes.namespace)
  if (namespace === undefined) throw notFoundError(Namespace, attributes.namespace)
  const text = namespace.metadata.annotations?.[`scheduler.alpha.kubernetes.io/${name}`]
  if (text === undefined || text === '') return text === undefined ? undefined : []
  const { value, errors } = decode(tolerations, parseJsonBody(Buffer.from(text), plainError).value, { strict: false })
  if (errors.length > 0) throw plainError(errors[0]!)
  return value as readonly Toleration[]
}

const tolerations = list(Toleration)
