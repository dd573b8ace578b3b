import type { PodSpec } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { isNativeResource } from '#api/quota/quota.ts'
import type { AdmissionPlugin } from '../../contract.ts'

/** Lets pods that ask for an extended resource (a GPU) onto the nodes that are kept free for such. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  resources: ['pods'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  async admit({ object }) {
    const pod = object as KubeObject & { readonly spec: PodSpec }
    const { spec } = pod
    const names = [...spec.containers, ...(spec.initContainers ?? [])]
      .flatMap(({ resources }) => Object.keys(resources?.requests ?? {}))
      .filter((name) => !isNativeResource(name) && !name.startsWith('requests.'))
    const tolerations = [...(spec.tolerations ?? [])]
    for (const key of [...new Set(names)].sort()) {
      const wanted = { key, operator: 'Exists', effect: 'NoSchedule' } as const
      const position = tolerations.findIndex(
        (present) =>
          present.key === key && present.effect === wanted.effect && present.operator === wanted.operator && (present.value ?? '') === '',
      )
      if (position < 0) tolerations.push(wanted)
    }
    return tolerations.length === (spec.tolerations ?? []).length ? object : ({ ...pod, spec: { ...spec, tolerations } } as KubeObject)
  },
}
