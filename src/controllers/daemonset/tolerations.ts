import type { PodSpec, Toleration } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'

/**
 * The template's tolerations with those that every daemon pod has (Kubernetes documentation, "Taints and tolerations" of DaemonSets): what
 * a node runs for itself has to run where others may not, and must not be evicted when the node falls silent.
 */
export function daemonTolerations({ tolerations = [], hostNetwork }: Pick<PodSpec, 'tolerations' | 'hostNetwork'>): readonly Toleration[] {
  const added = hostNetwork === true ? [...always, withHostNetwork] : always
  return added.reduce(withToleration, tolerations)
}

const exists = (key: string, effect: 'NoExecute' | 'NoSchedule'): Toleration => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect,
})

const always: readonly Toleration[] = [
  exists('not-ready', 'NoExecute'),
  exists('unreachable', 'NoExecute'),
  exists('disk-pressure', 'NoSchedule'),
  exists('memory-pressure', 'NoSchedule'),
  exists('pid-pressure', 'NoSchedule'),
  exists('unschedulable', 'NoSchedule'),
]
/** Such a pod may be what brings the node's network up. */
const withHostNetwork = exists('network-unavailable', 'NoSchedule')

/** One for the same taints takes the place of another, so that it has no end in time; otherwise it comes last. */
function withToleration(tolerations: readonly Toleration[], added: Toleration): readonly Toleration[] {
  if (!tolerations.some((one) => concernsTheSame(one, added))) return [...tolerations, added]
  return tolerations.map((one) => (concernsTheSame(one, added) ? added : one))
}

const concernsTheSame = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key && a.effect === b.effect && a.operator === b.operator && same(a.value ?? '', b.value ?? '')
