import type { PodSpec } from '#api/core/v1/types.ts'
import type { AdmissionPlugin } from '../../contract.ts'
import { forbiddenError } from '../../http/status.ts'

const hostname = 'kubernetes.io/hostname'

/** Keeps pods from claiming more than single nodes for themselves: a required anti-affinity by zone would keep all others out of a zone. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  resources: ['pods'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  async validate({ object, kind }) {
    const { spec } = object as unknown as { readonly spec: PodSpec }
    for (const { topologyKey } of spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      if (topologyKey !== hostname)
        throw forbiddenError(
          kind,
          object!.metadata.name ?? '',
          `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key ${hostname} is allowed`,
        )
  },
}
