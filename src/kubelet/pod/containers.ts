import type { Pod } from '#api/core/v1/pod.ts'
import type { Container } from '#api/core/v1/types.ts'
import type { ContainerStatus } from '../runtime.ts'

/** Questions about the containers of a pod's spec. Pure. */

export type ContainerKind = 'init' | 'regular' | 'ephemeral'
/** A container of any kind; an ephemeral one has the process to look at beside. */
export type AnyContainer = Container & { readonly targetContainerName?: string | undefined }

export const initContainers = (pod: Pod): readonly AnyContainer[] => pod.spec.initContainers ?? []
export const regularContainers = (pod: Pod): readonly AnyContainer[] => pod.spec.containers
export const ephemeralContainers = (pod: Pod): readonly AnyContainer[] => pod.spec.ephemeralContainers ?? []

export function containerNamed(pod: Pod, name: string): { readonly container: AnyContainer; readonly kind: ContainerKind } | undefined {
  for (const [kind, containers] of groups(pod)) {
    const container = containers.find((one) => one.name === name)
    if (container !== undefined) return { container, kind }
  }
  return undefined
}

function groups(pod: Pod): readonly (readonly [ContainerKind, readonly AnyContainer[]])[] {
  return [
    ['init', initContainers(pod)],
    ['regular', regularContainers(pod)],
    ['ephemeral', ephemeralContainers(pod)],
  ]
}

/** An init container that keeps running beside the others (KEP-753). */
export const isSidecar = (container: AnyContainer, kind: ContainerKind): boolean => kind === 'init' && container.restartPolicy === 'Always'

/**
 * Whether a container that ended with this code is to run again: the container's own rules, then its own policy (KEP-5307), then the
 * pod's.
 */
export function restartsAfter(container: AnyContainer, pod: Pod, exitCode: number): boolean {
  const action = ruleAfter(container, exitCode)?.action
  if (action === 'Restart' || action === 'RestartAllContainers') return true
  const policy = container.restartPolicy ?? pod.spec.restartPolicy
  return policy === 'Never' ? false : policy === 'OnFailure' ? exitCode !== 0 : true
}

/** The first of the container's own rules that fits how it ended. */
export const ruleAfter = ({ restartPolicy, restartPolicyRules }: AnyContainer, exitCode: number) =>
  restartPolicy === undefined
    ? undefined
    : restartPolicyRules?.find(({ exitCodes }) => {
        const isListed = exitCodes?.values?.includes(exitCode) ?? false
        return exitCodes?.operator === 'In' ? isListed : exitCodes?.operator === 'NotIn' ? !isListed : false
      })

/** Its postStart hook is not over. `underWay`: operations, by their keys. */
export const isBeingStarted = ({ name, lifecycle }: AnyContainer, underWay: Pick<ReadonlySet<string>, 'has'>): boolean =>
  lifecycle?.postStart !== undefined && underWay.has(`start-container ${name}`)

/** Whether a failed probe leads to another try: the exit code of a container that we killed says nothing. */
export const restartsAfterKill = (container: AnyContainer, pod: Pod): boolean =>
  (container.restartPolicy ?? pod.spec.restartPolicy) !== 'Never'

/** All attempts of one container, newest first. `containers` has to be in that order already. */
export const attemptsOf = (containers: readonly ContainerStatus[], name: string): readonly ContainerStatus[] =>
  containers.filter((one) => one.metadata.name === name)

export const hasSharedHostNetwork = (pod: Pod): boolean => pod.spec.hostNetwork === true
