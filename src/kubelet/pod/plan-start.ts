import type { ContainerStatus } from '../runtime.ts'
import { type AnyContainer, attemptsOf } from './containers.ts'
import { podTitle } from './names.ts'
import { delayOf, restartAt } from './restart-delay.ts'
import type { Steps } from './steps.ts'
import type { PodView } from './view.ts'

/**
 * Brings one container that is due a step nearer to running: the restart delay, its image (which needs no sandbox and so comes in beside
 * it), then, with sandbox and volumes there, the start itself. Whatever holds it back becomes its waiting reason. Tells whether it is on its way:
 * nothing puts it off.
 */
export function planStart(view: PodView, container: AnyContainer, sandboxId: string | undefined, steps: Steps): boolean {
  const { name } = container
  const attempts = attemptsOf(view.containers, name)
  const [latest] = attempts
  const ended = latest?.state === 'exited' ? latest : undefined
  const failure = view.failures.get(name)
  if (failure !== undefined) steps.wait(name, failure)
  // It is being started, or a start that failed is put off.
  if (view.busy.has(`start-container ${name}`)) return view.underWay.has(`start-container ${name}`)
  // An older one that came to life late is stopped first: no two of one name run.
  if (attempts.some(({ state }) => state === 'running')) return true

  if (ended !== undefined) {
    const delay = delayOf(view.restarts.get(name), container)
    const at = restartAt(delay, ended.finishedAt)
    // What ended in a time to come ended before the clock was set back: nobody knows how long ago.
    if (at > view.now && delay !== undefined && ended.finishedAt <= view.now + CLOCK_TOLERANCE_MS) {
      const title = podTitle(view.pod)
      const message = `back-off ${goSeconds(delay.delayMs)} restarting failed container=${name} pod=${title}`
      steps.wait(name, { reason: 'CrashLoopBackOff', message })
      steps.add({
        do: 'event',
        key: `back-off ${ended.id}`,
        type: 'Warning',
        reason: 'BackOff',
        message: `Back-off restarting failed container ${name} in pod ${title}`,
        container: name,
      })
      steps.wake(at)
      return false
    }
  }

  const image = view.images.get(name)
  if (image?.state === 'failed') {
    imageFailed(view, name, image, steps)
    return false
  }
  if (image !== undefined) {
    planCreate(view, name, sandboxId, ended, steps)
    return true
  }
  const isPutOff = view.busy.has(`ensure-image ${name}`) && !view.underWay.has(`ensure-image ${name}`)
  steps.add({ do: 'ensure-image', container: name })
  return !isPutOff
}

function planCreate(view: PodView, name: string, sandboxId: string | undefined, ended: ContainerStatus | undefined, steps: Steps): void {
  if (sandboxId === undefined || !view.hasVolumes) return
  steps.add({
    do: 'start-container',
    container: name,
    sandboxId,
    attempt: nextAttempt(view, name),
    ...(ended !== undefined && { previousFinishedAt: ended.finishedAt }),
  })
}

function imageFailed(
  view: PodView,
  name: string,
  image: Extract<ReturnType<PodView['images']['get']>, { state: 'failed' }>,
  steps: Steps,
): void {
  if (view.now >= image.backOffAt) {
    const message = `Back-off pulling image "${image.image}"`
    steps.wait(name, { reason: 'ImagePullBackOff', message: `${message}: ${image.reason}: ${image.message}` })
    const key = `image-back-off ${name} ${image.failedAt}`
    steps.add({ do: 'event', key, type: 'Normal', reason: 'BackOff', message, container: name })
    steps.add({ do: 'event', key: `${key} error`, type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', container: name })
  } else {
    steps.wait(name, { reason: image.reason, message: image.message })
    if (image.backOffAt !== Infinity) steps.wake(image.backOffAt)
  }
  // What failed in a time to come failed before the clock was set back; what never is tried again is not for that either.
  const wasSetBack = image.retryAt !== Infinity && image.failedAt > view.now + CLOCK_TOLERANCE_MS
  steps.retry(wasSetBack ? view.now : image.retryAt, { do: 'ensure-image', container: name })
}

/**
 * One more than the newest attempt that the runtime knows; where it knows none (its state was lost), one more than the API server was told,
 * so that the count of restarts never falls.
 */
function nextAttempt(view: PodView, name: string): number {
  const [latest] = attemptsOf(view.containers, name)
  if (latest !== undefined) return latest.metadata.attempt + 1
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = view.pod.status ?? {}
  const known = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((one) => one.name === name)
  if (known === undefined) return 0
  return known.containerID ? known.restartCount + 1 : known.restartCount
}

/** Runtime and kubelet read one clock, at different times. */
const CLOCK_TOLERANCE_MS = 1_000

/** As Go prints a duration of whole seconds: `10s`, `2m40s`, `5m0s`. */
function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
