import { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import { keyOf } from '#apiserver/registry/keys.ts'
import type { BehaviourOf, ImageBehaviour, StartedContainer } from '../runtime.ts'
import type { World } from '../world.ts'
import { type BehaviourSettings, readAnnotations } from './behaviour-settings.ts'

export interface BehaviourOptions {
  /** The truth: what a pod asks for stands there. Absent while the cluster is being made. */
  readonly world: () => World | undefined
  /** By image name, as a pod writes it. */
  readonly images: Readonly<Record<string, BehaviourSettings>>
  /** How long a container runs whose pod is not to run for ever: those of Jobs. */
  readonly taskMs: number
  /** What goes wrong with fetching images, at this moment. */
  readonly pulls: () => PullTrouble
}

export interface PullTrouble {
  readonly slowMs?: number
  readonly error?: string
}

/**
 * What containers do of which nobody says anything: they run until they are stopped and answer their probes; those of init containers and of
 * pods that are not to be started again (Jobs) end well after a while. Flags speak of an image, annotations of a pod; a pod's word counts more.
 */
export function createBehaviour({ world, images, taskMs, pulls }: BehaviourOptions): BehaviourOf {
  return (image, container) => {
    const named = images[image] ?? {}
    const { pullMs = usualPullMs, pullError } = named
    const trouble = pulls()
    const behaviour: ImageBehaviour = {
      isAbsent: true,
      pullMs: Math.max(pullMs, trouble.slowMs ?? 0),
      pullFails: () => pullError ?? pulls().error,
    }
    return container === undefined ? behaviour : { ...behaviour, ...runOf(container, named) }
  }

  function runOf({ name, pod: { namespace, name: podName, uid } }: StartedContainer, named: BehaviourSettings): ImageBehaviour {
    const pod = world()?.byKey(keyOf(Pod, namespace, podName)) as Pod | undefined
    if (pod?.metadata.uid !== uid) return {}
    const init = pod.spec.initContainers?.find((one) => one.name === name)
    if (init !== undefined && !isSidecar(init)) return { exit: { afterMs: named.exitAfterMs ?? initMs, code: named.exitCode ?? 0 } }
    const isTask = pod.spec.restartPolicy !== 'Always' && init === undefined
    // An annotation means the containers that the pod is there for.
    const told = init === undefined ? { ...named, ...readAnnotations(pod.metadata.annotations ?? {}).settings } : named
    const {
      exitAfterMs = isTask || told.exitCode !== undefined ? taskMs : undefined,
      exitCode = 0,
      readyAfterMs = 0,
      stopAfterMs = usualStopMs,
    } = told
    return {
      ...(exitAfterMs !== undefined && { exit: { afterMs: exitAfterMs, code: exitCode } }),
      ...(told.startError !== undefined && { startFails: told.startError }),
      stopMs: stopAfterMs,
      exec: (_command, runMs) => ({ exitCode: runMs >= readyAfterMs ? 0 : 1, output: runMs >= readyAfterMs ? '' : 'not ready yet' }),
      serves: (runMs) => runMs >= readyAfterMs,
    }
  }
}

/** Of an image of some ten MB over a usual line. */
const usualPullMs = 2_000
const usualStopMs = 1_000
const initMs = 1_000
