import type { Area, Chance, Draft } from '../generator.ts'

/** InterPodAffinity, of pods that come and of those that are there. */
export const affinity: Area = {
  pod(pod, { chance }, role) {
    const isThere = role === 'bound'
    if (isThere && chance.is(50)) return
    const parts: Draft = {}
    for (const kind of ['podAffinity', 'podAntiAffinity']) {
      const part: Draft = {}
      if (chance.is(isThere ? 30 : kind === 'podAffinity' ? 30 : 45))
        part.requiredDuringSchedulingIgnoredDuringExecution = Array.from({ length: chance.pick([1, 1, 1, 2]) }, () => termOf(chance))
      if (chance.is(40))
        part.preferredDuringSchedulingIgnoredDuringExecution = Array.from({ length: chance.pick([1, 1, 2, 3]) }, () => ({
          weight: chance.pick([1, 5, 10, 50, 100]),
          podAffinityTerm: termOf(chance),
        }))
      if (Object.keys(part).length > 0) parts[kind] = part
    }
    if (Object.keys(parts).length > 0) pod.spec.affinity = { ...pod.spec.affinity, ...parts }
  },
}

function termOf(chance: Chance): Draft {
  const labelSelector = chance.is(5) ? undefined : selectorOf(chance)
  const keys = ['version', 'tier', 'missing']
  // The keys must not stand in the selector, nor in both lists; they need a selector.
  const match = labelSelector !== undefined && chance.is(15) ? [chance.pick(keys)] : undefined
  const mismatch = labelSelector !== undefined && chance.is(10) ? keys.filter((key) => key !== match?.[0]).slice(0, 1) : undefined
  const used = JSON.stringify(labelSelector ?? {})
  return {
    topologyKey: chance.pick([
      'kubernetes.io/hostname',
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
      'topology.kubernetes.io/zone',
      'topology.kubernetes.io/region',
      'missing',
    ]),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(chance.is(20) && { namespaces: chance.some(['alpha', 'beta', 'gamma', 'none'], 2) }),
    ...(chance.is(25) && {
      namespaceSelector: chance.pick([
        {},
        { matchLabels: { team: 'red' } },
        { matchLabels: { env: 'prod' } },
        // None that namespaces without labels match: the original takes every namespace for such a one (see README.md).
        { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
        { matchLabels: { team: 'none' } },
      ]),
    }),
    ...(match?.every((key) => !used.includes(`"${key}"`)) && { matchLabelKeys: match }),
    ...(mismatch?.every((key) => !used.includes(`"${key}"`)) && { mismatchLabelKeys: mismatch }),
  }
}

/** Of the labels that the tool's pods have. */
export function selectorOf(chance: Chance): Draft {
  const app = chance.pick(['web', 'web', 'db', 'cache'])
  return chance.pick([
    { matchLabels: { app } },
    { matchLabels: { app } },
    { matchLabels: { app } },
    { matchLabels: { app, version: '1' } },
    { matchLabels: { tier: 'front' } },
    { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] },
    { matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['cache'] }] },
    { matchExpressions: [{ key: 'version', operator: 'DoesNotExist' }] },
    {},
  ])
}
