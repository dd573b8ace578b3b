import type { Pod } from '#api/core/v1/pod.ts'

/** What a node has to declare in `status.declaredFeatures` to run the pod (KEP-5328; component-helpers nodedeclaredfeatures). Sorted. */
export const requiredFeatures = (pod: Pod): readonly string[] => [
  ...(mayRestartAll(pod) ? ['RestartAllContainersOnContainerExits'] : []),
  ...(pod.spec.hostNetwork === true && pod.spec.hostUsers === false ? ['UserNamespacesHostNetworkSupport'] : []),
]

/** Whether a container's end may begin the whole pod anew in its place (KEP-5532). */
export const mayRestartAll = ({ spec }: Pod): boolean =>
  [...(spec.initContainers ?? []), ...spec.containers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  )
