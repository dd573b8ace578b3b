import type { ContainerStatus, PodStatus } from '#api/core/v1/types.ts'

/** A container that has ended. `type`: by the reference's names of metrics. */
export interface EndedContainer {
  readonly type: 'init_container' | 'container' | 'ephemeral_container'
  readonly exitCode: number
  readonly reason: string
}

/** Whose end the second status of a pod shows and the first did not. One that ended and runs again is not among them, as with the reference. */
export function endedContainers(before: PodStatus, now: PodStatus): readonly EndedContainer[] {
  const ended = (type: EndedContainer['type'], then: readonly ContainerStatus[] = [], statuses: readonly ContainerStatus[] = []) =>
    statuses.flatMap(({ name, state: { terminated } }): EndedContainer[] => {
      if (terminated === undefined || then.some((one) => one.name === name && one.state.terminated !== undefined)) return []
      return [{ type, exitCode: terminated.exitCode, reason: terminated.reason ?? '' }]
    })
  return [
    ...ended('init_container', before.initContainerStatuses, now.initContainerStatuses),
    ...ended('container', before.containerStatuses, now.containerStatuses),
    ...ended('ephemeral_container', before.ephemeralContainerStatuses, now.ephemeralContainerStatuses),
  ]
}
