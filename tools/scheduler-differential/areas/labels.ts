import type { Area, Chance, Draft } from '../generator.ts'

/** NodeAffinity and node selectors. */
export const labels: Area = {
  node(node, { chance }) {
    Object.assign(node.metadata.labels, {
      ...(chance.is(60) && { disk: chance.pick(['ssd', 'hdd']) }),
      ...(chance.is(60) && { cores: `${chance.pick([2, 4, 8, 16])}` }),
      ...(chance.is(20) && { odd: chance.pick(['word', '007', '3.5', '']) }),
    })
  },
  pod(pod, { chance, nodes }, role) {
    if (role === 'bound') return
    if (chance.is(25)) pod.spec.nodeSelector = { disk: chance.pick(['ssd', 'hdd']), ...(chance.is(20) && { cores: '4' }) }
    const names = nodes.map(({ metadata }) => metadata.name as string)
    const nodeAffinity: Draft = {}
    if (chance.is(55)) {
      const nodeSelectorTerms = Array.from({ length: chance.int(1, 3) }, () => termOf(chance, names))
      nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms }
    }
    if (chance.is(60))
      nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution = Array.from({ length: chance.int(1, 4) }, () => ({
        weight: chance.pick([1, 2, 5, 10, 50, 100]),
        preference: termOf(chance, names),
      }))
    if (Object.keys(nodeAffinity).length > 0) pod.spec.affinity = { ...pod.spec.affinity, nodeAffinity }
  },
}

/** A term of one or two expressions; at times of the node's name, or of nothing at all. */
export function termOf(chance: Chance, names: readonly string[]): Draft {
  if (chance.is(5)) return {}
  const matchFields = chance.is(12)
    ? [{ key: 'metadata.name', operator: chance.pick(['In', 'In', 'NotIn']), values: [chance.is(90) ? chance.pick(names) : 'n99'] }]
    : undefined
  if (matchFields !== undefined && chance.is(70)) return { matchFields }
  return { ...(matchFields && { matchFields }), matchExpressions: Array.from({ length: chance.int(1, 2) }, () => expressionOf(chance)) }
}

function expressionOf(chance: Chance): Draft {
  const key = chance.pick(['disk', 'disk', 'cores', 'cores', 'odd', 'topology.kubernetes.io/zone', 'kubernetes.io/hostname'])
  const operator = chance.pick(['In', 'In', 'In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])
  if (operator === 'Exists' || operator === 'DoesNotExist') return { key, operator }
  if (operator === 'Gt' || operator === 'Lt') return { key, operator, values: [chance.pick(['3', '4', '8'])] }
  const values: Readonly<Record<string, readonly string[]>> = {
    disk: ['ssd', 'hdd', 'nvme'],
    cores: ['2', '4', '8', '16'],
    odd: ['word', '007', ''],
    'topology.kubernetes.io/zone': ['zone-a', 'zone-b', 'zone-c'],
    'kubernetes.io/hostname': ['n0', 'n1', 'n2', 'n3'],
  }
  const chosen = chance.some(values[key]!, 2)
  return { key, operator, values: chosen.length > 0 ? chosen : [values[key]![0]] }
}
