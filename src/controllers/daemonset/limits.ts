import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { scaledValue } from '../common/scaled-value.ts'

/** On how many of the nodes that want a pod an update may run two pods, or none that is available. Percentages are rounded up. */
export function limitsOf({ spec }: DaemonSet, desired: number): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const { type, rollingUpdate } = spec.updateStrategy
  const limits = type === 'RollingUpdate' ? rollingUpdate : undefined
  const maxSurge = scaledValue(limits?.maxSurge, desired, 'up')
  const maxUnavailable = scaledValue(limits?.maxUnavailable, desired, 'up')
  // Both 0 would stop every update for ever.
  return { maxSurge, maxUnavailable: desired > 0 && maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}

/** Whether a node may ever have two pods. */
export const allowsSurge = (daemonSet: DaemonSet): boolean => limitsOf(daemonSet, 1).maxSurge > 0
