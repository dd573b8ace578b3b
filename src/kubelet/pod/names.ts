import type { Pod } from '#api/core/v1/pod.ts'

/**
 * The names under which a pod's parts are known outside the API: labels and annotations in the runtime (the reference's own, so that tools
 * that read them go on working), and folders on disk.
 */
export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'

export const hashAnnotation = 'io.kubernetes.container.hash'
export const restartCountAnnotation = 'io.kubernetes.container.restartCount'
export const terminationMessagePathAnnotation = 'io.kubernetes.container.terminationMessagePath'
export const terminationMessagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy'
export const terminationGracePeriodAnnotation = 'io.kubernetes.pod.terminationGracePeriod'
/** Ours: the host path of the termination message, so that a later agent finds it. */
export const terminationMessageFileAnnotation = 'wherry.dev/termination-message-file'

/** Ours: the requests and limits that a container was made with, as JSON; a later agent sees by it whether they were changed since. */
export const resourcesAnnotation = 'wherry.dev/resources'

/** `name_namespace(uid)`: how messages name a pod. */
export const podTitle = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`

/** Log folder of a pod: `<root>/<namespace>_<name>_<uid>`. Log collectors know this form. */
export const podLogDirectory = (root: string, pod: { readonly namespace: string; readonly name: string; readonly uid: string }): string =>
  `${root}/${pod.namespace}_${pod.name}_${pod.uid}`

/** Log file of one attempt, relative to the pod's folder. */
export const containerLogFile = (container: string, attempt: number): string => `${container}/${attempt}.log`

export const podDirectory = (root: string, uid: string): string => `${root}/pods/${uid}`
