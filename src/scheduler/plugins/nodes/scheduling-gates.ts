import type { Pod } from '#api/core/v1/pod.ts'
import type { Plugin } from '../../framework/plugin.ts'

/** A pod with gates is not tried before the last of them is taken away (KEP-3521). */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue({ spec }) {
    if (!spec.schedulingGates?.length) return undefined
    return `waiting for scheduling gates: [${spec.schedulingGates.map(({ name }) => name).join(' ')}]`
  },
  wokenBy: [
    {
      resource: 'Pod',
      actions: ['UpdatePodSchedulingGatesEliminated'],
      helps: (pod, { after }) => (after as Pod).metadata.uid === pod.metadata.uid,
    },
  ],
}
