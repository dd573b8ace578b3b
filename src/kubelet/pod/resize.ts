import type { ResourceRequirements } from '#api/core/v1/types.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { deepEqual } from '#schema/fields.ts'
import { resourcesOf } from '../resources/allocated-resources.ts'
import { effectiveLimits } from '../resources/container-resources.ts'
import type { ContainerStatus } from '../runtime.ts'
import { type AnyContainer, containerNamed, isSidecar } from './containers.ts'
import { resourcesAnnotation } from './names.ts'
import { usableSandbox } from './usable-sandbox.ts'
import type { PodView } from './view.ts'

/** The part of a view that resizes hang on. `view.pod` asks for what was allocated to it. */
type ResizeView = Pick<PodView, 'pod' | 'resized' | 'group'>

/** What a running container has: as it was last resized, else as it was made. Undefined where that is not known. */
export function actualResources({ resized }: Pick<PodView, 'resized'>, status: ContainerStatus): ResourceRequirements | undefined {
  const changed = resized.get(status.id)
  if (changed !== undefined) return changed
  const made = status.annotations[resourcesAnnotation]
  return made === undefined ? undefined : (JSON.parse(made) as ResourceRequirements)
}

/**
 * How a running container comes to the resources that its pod was given (KEP-1287): as it runs, or, where its `resizePolicy` says so for one
 * that changed, by a restart. Where it has no limit of its own, its pod's is its own.
 */
export function resizeOf(view: ResizeView, container: AnyContainer, status: ContainerStatus): 'none' | 'in place' | 'restart' {
  const actual = actualResources(view, status)
  if (actual === undefined) return 'none'
  const whole = view.group === undefined ? view.pod.spec.resources : view.group.pod
  const limits = {
    before: effectiveLimits({ spec: { ...view.pod.spec, resources: whole } }, { resources: actual }),
    after: effectiveLimits(view.pod, container),
  }
  const changed = ['cpu', 'memory'].filter(
    (name) => differs(limits.before[name], limits.after[name]) || differs(actual.requests?.[name], container.resources.requests?.[name]),
  )
  if (changed.length === 0) return 'none'
  const needsRestart = container.resizePolicy?.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
  return needsRestart ? 'restart' : 'in place'
}

const differs = (a: string | undefined, b: string | undefined): boolean => a !== b && compareQuantity(a ?? '0', b ?? '0') !== 0

/** The running containers that change as they run, those of the start among them. */
export function containersToResize(view: ResizeView & Pick<PodView, 'containers'>): readonly Resized[] {
  return view.containers.flatMap((status) => {
    const found = containerNamed(view.pod, status.metadata.name)
    if (status.state !== 'running' || found === undefined || !isResizable(found)) return []
    return resizeOf(view, found.container, status) === 'in place' ? [{ container: found.container, status }] : []
  })
}

interface Resized {
  readonly container: AnyContainer
  readonly status: ContainerStatus
}

type Found = NonNullable<ReturnType<typeof containerNamed>>

const isResizable = ({ kind }: Found): boolean => kind !== 'ephemeral'

/** One of the start runs once: the API lets none be resized that would have to begin again for it. */
const mayRestart = ({ container, kind }: Found): boolean => kind === 'regular' || isSidecar(container, kind)

/** The limits of the pod's group are those for other resources than were given to it. Nothing starts in it before that is put right. */
export const isGroupOutdated = ({ pod, group }: Pick<PodView, 'pod' | 'group'>): boolean =>
  group !== undefined && !deepEqual(group, resourcesOf(pod))

/** Whether there is something to resize now; a container that has to restart for it ends first. */
export function needsResize(view: PodView): boolean {
  if (usableSandbox(view) === undefined) return false
  if (containersToResize(view).length > 0) return true
  return isGroupOutdated(view) && !view.containers.some((status) => waitsForRestart(view, status))
}

function waitsForRestart(view: PodView, status: ContainerStatus): boolean {
  const found = containerNamed(view.pod, status.metadata.name)
  return status.state === 'running' && found !== undefined && mayRestart(found) && resizeOf(view, found.container, status) === 'restart'
}

/** What runs differs from what was given. A container that does not run will have it when it starts. */
export const isResizing = (view: PodView): boolean =>
  containersToResize(view).length > 0 ||
  view.containers.some((status) => waitsForRestart(view, status)) ||
  (view.pod.spec.resources !== undefined && view.group !== undefined && !deepEqual(view.group.pod, view.pod.spec.resources))
