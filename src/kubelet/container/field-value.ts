import type { Pod } from '#api/core/v1/pod.ts'
import { isHugePages } from '#api/core/v1/resources.ts'
import type { ResourceFieldSelector } from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { containerNamed } from '../pod/containers.ts'

export interface Addresses {
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
}

/** A field of the pod as text: `fieldRef` of the downward API. Throws `Invalid` for a path that it does not offer. */
export function fieldValue(pod: Pod, path: string, { podIPs, hostIPs }: Addresses): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (keyed !== null) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? ''
  const read = fields[path]
  if (read !== undefined) return read(pod)
  switch (path) {
    case 'status.podIP':
      return podIPs[0] ?? ''
    case 'status.podIPs':
      return podIPs.join(',')
    case 'status.hostIP':
      return hostIPs[0] ?? ''
    case 'status.hostIPs':
      return hostIPs.join(',')
    default:
      throw new WherryError('Invalid', `unsupported fieldPath: ${path}`)
  }
}

const fields: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.name': (pod) => pod.metadata.name,
  'metadata.namespace': (pod) => pod.metadata.namespace,
  'metadata.uid': (pod) => pod.metadata.uid,
  'metadata.labels': (pod) => lines(pod.metadata.labels),
  'metadata.annotations': (pod) => lines(pod.metadata.annotations),
  'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
  'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
}

/** `key="value"` lines in the order of the keys, values escaped. */
const lines = (map: Readonly<Record<string, string>> = {}): string =>
  Object.keys(map)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')

/**
 * A resource of a container in units of the divisor, rounded up: `resourceFieldRef`. A limit that is not set is the pod's (KEP-2837), else what
 * the node can give, which says nothing of huge pages; a request that is not set is zero.
 */
export function resourceValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  ownName: string,
  allocatable: Readonly<Record<string, string>>,
): string {
  const name = selector.containerName || ownName
  const container = containerNamed(pod, name)?.container
  if (container === undefined) throw new WherryError('Invalid', `container ${name} not found`)
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(selector.resource)
  if (match === null) throw new WherryError('Invalid', `unsupported container resource : ${selector.resource}`)
  const [, list, resource] = match as unknown as [string, 'limits' | 'requests', string]
  const hasFallback = list === 'limits' && !isHugePages(resource)
  const choices = [
    container.resources[list]?.[resource],
    ...(hasFallback ? [pod.spec.resources?.limits?.[resource], allocatable[resource]] : []),
  ]
  const amount = choices.map((one) => parseQuantity(one ?? '0').nano).find((nano) => nano !== 0n) ?? 0n
  const given = selector.divisor === undefined ? 0n : parseQuantity(selector.divisor).nano
  const divisor = given === 0n ? 1_000_000_000n : given
  return String((amount + divisor - 1n) / divisor)
}
