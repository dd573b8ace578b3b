import type { Enforcement } from '../cgroups/cgroup-manager.ts'

/** What is told of the node when a group of it was held to its share of the machine, or could not be. */
export function enforcementEvent({ of, path, error }: Enforcement): {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
} {
  if (error === undefined) return { type: 'Normal', reason: 'NodeAllocatableEnforced', message: updated(of, path) }
  const message = error instanceof Error ? error.message : String(error)
  return { type: 'Warning', reason: 'FailedNodeAllocatableEnforcement', message: `${failed(of, path)}: ${message}` }
}

const updated = (of: Enforcement['of'], path: string): string =>
  of === 'pods' ? 'Updated Node Allocatable limit across pods' : `Updated limits on ${of} reserved cgroup ${path}`

const failed = (of: Enforcement['of'], path: string): string =>
  of === 'pods'
    ? 'Failed to update Node Allocatable Limits ["kubepods"]'
    : `Failed to enforce ${of === 'system' ? 'System' : 'Kube'} Reserved Cgroup Limits on "${path}"`
