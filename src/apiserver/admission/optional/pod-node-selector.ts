import { Namespace } from '#api/core/v1/namespace.ts'
import type { PodSpec } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { checkLabelValue, checkQualifiedName, invalid } from '#schema/validate.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { forbiddenError, notFoundError } from '../../http/status.ts'
import { plainError } from '../refusal.ts'

type Labels = Readonly<Record<string, string>>

/**
 * Sends the pods of a namespace to the nodes that its annotation names, and refuses those that want others. `selectors`: by namespace, what
 * its pods may name at all; `clusterDefaultNodeSelector` is for namespaces that say nothing. As `key=value,key=value`.
 */
export function podNodeSelector(selectors: Readonly<Record<string, string>> = {}): AdmissionPlugin {
  const check = (admission: Admission): Labels => {
    const wanted = namespaceSelector(admission, selectors['clusterDefaultNodeSelector'] ?? '')
    const { nodeSelector = {} } = specOf(admission)
    const refused = (why: string) => forbiddenError(admission.kind, admission.object!.metadata.name ?? '', why)
    if (conflicts(wanted, nodeSelector)) throw refused('pod node label selector conflicts with its namespace node label selector')
    const allowed = labelsOf(selectors[admission.attributes.namespace] ?? '')
    const merged = { ...wanted, ...nodeSelector }
    if (Object.keys(allowed).length > 0 && Object.entries(merged).some(([key, value]) => allowed[key] !== value))
      throw refused('pod node label selector labels conflict with its namespace whitelist')
    return merged
  }
  return {
    name: 'PodNodeSelector',
    resources: ['pods'],
    subresources: [''],
    operations: ['CREATE'],
    async admit(admission) {
      const nodeSelector = check(admission)
      if (Object.keys(nodeSelector).length === 0) return admission.object
      return { ...admission.object, spec: { ...specOf(admission), nodeSelector } } as unknown as KubeObject
    },
    async validate(admission) {
      check(admission)
    },
  }
}

const annotation = 'scheduler.alpha.kubernetes.io/node-selector'

const specOf = ({ object }: Admission): PodSpec => (object as unknown as { readonly spec: PodSpec }).spec

function namespaceSelector({ attributes, objects }: Admission, fallback: string): Labels {
  const namespace = objects.get(Namespace, attributes.namespace)
  if (namespace === undefined) throw notFoundError(Namespace, attributes.namespace)
  return labelsOf(namespace.metadata.annotations?.[annotation] ?? fallback)
}

const conflicts = (a: Labels, b: Labels): boolean => Object.entries(a).some(([key, value]) => b[key] !== undefined && b[key] !== value)

/** `a=b, c=d`. Throws the reference's error for what is none: whoever set it has to mend it. */
function labelsOf(text: string): Labels {
  if (text === '') return {}
  const labels: Record<string, string> = {}
  for (const part of text.split(',')) {
    const parts = part.split('=')
    if (parts.length !== 2) throw plainError(`invalid selector: [${parts.join(' ')}]`)
    const [key, value] = parts.map((one) => one.trim()) as [string, string]
    refuse('<nil>', key, checkQualifiedName(key))
    refuse(`[${key}]`, value, checkLabelValue(value))
    labels[key] = value
  }
  return labels
}

function refuse(field: string, value: string, problems: readonly string[]): void {
  if (problems.length > 0) throw plainError(`${field}: ${invalid(field, value, problems.join('; ')).message}`)
}
