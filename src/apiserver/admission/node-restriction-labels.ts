type Labels = Readonly<Record<string, string>>

/**
 * Labels that differ between the two and that a node may not choose for itself, sorted: with them it could draw workloads that were meant for
 * others. Free are labels outside kubernetes.io and k8s.io, those that every kubelet reports, and `kubelet.` and `node.kubernetes.io/…`
 * (KEP 279).
 */
export function forbiddenLabels(next: Labels, present: Labels): string[] {
  const changed = [...new Set([...Object.keys(next), ...Object.keys(present)])].filter((key) => next[key] !== present[key])
  return changed.filter((key) => isUnder(key, 'node-restriction.kubernetes.io') || (isKubernetes(key) && !isKubelets(key))).toSorted()
}

const isUnder = (key: string, domain: string): boolean => {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? '' : key.slice(0, slash)
  return prefix === domain || prefix.endsWith(`.${domain}`)
}

const isKubernetes = (key: string): boolean => isUnder(key, 'kubernetes.io') || isUnder(key, 'k8s.io')
const isKubelets = (key: string): boolean =>
  kubeletLabels.has(key) || isUnder(key, 'kubelet.kubernetes.io') || isUnder(key, 'node.kubernetes.io')

const kubeletLabels = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])
