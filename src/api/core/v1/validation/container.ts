import type { Container, EphemeralContainer, PodSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkDns1123Label,
  checkPortName,
  checkPortNumber,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notFound,
  notSupported,
  required,
  tooMany,
} from '#schema/validate.ts'
import { validateEnv, validateEnvFrom } from './container-env.ts'
import { type Volumes, validateVolumeDevices, validateVolumeMounts } from './container-mounts.ts'
import { validateLifecycle, validateProbes } from './probe.ts'
import { validateResources } from './resources.ts'
import { validateSecurityContext } from './security-context.ts'

/** What containers need to know of their pod. */
export interface PodContext {
  readonly spec: PodSpec
  readonly volumes: Volumes
  readonly claimNames: ReadonlySet<string>
}

/** What is wrong with the main containers, of which there is one at least; `path` is that of their list. */
export function validateContainers(pod: PodContext, path: string): Cause[] {
  const containers = pod.spec.containers ?? []
  if (containers.length === 0) return [required(path)]
  const names = new Set<string>()
  const causes = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`
    const own = [
      ...validateCommon(container, pod, at),
      ...(names.has(container.name) ? [duplicate(`${at}.name`, container.name)] : []),
      ...validateRunning(container, pod, at),
      ...validateRestartPolicy(container, at),
    ]
    names.add(container.name)
    return own
  })
  return [...causes, ...validateHostPorts(containers, path)]
}

/** What is wrong with init containers: only sidecars have probes (KEP-753). */
export function validateInitContainers(pod: PodContext, path: string): Cause[] {
  const names = new Set((pod.spec.containers ?? []).map(({ name }) => name))
  return (pod.spec.initContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`
    const isSidecar = container.restartPolicy === 'Always'
    const causes = [...validateCommon(container, pod, at), ...validateRestartPolicy(container, at)]
    if (names.has(container.name)) causes.push(duplicate(`${at}.name`, container.name))
    else if (container.name !== '') names.add(container.name)
    causes.push(...validateHostPorts([container], path))
    if (isSidecar) return [...causes, ...validateRunning(container, pod, at)]
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[name] !== undefined)
        causes.push(forbidden(`${at}.${name}`, 'may not be set for init containers without restartPolicy=Always'))
    for (const [j, { restartPolicy }] of (container.resizePolicy ?? []).entries())
      if (restartPolicy === 'RestartContainer') {
        const detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
        causes.push(invalid(`${at}.resizePolicy[${j}].restartPolicy`, restartPolicy, detail))
      }
    return causes
  })
}

