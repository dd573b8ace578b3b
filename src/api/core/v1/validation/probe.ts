import type { HTTPGetAction, Lifecycle, Probe } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkHttpHeaderName,
  checkPortName,
  checkPortNumber,
  forbidden,
  invalid,
  invalidEach,
  notNegative,
  notSupported,
  required,
} from '#schema/validate.ts'

type Handler = NonNullable<Lifecycle['postStart']> & Pick<Probe, 'grpc'>

/** The three probes of a container that may have them. `graceSeconds` is the pod's. */
export function validateProbes(
  container: {
    readonly livenessProbe?: Probe | undefined
    readonly readinessProbe?: Probe | undefined
    readonly startupProbe?: Probe | undefined
  },
  graceSeconds: number | undefined,
  path: string,
): Cause[] {
  const { livenessProbe, readinessProbe, startupProbe } = container
  const once = (probe: Probe | undefined, field: string): Cause[] =>
    probe !== undefined && probe.successThreshold !== 1 ? [invalid(`${field}.successThreshold`, probe.successThreshold, 'must be 1')] : []
  const readinessGrace = readinessProbe?.terminationGracePeriodSeconds
  return [
    ...validateProbe(livenessProbe, graceSeconds, `${path}.livenessProbe`),
    ...once(livenessProbe, `${path}.livenessProbe`),
    ...validateProbe(readinessProbe, graceSeconds, `${path}.readinessProbe`),
    ...(readinessGrace !== undefined
      ? [invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, readinessGrace, 'must not be set for readinessProbes')]
      : []),
    ...validateProbe(startupProbe, graceSeconds, `${path}.startupProbe`),
    ...once(startupProbe, `${path}.startupProbe`),
  ]
}

/** What is wrong with handlers of start and stop; a sleep has to end within `graceSeconds`. */
export function validateLifecycle(lifecycle: Lifecycle | undefined, graceSeconds: number | undefined, path: string): Cause[] {
  if (lifecycle === undefined) return []
  const { postStart, preStop } = lifecycle
  return [
    ...(postStart ? validateHandler(postStart, graceSeconds, `${path}.postStart`) : []),
    ...(preStop ? validateHandler(preStop, graceSeconds, `${path}.preStop`) : []),
  ]
}

function validateProbe(probe: Probe | undefined, graceSeconds: number | undefined, path: string): Cause[] {
  if (probe === undefined) return []
  const grace = probe.terminationGracePeriodSeconds
  return [
    ...validateHandler(probe, graceSeconds, path),
    ...(['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const).flatMap((name) =>
      notNegative(`${path}.${name}`, probe[name]),
    ),
    ...(grace !== undefined && grace <= 0 ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')] : []),
  ]
}

/** Exactly one way of asking. */
function validateHandler(handler: Handler, graceSeconds: number | undefined, path: string): Cause[] {
  const causes: Cause[] = []
  let seen = false
  for (const name of ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const) {
    if (handler[name] === undefined) continue
    if (seen) causes.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'))
    else causes.push(...validateAction(handler, name, graceSeconds, `${path}.${name}`))
    seen = true
  }
  return seen ? causes : [required(path, 'must specify a handler type')]
}

function validateAction(handler: Handler, name: keyof Handler, graceSeconds: number | undefined, path: string): Cause[] {
  switch (name) {
    case 'exec':
      return (handler.exec?.command ?? []).length === 0 ? [required(`${path}.command`)] : []
    case 'httpGet':
      return validateHttpGet(handler.httpGet!, path)
    case 'tcpSocket':
      return validatePort(handler.tcpSocket!.port, `${path}.port`)
    case 'grpc':
      return validatePort(handler.grpc!.port, `${path}.port`)
    case 'sleep': {
      const seconds = handler.sleep!.seconds
      if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return []
      return [invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)]
    }
  }
}

function validateHttpGet(action: HTTPGetAction, path: string): Cause[] {
  return [
    ...validatePort(action.port, `${path}.port`),
    ...(['HTTP', 'HTTPS'].includes(action.scheme) ? [] : [notSupported(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS'])]),
    ...(action.httpHeaders ?? []).flatMap(({ name }) => invalidEach(`${path}.httpHeaders`, name, checkHttpHeaderName(name))),
  ]
}

/** A number, or the name of one of the container's ports. */
export const validatePort = (port: number | string, path: string): Cause[] =>
  invalidEach(path, port, typeof port === 'number' ? checkPortNumber(port) : checkPortName(port))
