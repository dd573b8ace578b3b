import type { Area } from '../generator.ts'
import { selectorOf } from './affinity.ts'

/** DefaultPreemption: full nodes, pods of all priorities, disruption budgets. */
export const preemption: Area = {
  node(node, { chance }) {
    const allocatable = {
      ...node.status.allocatable,
      cpu: chance.pick(['1', '2', '2']),
      memory: chance.pick(['4Gi', '8Gi']),
      ...(chance.is(15) && { pods: '3' }),
    }
    node.status = { ...node.status, capacity: allocatable, allocatable }
  },
  pod(pod, { chance, bound }, role) {
    const isThere = role === 'bound'
    pod.spec.containers[0].resources = {
      ...pod.spec.containers[0].resources,
      requests: {
        ...pod.spec.containers[0].resources?.requests,
        cpu: chance.pick(isThere ? ['300m', '500m', '700m', '1'] : ['700m', '1', '1', '1500m', '2']),
      },
    }
    const name = chance.pick(
      isThere
        ? [undefined, 'low', 'low', 'middle', 'middle', 'high']
        : ['high', 'high', 'higher', 'higher', 'middle', 'patient', undefined],
    )
    if (name !== undefined) pod.spec.priorityClassName = name
    if (!isThere) return
    // No two began at the same time: among equals the choice would be anybody's guess.
    const startTime = new Date(Date.UTC(2026, 0, 1, 0, 0, (bound.length * 7919) % 5_000)).toISOString().replace('.000', '')
    pod.status = { phase: 'Running', startTime, conditions: [{ type: 'Ready', status: 'True' }] }
  },
  finish({ chance, objects }) {
    for (let left = chance.pick([0, 1, 1, 2]); left > 0; left -= 1) {
      const disruptionsAllowed = chance.pick([0, 0, 1, 2])
      objects.push({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: `pdb${objects.length}`, namespace: 'alpha' },
        spec: { minAvailable: 1, selector: selectorOf(chance) },
        status: { disruptionsAllowed, currentHealthy: 3, desiredHealthy: 3 - disruptionsAllowed, expectedPods: 3, observedGeneration: 1 },
      })
    }
  },
}
