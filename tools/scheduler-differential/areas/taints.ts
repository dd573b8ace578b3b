import type { Area } from '../generator.ts'

/** TaintToleration and NodeUnschedulable. */
export const taints: Area = {
  node(node, { chance }) {
    const made = Array.from({ length: chance.pick([0, 0, 1, 1, 2, 3]) }, () => ({
      key: chance.pick(['dedicated', 'gpu', 'node.kubernetes.io/unreachable']),
      ...(chance.is(70) && { value: chance.pick(['a', 'b', '5']) }),
      effect: chance.pick(['NoSchedule', 'NoSchedule', 'PreferNoSchedule', 'PreferNoSchedule', 'NoExecute']),
    }))
    const unique = new Map(made.map((taint) => [`${taint.key}:${taint.effect}`, taint]))
    if (chance.is(15)) node.spec = { unschedulable: true }
    if (unique.size > 0) node.spec = { ...node.spec, taints: [...unique.values()] }
  },
  pod(pod, { chance }, role) {
    if (role === 'bound' || chance.is(25)) return
    pod.spec.tolerations = Array.from({ length: chance.int(1, 4) }, () => {
      const effect = chance.pick([undefined, 'NoSchedule', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      const key = chance.pick([
        'dedicated',
        'dedicated',
        'gpu',
        'gpu',
        'node.kubernetes.io/unreachable',
        'node.kubernetes.io/unschedulable',
        undefined,
      ])
      const isAny = key === undefined || chance.is(40)
      return {
        ...(key !== undefined && { key }),
        ...(isAny
          ? { operator: 'Exists' }
          : { ...(chance.is(50) && { operator: 'Equal' }), ...(chance.is(80) && { value: chance.pick(['a', 'b', '5']) }) }),
        ...(effect !== undefined && { effect }),
      }
    })
  },
}
