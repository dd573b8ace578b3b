import type { ResourceRequirements } from '#api/core/v1/types.ts'
import { compareQuantity } from '#lib/quantity.ts'
import type { ContainerStatus } from '../runtime.ts'
import type { AnyContainer } from './containers.ts'
import { resourcesAnnotation } from './names.ts'
import type { PodView } from './view.ts'

/** What a running container has: as it was last resized, else as it was made. Undefined where that is not known. */
export function actualResources({ resized }: Pick<PodView, 'resized'>, status: ContainerStatus): ResourceRequirements | undefined {
  const changed = resized.get(status.id)
  if (changed !== undefined) return changed
  const made = status.annotations[resourcesAnnotation]
  return made === undefined ? undefined : (JSON.parse(made) as ResourceRequirements)
}

/**
 * How a running container comes to the resources that its pod now asks for (KEP-1287): as it runs, or, where its `resizePolicy` says so for
 * one that changed, by a restart.
 */
export function resizeOf(
  view: Pick<PodView, 'resized'>,
  container: AnyContainer,
  status: ContainerStatus,
): 'none' | 'in place' | 'restart' {
  const actual = actualResources(view, status)
  if (actual === undefined) return 'none'
  const changed = ['cpu', 'memory'].filter((name) =>
    (['limits', 'requests'] as const).some(
      (list) => compareQuantity(actual[list]?.[name] ?? '0', container.resources[list]?.[name] ?? '0') !== 0,
    ),
  )
  if (changed.length === 0) return 'none'
  const needsRestart = container.resizePolicy?.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
  return needsRestart ? 'restart' : 'in place'
}
