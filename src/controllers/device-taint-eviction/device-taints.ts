import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { DeviceTaint, DeviceToleration } from '#api/resource/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { parseTime } from '../common/time.ts'

/** Taints of a device that end what uses it. `pool`: all slices of its pool, of which only those of the newest generation count. */
export function evictingTaints(device: string, pool: readonly ResourceSlice[]): readonly DeviceTaint[] {
  const newest = Math.max(...pool.map(({ spec }) => Number(spec.pool.generation)))
  const slices = pool.filter(({ spec }) => Number(spec.pool.generation) === newest)
  const found = slices.flatMap(({ spec }) => spec.devices ?? []).find(({ name }) => name === device)
  return (found?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
}

/** Until when a device with this taint may be used: at once without a toleration, for the shortest of several, for ever with one that has no end. */
export function toleratedUntil(taint: DeviceTaint, tolerations: readonly DeviceToleration[]): Instant {
  const added = parseTime(taint.timeAdded)
  // The API server fills the time in; without one nothing says since when.
  if (added === undefined) return Infinity
  const covering = tolerations.filter((toleration) => toleration.effect === 'NoExecute' && tolerates(toleration, taint))
  if (covering.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return Infinity
  if (covering.length === 0) return added
  return added + Math.min(...covering.map(({ tolerationSeconds }) => Math.max(0, Number(tolerationSeconds)))) * 1000
}

const tolerates = ({ key, operator, value }: DeviceToleration, taint: DeviceTaint): boolean =>
  (!key || key === taint.key) && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''))
