import type { PodRecord } from '#kubelet/interfaces.ts'
import { WherryError } from '#lib/errors.ts'

/**
 * The id of the container whose log is meant, from the pod's status; throws `BadRequest` with the reference's words where there is none yet
 * or no more.
 */
export function chooseLog(record: PodRecord, container: string, previous: boolean): string {
  const pod = record.withStatus
  const { name } = pod.metadata
  const status = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ].find((one) => one.name === container)
  const refuse = (words: string): never => {
    throw new WherryError('BadRequest', words)
  }
  if (!status) return refuse(`container "${container}" in pod "${name}" is not available`)
  const { waiting, running, terminated } = status.state ?? {}
  const last = status.lastState?.terminated
  const idOf = (text: string) => text.slice(text.indexOf('://') + 3)
  if (previous)
    return last?.containerID ? idOf(last.containerID) : refuse(`previous terminated container "${container}" in pod "${name}" not found`)
  if (running) return idOf(status.containerID ?? '')
  if (terminated || last) {
    // A container that could not be started again has no id of its own: the one before it has the log.
    const id = terminated?.containerID || last?.containerID
    return id ? idOf(id) : refuse(`container "${container}" in pod "${name}" is terminated`)
  }
  if (!waiting) return refuse(`container "${container}" in pod "${name}" is waiting to start - no logs yet`)
  const why =
    waiting.reason === 'ErrImagePull'
      ? "image can't be pulled"
      : waiting.reason === 'ImagePullBackOff'
        ? 'trying and failing to pull image'
        : (waiting.reason ?? '')
  return refuse(`container "${container}" in pod "${name}" is waiting to start: ${why}`)
}
