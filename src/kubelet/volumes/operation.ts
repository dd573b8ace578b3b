import type { Clock } from '#lib/clock.ts'
import type { VolumePlugin, VolumeSpec } from './volume-plugin.ts'

/** Hears of what is done for volumes, and how long it took. */
export interface VolumeObserver {
  /** `plugin` as `pluginName` gives it. */
  done(plugin: string, operation: OperationName, isError: boolean, seconds: number): void
  /** A pod can use a volume: from when that was begun, with the wait for its attachment. */
  usable(plugin: string, seconds: number): void
}

/** The reference's names (pkg/volume/util/operationexecutor). */
export type OperationName = 'volume_mount' | 'map_volume' | 'volume_unmount' | 'unmap_volume' | 'verify_controller_attached_volume'

/** Where operations are told. Absent `observe`: nobody hears of them. */
export interface OperationOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly observe?: VolumeObserver
}

/** Does the work and tells how it went. */
export async function operation<T>(
  { clock, observe }: OperationOptions,
  plugin: string,
  name: OperationName,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = clock.monotonicMs()
  let isError = true
  try {
    const result = await work()
    isError = false
    return result
  } finally {
    observe?.done(plugin, name, isError, (clock.monotonicMs() - startedMs) / 1000)
  }
}

/** How metrics call the plug-in of a volume: `kubernetes.io/nfs`. */
export const pluginName = (plugin: VolumePlugin, of: { readonly spec?: VolumeSpec; readonly record?: unknown }): string =>
  plugin.metricName?.(of) ?? nameOfFolder(plugin.folder)

/** `kubernetes.io~nfs` is the folder of `kubernetes.io/nfs`. */
export const nameOfFolder = (folder: string): string => folder.replace('~', '/')
