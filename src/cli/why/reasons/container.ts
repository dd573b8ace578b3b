import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar } from '#api/core/v1/pod-helpers.ts'
import type { Container, ContainerStatus } from '#api/core/v1/types.ts'
import { durationMs } from '#lib/duration.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'
import { count } from '../words.ts'
import { lastEvent } from './events.ts'

/** What is wrong with the containers of a pod that has a node. An init container that is not done keeps all others waiting. */
export function containerReasons(pod: Pod, view: View, about: string): readonly Reason[] {
  const { spec, status } = pod
  const reasons: Reason[] = []
  for (const container of spec.initContainers ?? []) {
    const found = status.initContainerStatuses?.find(({ name }) => name === container.name)
    if (found === undefined) continue
    const isDone = isSidecar(container) ? found.started === true : found.state?.terminated?.exitCode === 0
    if (isDone) continue
    const stuck = reasonsOf(pod, container, found, view, about, 'init container')
    if (stuck.length > 0) reasons.push(...stuck)
    else if (found.state?.running !== undefined)
      reasons.push({
        code: 'init',
        about,
        message: `init container ${container.name} still runs; the others begin after it`,
        details: since(found),
      })
    return reasons
  }
  for (const container of spec.containers) {
    const found = status.containerStatuses?.find(({ name }) => name === container.name)
    if (found !== undefined) reasons.push(...reasonsOf(pod, container, found, view, about, 'container'))
  }
  return reasons
}

function reasonsOf(pod: Pod, container: Container, status: ContainerStatus, view: View, about: string, title: string): readonly Reason[] {
  const { name, state, lastState } = status
  const said = { about: `${about}, ${title} ${name}` }
  const { reason = '', message = '' } = state?.waiting ?? {}
  if (imageReasons.has(reason)) {
    // The node repeats the cause behind the back-off.
    const cause = lastEvent(view, pod, ['Failed'], `{${name}}`)?.message
    const details = [message, ...(cause?.startsWith('Failed to pull') && !message.includes(cause) ? [cause] : [])].filter(Boolean)
    return [{ code: 'image', ...said, message: imageProblem(reason, container.image ?? ''), details, ...imageAdvice(reason) }]
  }
  if (reason === 'CrashLoopBackOff') return [crash(pod, status, lastState?.terminated, message, said.about)]
  if (configurationReasons.has(reason)) {
    const problem = reason === 'CreateContainerConfigError' ? 'it cannot be made of what it refers to' : 'it cannot be started'
    return [{ code: 'configuration', ...said, message: `${problem} (${reason})`, details: [message].filter(Boolean) }]
  }
  if (state?.terminated !== undefined && state.terminated.exitCode !== 0) return [crash(pod, status, state.terminated, '', said.about)]
  if (state?.running !== undefined && !status.ready) {
    const restarted =
      status.restartCount > 0 && lastState?.terminated !== undefined ? [`before that it ${ending(lastState.terminated)}`] : []
    const probe = probeReason(pod, container, status, view, said.about)
    if (probe !== undefined) return [{ ...probe, details: [...(probe.details ?? []), ...restarted] }]
    if (title === 'container' && restarted.length > 0)
      return [
        {
          code: 'crash',
          ...said,
          message: `it runs again after ${count(status.restartCount, 'restart')}, not ready yet`,
          details: restarted,
        },
      ]
  }
  return []
}

const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const configurationReasons: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
])

const imageProblem = (reason: string, image: string): string =>
  reason === 'InvalidImageName'
    ? `"${image}" is no name of an image`
    : reason === 'ErrImageNeverPull'
      ? `the image ${image} is not on the node, and imagePullPolicy is Never`
      : `the image ${image} cannot be fetched (${reason})`

const imageAdvice = (reason: string): { readonly advice?: string } =>
  reason === 'InvalidImageName'
    ? {}
    : { advice: 'correct the name, see that the registry is in reach, or bring the image: wherry image import FILE' }

/** `lastState` of one that waits, `state` of one that has just ended. */
function crash(pod: Pod, status: ContainerStatus, end: Terminated | undefined, backOff: string, about: string): Reason {
  const until = backOffEnd(backOff, end)
  return {
    code: 'crash',
    about,
    message: `it ${end === undefined ? 'keeps ending' : ending(end)}, after ${count(status.restartCount, 'restart')}`,
    details: [
      ...(end?.message ? [end.message.trim()] : []),
      ...(until === undefined ? [] : [`it is started again at ${until} (the pauses grow to 5 minutes)`]),
    ],
    advice: `see what it said: kubectl logs ${pod.metadata.name} -n ${pod.metadata.namespace} -c ${status.name} --previous`,
  }
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>

function ending({ exitCode, reason, signal, finishedAt }: Terminated): string {
  const at = finishedAt ? ` at ${finishedAt}` : ''
  if (reason === 'OOMKilled') return `was killed${at} for want of memory: it used all that its limit allows`
  if (reason === 'StartError' || reason === 'ContainerCannotRun') return `could not be run (exit code ${exitCode})${at}`
  const means = exitCode === 137 ? ', killed' : exitCode === 143 ? ', told to stop' : exitCode === 127 ? ', its command was not found' : ''
  return `ended with exit code ${exitCode}${signal ? ` by signal ${signal}` : ''}${means}${at}`
}

/** `back-off 40s restarting failed container=…`, counted from the last end. */
function backOffEnd(message: string, end: Terminated | undefined): string | undefined {
  const delay = /^back-off ([0-9hms.]+) restarting/.exec(message)?.[1]
  if (delay === undefined || !end?.finishedAt) return undefined
  return rfc3339(Date.parse(end.finishedAt) + durationMs(delay))
}

function probeReason(pod: Pod, container: Container, status: ContainerStatus, view: View, about: string): Reason | undefined {
  const event = lastEvent(view, pod, ['Unhealthy', 'ProbeWarning'], `{${status.name}}`)
  const isStarting = container.startupProbe !== undefined && status.started === false
  const named = /^(Readiness|Liveness|Startup) probe/.exec(event?.message ?? '')?.[1]?.toLowerCase()
  // While the startup probe has not succeeded the other two are not asked.
  const probe = isStarting ? 'startup' : (named ?? (container.readinessProbe === undefined ? undefined : 'readiness'))
  if (probe === undefined) return undefined
  const details = [...(event?.message ? [event.message] : []), ...since(status)]
  const effect = probe === 'readiness' ? 'it gets no requests until it succeeds' : 'it is started anew when it goes on failing'
  const message = event === undefined ? `its ${probe} probe has not succeeded yet` : `its ${probe} probe fails: ${effect}`
  return { code: 'probe', about, message, details }
}

const since = ({ state }: ContainerStatus): readonly string[] => {
  const startedAt = state?.running?.startedAt
  return startedAt ? [`it runs since ${startedAt}`] : []
}