/** What is wrong with containers for debugging, which have few fields (KEP-277). */
export function validateEphemeralContainers(pod: PodContext, path: string): Cause[] {
  const others = new Set([...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].map(({ name }) => name))
  const names = new Set(others)
  return (pod.spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`
    const causes = [...validateCommon(container as Container, pod, at), ...validateImageSpaces(container, at)]
    if (names.has(container.name)) causes.push(duplicate(`${at}.name`, container.name))
    names.add(container.name)
    if (container.targetContainerName && !others.has(container.targetContainerName))
      causes.push(notFound(`${at}.targetContainerName`, container.targetContainerName))
    for (const name of Object.keys(container) as (keyof EphemeralContainer)[])
      if (!ephemeralFields.has(name) && (handlers.has(name) ? container[name] !== undefined : isSet(container[name])))
        causes.push(forbidden(`${at}.${name}`, 'cannot be set for an Ephemeral Container'))
    for (const [j, mount] of (container.volumeMounts ?? []).entries())
      for (const name of ['subPath', 'subPathExpr'] as const)
        if (mount[name]) causes.push(forbidden(`${at}.volumeMounts[${j}].${name}`, 'cannot be set for an Ephemeral Container'))
    return causes
  })
}

/** An image's name has no space around it. Asked of pods only: templates may be older than the rule. */
export const validateImageSpaces = ({ image = '' }: Pick<Container, 'image'>, path: string): Cause[] =>
  image.trim() === image ? [] : [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')]

const ephemeralFields = new Set<keyof EphemeralContainer>([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'envFrom',
  'env',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
])
/** These count as set even where they say nothing. */
const handlers: ReadonlySet<string> = new Set(['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'])
const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== '' &&
  value !== false &&
  !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)

function validateCommon(container: Container, pod: PodContext, path: string): Cause[] {
  const { name, image, terminationMessagePolicy: messages, imagePullPolicy: pull } = container
  const causes: Cause[] = name === '' ? [required(`${path}.name`)] : invalidEach(`${path}.name`, name, checkDns1123Label(name))
  if (!image) causes.push(required(`${path}.image`))
  if (messages !== 'File' && messages !== 'FallbackToLogsOnError')
    causes.push(notSupported(`${path}.terminationMessagePolicy`, messages, ['File', 'FallbackToLogsOnError']))
  if (pull !== undefined && !pullPolicies.includes(pull)) causes.push(notSupported(`${path}.imagePullPolicy`, pull, pullPolicies))
  return [
    ...causes,
    ...validatePorts(container.ports, `${path}.ports`),
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
    ...validateVolumeMounts(container, pod.volumes, `${path}.volumeMounts`),
    ...validateVolumeDevices(container, pod.volumes, `${path}.volumeDevices`),
    ...validateResources(container.resources ?? {}, pod.claimNames, `${path}.resources`),
    ...validateResizePolicy(container.resizePolicy, pod.spec.restartPolicy, `${path}.resizePolicy`),
    ...validateSecurityContext(container.securityContext, pod.spec.hostUsers !== false, `${path}.securityContext`),
    ...(pod.spec.hostUsers === false && (container.volumeDevices ?? []).length > 0
      ? [forbidden(`${path}.volumeDevices`, 'when `hostUsers` is false')]
      : []),
    ...validateFileKeys(container, pod.spec, `${path}.env`),
  ]
}

const pullPolicies = ['Always', 'IfNotPresent', 'Never']

function validateRunning(container: Container, { spec }: PodContext, path: string): Cause[] {
  return [
    ...validateLifecycle(container.lifecycle, spec.terminationGracePeriodSeconds, `${path}.lifecycle`),
    ...validateProbes(container, spec.terminationGracePeriodSeconds, path),
  ]
}

function validatePorts(ports: NonNullable<Container['ports']> = [], path: string): Cause[] {
  const names = new Set<string>()
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, i) => {
    const at = `${path}[${i}]`
    const causes: Cause[] = []
    if (name) {
      const problems = checkPortName(name)
      if (problems.length > 0) causes.push(...invalidEach(`${at}.name`, name, problems))
      else if (names.has(name)) causes.push(duplicate(`${at}.name`, name))
      else names.add(name)
    }
    if (containerPort === 0) causes.push(required(`${at}.containerPort`))
    else causes.push(...invalidEach(`${at}.containerPort`, containerPort, checkPortNumber(containerPort)))
    if (hostPort) causes.push(...invalidEach(`${at}.hostPort`, hostPort, checkPortNumber(hostPort)))
    if (!protocols.includes(protocol)) causes.push(notSupported(`${at}.protocol`, protocol, protocols))
    return causes
  })
}

/** Protocols of ports, sorted: causes list them so. */
export const protocols = ['SCTP', 'TCP', 'UDP']

/** Two containers cannot both have the same port of the same host address. */
function validateHostPorts(containers: readonly Container[], path: string): Cause[] {
  const seen = new Set<string>()
  return containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort, hostIP = '', protocol }, j) => {
      if (!hostPort) return []
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (seen.has(key)) return [duplicate(`${path}[${i}].ports[${j}].hostPort`, key)]
      seen.add(key)
      return []
    }),
  )
}

function validateResizePolicy(policies: NonNullable<Container['resizePolicy']> = [], podRestartPolicy: string, path: string): Cause[] {
  const seen = new Set<string>()
  return policies.flatMap(({ resourceName, restartPolicy }, i) => {
    const causes: Cause[] = []
    if (seen.has(resourceName)) causes.push(duplicate(`${path}[${i}]`, resourceName))
    seen.add(resourceName)
    if (resourceName === '') causes.push(required(path))
    else if (resourceName !== 'cpu' && resourceName !== 'memory') causes.push(notSupported(path, resourceName, ['cpu', 'memory']))
    if (restartPolicy === '') causes.push(required(path))
    else if (restartPolicy !== 'NotRequired' && restartPolicy !== 'RestartContainer')
      causes.push(notSupported(path, restartPolicy, ['NotRequired', 'RestartContainer']))
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      causes.push(invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    return causes
  })
}

const restartPolicies = ['Always', 'Never', 'OnFailure']

/** Restart rules of one container (KEP-5307). */
function validateRestartPolicy({ restartPolicy, restartPolicyRules: rules = [] }: Container, path: string): Cause[] {
  const causes: Cause[] = []
  if (restartPolicy === undefined) {
    if (rules.length === 0) return []
    causes.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
  } else if (!restartPolicies.includes(restartPolicy)) causes.push(notSupported(`${path}.restartPolicy`, restartPolicy, restartPolicies))
  if (rules.length > 20) causes.push(tooMany(`${path}.restartPolicyRules`, rules.length, 20))
  for (const [i, { action = '', exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${i}]`
    if (action !== 'Restart' && action !== 'RestartAllContainers')
      causes.push(notSupported(`${at}.action`, action, ['Restart', 'RestartAllContainers']))
    if (exitCodes === undefined) {
      causes.push(required(`${at}.exitCodes`, 'must be specified'))
      continue
    }
    const { operator = '', values = [] } = exitCodes
    if (operator !== 'In' && operator !== 'NotIn') causes.push(notSupported(`${at}.exitCodes.operator`, operator, ['In', 'NotIn']))
    if (values.length > 255) causes.push(tooMany(`${at}.exitCodes.values`, values.length, 255))
  }
  return causes
}

/** Files of environment variables are written by another container, so they stand in an emptyDir (KEP-3721). */
function validateFileKeys({ env = [] }: Container, spec: PodSpec, path: string): Cause[] {
  return env.flatMap(({ valueFrom }, i) => {
    const name = valueFrom?.fileKeyRef?.volumeName
    if (name === undefined) return []
    const at = `${path}[${i}].valueFrom.fileKeyRef.volumeName`
    const volume = spec.volumes?.findLast((one) => one.name === name)
    if (volume === undefined) return [notFound(at, name)]
    return volume.emptyDir === undefined ? [invalid(at, name, 'referenced volume must be of type emptyDir')] : []
  })
}
