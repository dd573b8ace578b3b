import type { Pod } from '#api/core/v1/pod.ts'

/** Annotations by which the reference tells where a pod came from; tools read them. */
export const sourceAnnotation = 'kubernetes.io/config.source'
export const hashAnnotation = 'kubernetes.io/config.hash'
export const seenAnnotation = 'kubernetes.io/config.seen'
/** Of the object that shows a static pod in the API: the hash of the pod that it shows. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** Runs because of a manifest on the node and not of an object. */
export const isStaticPod = ({ metadata }: Pod): boolean => {
  const source = metadata.annotations?.[sourceAnnotation]
  return source !== undefined && source !== 'api' && metadata.annotations?.[mirrorAnnotation] === undefined
}

/** Where a pod of the API came from is for us to say and not for who made it: static pods have rights that others have not. */
export function fromApi(pod: Pod): Pod {
  const { annotations } = pod.metadata
  if (annotations?.[sourceAnnotation] === undefined || isMirrorPod(pod)) return pod
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...annotations, [sourceAnnotation]: 'api' } } }
}

/** Only shows a static pod: nothing runs because of it. */
export const isMirrorPod = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined
