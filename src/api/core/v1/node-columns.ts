import { age, column } from '#api/columns.ts'
import type { Node as NodeType } from '#api/core/v1/types.ts'
import type { Column } from '#api/kind.ts'

/** What `kubectl get nodes` prints. */
export const nodeColumns: readonly Column[] = [
  column<NodeType>('Status', statusText),
  column<NodeType>('Roles', (node) => rolesOf(node).join(',') || '<none>'),
  age,
  column<NodeType>('Version', ({ status }) => status.nodeInfo?.kubeletVersion ?? ''),
  column<NodeType>('Internal-IP', (node) => addressOf(node, 'InternalIP') ?? '<none>', { wide: true }),
  column<NodeType>('External-IP', (node) => addressOf(node, 'ExternalIP') ?? '<none>', { wide: true }),
  column<NodeType>('OS-Image', ({ status }) => status.nodeInfo?.osImage || '<unknown>', { wide: true }),
  column<NodeType>('Kernel-Version', kernelText, { wide: true }),
  column<NodeType>('Container-Runtime', ({ status }) => status.nodeInfo?.containerRuntimeVersion || '<unknown>', { wide: true }),
]

/** Roles stand in labels: `node-role.kubernetes.io/<role>`, or `kubernetes.io/role`. */
export function rolesOf({ metadata: { labels = {} } }: NodeType): string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort()
}

/** The node's first address of a type. */
export const addressOf = ({ status }: Pick<NodeType, 'status'>, type: string): string | undefined =>
  status.addresses?.find((address) => address.type === type)?.address

const rolePrefix = 'node-role.kubernetes.io/'

function statusText({ spec, status }: NodeType): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec.unschedulable ? `${text},SchedulingDisabled` : text
}

function kernelText({ status }: NodeType): string {
  const kernel = status.nodeInfo?.kernelVersion || '<unknown>'
  return status.nodeInfo?.architecture ? `${kernel} (${status.nodeInfo.architecture})` : kernel
}
