import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'

/** What a node can give to pods, for limits that a container does not set. */
export interface Allocatable {
  readonly cpuMilli: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
}

/** A field of the pod as a file's content. The paths are those that the API admits in a volume (API docs, ObjectFieldSelector). */
export function podField(pod: Pod, path: string): string {
  const { metadata } = pod
  const subscript = /^(metadata\.(?:annotations|labels))\['(.+)'\]$/.exec(path)
  if (subscript) return (subscript[1] === 'metadata.labels' ? metadata.labels : metadata.annotations)?.[subscript[2]!] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return lines(metadata.labels)
    case 'metadata.annotations':
      return lines(metadata.annotations)
    default:
      throw new WherryError('Invalid', `unsupported fieldPath: ${path}`)
  }
}

/** A container's request or limit in units of the divisor, rounded up. A limit that is not set is what the node can give. */
export function resourceField(
  pod: Pod,
  selector: { readonly containerName?: string; readonly resource: string; readonly divisor?: string },
  allocatable: Allocatable,
): string {
  const name = selector.containerName ?? ''
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((one) => one.name === name)
  if (!container) throw new WherryError('Invalid', `container ${name} not found`)
  const [side, resource = ''] = selector.resource.split(/\.(.*)/s)
  const known = ['cpu', 'memory', 'ephemeral-storage'].includes(resource) || resource.startsWith('hugepages-')
  if ((side !== 'limits' && side !== 'requests') || !known)
    throw new WherryError('Invalid', `unsupported container resource : ${selector.resource}`)
  const convert = resource === 'cpu' ? quantityToMilli : quantityToInteger
  const text = container.resources?.[side]?.[resource]
  const amount = text !== undefined && convert(text) > 0 ? convert(text) : side === 'limits' ? fallback(resource, allocatable) : 0
  const divisor = selector.divisor === undefined || convert(selector.divisor) === 0 ? convert('1') : convert(selector.divisor)
  return String(Math.ceil(amount / divisor))
}

function fallback(resource: string, allocatable: Allocatable): number {
  if (resource === 'cpu') return allocatable.cpuMilli
  if (resource === 'memory') return allocatable.memoryBytes
  return resource === 'ephemeral-storage' ? allocatable.ephemeralStorageBytes : 0
}

/** `key="value"`, sorted, one a line; the value quoted as Go quotes it. */
function lines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join('\n')
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** Go's `strconv.Quote` (language specification, "String literals"): what is not printable is escaped. */
export function quote(text: string): string {
  const body = Array.from(text, (character) => {
    const known = escapes[character]
    if (known !== undefined) return known
    if (character === ' ' || !/[\p{C}\p{Z}]/u.test(character)) return character
    const code = character.codePointAt(0)!
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  })
  return `"${body.join('')}"`
}
