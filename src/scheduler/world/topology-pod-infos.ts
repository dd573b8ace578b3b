import type { Pod } from '#api/core/v1/pod.ts'
import type { PodInfo } from './pod-info.ts'
import type { World } from './world.ts'

/** The pod with its shape, worked out once for an object: one change of the cluster is held against every pod that waits. */
export function podInfoOf(pod: Pod, world: World): PodInfo {
  const infos = world.kept(createPodInfoCache)
  let info = infos.get(pod)
  if (info === undefined) infos.set(pod, (info = world.podInfo(pod)))
  return info
}

const createPodInfoCache = (): WeakMap<Pod, PodInfo> => new WeakMap()
