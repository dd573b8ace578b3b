import type { Container, ContainerStatus, HostIP, Pod, PodExtendedResourceClaimStatus, PodIP, PodSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkGroupId,
  checkLegacyIp,
  checkQualifiedName,
  checkUserId,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
} from '#schema/validate.ts'
import { validateAnnotationChanges } from './pod-annotations.ts'

/** What a kubelet may report. */
export function validatePodStatus(next: Pod, previous: Pod): Cause[] {
  const { spec, status } = next
  const old = previous.status
  const nominated = status.nominatedNodeName
  const causes = [...validateAnnotationChanges(next.metadata, previous.metadata, spec), ...validateConditions(status.conditions)]
  if (nominated && nominated !== old.nominatedNodeName) {
    causes.push(...invalidEach('status.nominatedNodeName', nominated, checkDns1123Subdomain(nominated)))
    if (previous.spec.nodeName)
      causes.push(forbidden('status.nominatedNodeName', 'may not be set on pods that are already bound to a node'))
  }
  if ((status.observedGeneration ?? 0) < 0)
    causes.push(invalid('status.observedGeneration', status.observedGeneration, 'must be a non-negative integer'))
  if ((status.qosClass ?? '') !== (old.qosClass ?? '')) causes.push(invalid('status.qosClass', status.qosClass ?? '', 'field is immutable'))
  if (!restartsAll(previous.spec))
    for (const [list, containers] of [
      ['containerStatuses', previous.spec.containers],
      ['initContainerStatuses', previous.spec.initContainers ?? []],
    ] as const)
      causes.push(...validateTransitions(status[list], old[list], previous.spec, containers, `status.${list}`))
  causes.push(
    ...validateTransitions(
      status.ephemeralContainerStatuses,
      old.ephemeralContainerStatuses,
      undefined,
      [],
      'status.ephemeralContainerStatuses',
    ),
  )
  causes.push(...validateClaimStatuses(next), ...validateExtendedClaim(status.extendedResourceClaimStatus, spec))
  causes.push(...validateAddresses(status.podIPs, old.podIPs, 'status.podIPs'), ...validateHostIPs(status, old))
  for (const list of statusLists) causes.push(...validateUsers(status[list], spec.os?.name ?? 'linux', `status.${list}`))
  causes.push(...validateAllocated(status.containerStatuses, spec.containers, 'status.containerStatuses'))
  causes.push(...validateAllocated(status.initContainerStatuses, spec.initContainers ?? [], 'status.initContainerStatuses'))
  for (const [i, { allocatedResourcesStatus = [] }] of (status.ephemeralContainerStatuses ?? []).entries())
    if (allocatedResourcesStatus.length > 0)
      causes.push(
        forbidden(`status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`, 'must not be specified in container status'),
      )
  return causes
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized'])

function validateConditions(conditions: Pod['status']['conditions'] = []): Cause[] {
  return conditions.flatMap(({ type, observedGeneration = 0 }, i) => {
    const at = `status.conditions[${i}]`
    const causes = observedGeneration < 0 ? [invalid(`${at}.observedGeneration`, observedGeneration, 'must be a non-negative integer')] : []
    // The reference spells the field as Go does.
    return systemConditions.has(type) ? causes : [...causes, ...invalidEach(`${at}.Type`, type, checkQualifiedName(type))]
  })
}

/** Whether an exit of some container starts all of them again (KEP-5532). */
const restartsAll = ({ containers, initContainers = [] }: PodSpec): boolean =>
  [...initContainers, ...containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  )

/** A container that ended for good does not run again. Without a `spec` it never does. */
function validateTransitions(
  next: readonly ContainerStatus[] = [],
  previous: readonly ContainerStatus[] = [],
  spec: PodSpec | undefined,
  containers: readonly Container[],
  path: string,
): Cause[] {
  const [after, declared] = [firstByName(next), firstByName(containers)]
  return previous.flatMap((old, i) => {
    const { terminated } = old.state
    const now = after.get(old.name)
    if (terminated === undefined || now === undefined || now.state.terminated !== undefined) return []
    const container = declared.get(old.name)
    if (spec !== undefined && container !== undefined && restarts(container, spec, terminated.exitCode)) return []
    return [forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state')]
  })
}

/** The first of each name: lists of a status may be long, and each item of one asks for one of another. */
const firstByName = <T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
  new Map(items.toReversed().map((item) => [item.name, item]))

/** What the container's own rules say of its exit, else its policy, else the pod's (KEP-5307). */
function restarts({ restartPolicy, restartPolicyRules = [] }: Container, spec: PodSpec, exitCode: number): boolean {
  if (restartPolicy !== undefined) {
    const rule = restartPolicyRules.find(({ exitCodes }) => {
      const isListed = exitCodes?.values?.includes(exitCode) === true
      return exitCodes?.operator === 'In' ? isListed : exitCodes?.operator === 'NotIn' && !isListed
    })
    if (rule?.action === 'Restart') return true
  }
  const policy = restartPolicy ?? spec.restartPolicy
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never'
}

function validateClaimStatuses({ spec, status }: Pod): Cause[] {
  const names = new Set<string>()
  const own = new Set(spec.resourceClaims?.map(({ name }) => name))
  return (status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, i) => {
    const at = `status.resourceClaimStatuses[${i}]`
    const causes = own.has(name) ? [] : [invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (names.has(name)) causes.push(duplicate(`${at}.name`, name))
    names.add(name)
    return resourceClaimName === undefined
      ? causes
      : [...causes, ...invalidEach(`${at}.resourceClaimName`, resourceClaimName, checkDns1123Subdomain(resourceClaimName))]
  })
}

/** Extended resources that a claim stands for (KEP-5004). */
function validateExtendedClaim(status: PodExtendedResourceClaimStatus | undefined, spec: PodSpec): Cause[] {
  if (status === undefined) return []
  const path = 'status.extendedResourceClaimStatus'
  const { requestMappings = [], resourceClaimName } = status
  // The last of a name counts.
  const containers = new Map([...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]))
  const causes = requestMappings.length === 0 ? [required(`${path}.requestMappings`, 'at least one request mapping is required')] : []
  const seen = new Set<string>()
  for (const [i, { containerName, resourceName, requestName }] of requestMappings.entries()) {
    const at = `${path}.requestMappings[${i}]`
    const container = containers.get(containerName)
    if (container === undefined)
      causes.push(
        invalid(
          `${at}.containerName`,
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      )
    else if (container.resources?.requests?.[resourceName] === undefined)
      causes.push(
        invalid(
          `${at}.resourceName`,
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      )
    causes.push(...invalidEach(`${path}.requestName`, requestName, checkDns1123Label(requestName)))
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key))
      for (const [name, value] of Object.entries({ containerName, resourceName, requestName }))
        causes.push(duplicate(`${at}.${name}`, value))
    seen.add(key)
  }
  if (!resourceClaimName) return [...causes, required(`${path}.resourceClaimName`)]
  return [...causes, ...invalidEach(`${path}.resourceClaimName`, resourceClaimName, checkDns1123Subdomain(resourceClaimName))]
}

/** New addresses are sound, and there is at most one of each family. */
function validateAddresses(next: readonly (PodIP | HostIP)[] = [], previous: readonly (PodIP | HostIP)[] = [], path: string): Cause[] {
  const known = new Set(previous.map(({ ip }) => ip))
  const causes = next.flatMap(({ ip = '' }, i) => (known.has(ip) ? [] : invalidEach(`${path}[${i}]`, ip, checkLegacyIp(ip))))
  const families = new Set(next.map(({ ip = '' }) => parseIp(ip)?.length))
  if (next.length < 2 || (next.length === 2 && families.size === 2)) return causes
  const shown = next.map(({ ip = '' }) => ({ IP: ip }))
  return [...causes, invalid(path, shown, 'may specify no more than one IP for each IP family')]
}

function validateHostIPs(status: Pod['status'], old: Pod['status']): Cause[] {
  const first = status.hostIPs?.[0]
  if (first === undefined) return []
  const causes = first.ip === (status.hostIP ?? '') ? [] : [invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`')]
  return [...causes, ...validateAddresses(status.hostIPs, old.hostIPs, 'status.hostIPs')]
}

function validateUsers(statuses: readonly ContainerStatus[] = [], os: string, path: string): Cause[] {
  return statuses.flatMap(({ user }, i) => {
    const at = `${path}[${i}].user.linux`
    const own = user?.linux
    if (own === undefined) return []
    if (os === 'windows') return [forbidden(at, 'cannot be set for a windows pod')]
    return [
      ...invalidEach(`${at}.uid`, own.uid, checkUserId(own.uid)),
      ...invalidEach(`${at}.gid`, own.gid, checkGroupId(own.gid)),
      ...(own.supplementalGroups ?? []).flatMap((id, j) => invalidEach(`${at}.supplementalGroups[${j}]`, id, checkGroupId(id))),
    ]
  })
}

const HEALTH_MESSAGE_LENGTH_MAX = 1024
const healths = ['Healthy', 'Unhealthy', 'Unknown']

/** Health of devices (KEP-4680): of those only that the container asked for. */
function validateAllocated(statuses: readonly ContainerStatus[] = [], containers: readonly Container[], path: string): Cause[] {
  const declared = firstByName(containers)
  return statuses.flatMap(({ name, allocatedResourcesStatus = [] }, i) => {
    const container = declared.get(name)
    const claimed = new Set((container?.resources?.claims ?? []).map(({ name, request }) => `claim:${name}${request ? `/${request}` : ''}`))
    return allocatedResourcesStatus.flatMap((allocated, j) => {
      const at = `${path}[${i}].allocatedResourcesStatus[${j}]`
      const causes: Cause[] = []
      const isClaim = allocated.name.startsWith('claim:')
      const isOwn = isClaim ? claimed.has(allocated.name) : container?.resources?.requests?.[allocated.name] !== undefined
      if (container !== undefined && !isOwn)
        causes.push(
          invalid(
            `${at}.name`,
            allocated.name,
            isClaim
              ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
              : "must match one of the container's resource requests",
          ),
        )
      const seen = new Set<string>()
      for (const [k, { health = '', message, resourceID }] of (allocated.resources ?? []).entries()) {
        const own = `${at}.resources[${k}]`
        if (!healths.includes(health)) causes.push(notSupported(`${own}.health`, health, healths))
        if (message === '') causes.push(required(`${own}.message`, 'must be non-empty if specified'))
        else if (message !== undefined && Buffer.byteLength(message) > HEALTH_MESSAGE_LENGTH_MAX)
          causes.push(tooLong(`${own}.message`, HEALTH_MESSAGE_LENGTH_MAX))
        if (seen.has(resourceID)) causes.push(duplicate(`${own}.resourceID`, resourceID))
        seen.add(resourceID)
      }
      return causes
    })
  })
}
