import type { ActiveSpan } from '#lib/tracing/active-span.ts'
import type { SyncType } from '../metrics/work-metrics.ts'
import type { PodCommand } from '../pod/command.ts'
import type { PodState } from '../pod/pod-state.ts'
import type { NodeTracer } from './node-tracer.ts'

/**
 * The traces of one pod. A stretch of work is a trace, from the first command until nothing is under way, with the reference's names: the start of a
 * pod is one `syncPod` with all that it leads to, a try after a back-off the next; its end is a `syncTerminatingPod` and a `syncTerminatedPod`.
 */
export interface PodTrace {
  /** Runs a command of the pod's worker as part of what is under way. `isEnding`: the pod is to end. */
  run(command: PodCommand, isEnding: boolean, act: () => Promise<void>): Promise<void>
  /** Nothing is under way any more. */
  ends(): void
}

export interface PodTraceOptions {
  readonly tracer: Pick<NodeTracer, 'begin'> | undefined
  readonly state: Pick<PodState, 'pod' | 'images' | 'failures'>
  /** What led to the work that is under way. */
  readonly syncType: () => SyncType
}

export function createPodTrace({ tracer, state, syncType }: PodTraceOptions): PodTrace {
  if (tracer === undefined) return untraced
  const stretches = new Map<Name, Stretch>()

  function stretchOf(name: Name): Stretch {
    // What follows is another stretch of the pod's life: the one before is over when its commands are.
    for (const [other, { running }] of stretches) if (other !== name && running === 0) end(other)
    const known = stretches.get(name)
    if (known !== undefined) return known
    const { name: podName, namespace, uid } = state.pod.metadata
    const attributes = {
      'k8s.pod.uid': uid,
      'k8s.pod': `${namespace}/${podName}`,
      'k8s.pod.name': podName,
      ...(name === 'syncPod' && { 'k8s.pod.update_type': syncType() }),
      'k8s.namespace.name': namespace,
    }
    const made: Stretch = { span: tracer!.begin(name, { attributes }), running: 0, problem: undefined }
    stretches.set(name, made)
    return made
  }

  function end(name: Name): void {
    const stretch = stretches.get(name)
    stretches.delete(name)
    stretch?.span?.end(stretch.problem)
  }

  return {
    async run(command, isEnding, act) {
      const name = stretchNameOf(command, isEnding)
      if (name === undefined) return act()
      const stretch = stretchOf(name)
      stretch.running += 1
      try {
        await (stretch.span === undefined ? act() : stretch.span.run(act))
        stretch.problem ??= problemAfter(command, state)
      } catch (error) {
        stretch.problem ??= error
        throw error
      } finally {
        stretch.running -= 1
        if (stretch.running === 0 && stretches.size > 1 && stretches.get(name) === stretch) end(name)
      }
    },
    ends() {
      for (const name of [...stretches.keys()]) end(name)
    },
  }
}

/** A container that could not be started, or has no image, is no error of the command: it is shown, and tried again. */
function problemAfter(command: PodCommand, { images, failures }: Pick<PodState, 'images' | 'failures'>): string | undefined {
  if (command.do === 'start-container') return failures.get(command.container)?.message
  const image = command.do === 'ensure-image' ? images.get(command.container) : undefined
  return image?.state === 'failed' ? image.message : undefined
}

/** Undefined for what is no work on the node: events, and what the API server is told. */
function stretchNameOf(command: PodCommand, isEnding: boolean): Name | undefined {
  switch (command.do) {
    case 'event':
    case 'delete-pod':
    case 'forget':
      return undefined
    case 'release':
    case 'stop-sandbox':
      return 'syncTerminatingPod'
    case 'pre-stop':
    case 'stop-container':
      return isEnding ? 'syncTerminatingPod' : 'syncPod'
    case 'clean-up':
      return 'syncTerminatedPod'
    case 'remove-container':
    case 'remove-sandbox':
      return isEnding ? 'syncTerminatedPod' : 'syncPod'
    default:
      return 'syncPod'
  }
}

const untraced: PodTrace = { run: (_command, _isEnding, act) => act(), ends() {} }

type Name = 'syncPod' | 'syncTerminatingPod' | 'syncTerminatedPod'

interface Stretch {
  readonly span: ActiveSpan | undefined
  running: number
  /** The first failure. */
  problem: unknown
}
