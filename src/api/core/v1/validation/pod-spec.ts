import { isHugePages, isPodLevelResource, sumContainers } from '#api/core/v1/resources.ts'
import type { PodSpec } from '#api/core/v1/types.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { validateLabels } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { compareQuantity, formatQuantity } from '#lib/quantity.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkDns1123SubdomainWithUnderscore,
  checkLegacyIp,
  checkQualifiedName,
  checkRange,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
} from '#schema/validate.ts'
import { validateAffinity, validateSchedulingGates, validateTolerations, validateTopologySpread } from './affinity.ts'
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './container.ts'
import { validateResources } from './resources.ts'
import { validateHostProcess, validateHostUsers, validatePodSecurityContext } from './security-context.ts'
import { validateVolumes } from './volumes.ts'

/** A pod's spec, in a pod (`isPod`) or in a template. `meta` is the pod's own: names of volumes depend on it. */
export function validatePodSpec(
  spec: PodSpec,
  path: string,
  { meta, isPod = false }: { readonly meta?: ObjectMeta; readonly isPod?: boolean } = {},
): Cause[] {
  const { causes, volumes } = validateVolumes(spec, meta, `${path}.volumes`)
  const claimNames = new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter((name) => name !== ''))
  const pod = { spec, volumes, claimNames }
  return [
    ...causes,
    ...validateResourceClaims(spec.resourceClaims, `${path}.resourceClaims`),
    ...validateContainers(pod, `${path}.containers`),
    ...validateInitContainers(pod, `${path}.initContainers`),
    ...validateEphemeralContainers(pod, `${path}.ephemeralContainers`),
    ...validatePodResources(spec, claimNames, `${path}.resources`),
    ...validateHostNetworkPorts(spec, isPod, path),
    ...oneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`),
    ...oneOf(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec.securityContext, spec, `${path}.securityContext`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDns(spec, `${path}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      invalidEach(`${path}.readinessGates[${i}].conditionType`, conditionType, checkQualifiedName(conditionType)),
    ),
    ...validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`),
    ...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...validateHostUsers(spec, path),
    ...validateHostProcess(spec, path),
    ...validateHostname(spec, path),
    ...validateNames(spec, path),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, i) => [
      ...invalidEach(`${path}.hostAliases[${i}].ip`, ip, checkLegacyIp(ip)),
      ...hostnames.flatMap((name, j) => invalidEach(`${path}.hostAliases[${i}].hostnames[${j}]`, name, checkDns1123Subdomain(name))),
    ]),
    ...(spec.preemptionPolicy === undefined
      ? []
      : oneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${path}.preemptionPolicy`)),
    ...(spec.overhead ? validateResources({ limits: spec.overhead }, new Set(), `${path}.overhead`) : []),
    ...(spec.os ? validateOs(spec, path) : []),
  ]
}

function oneOf(value: string, supported: readonly string[], path: string): Cause[] {
  if (value === '') return [required(path)]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

function validateNames(spec: PodSpec, path: string): Cause[] {
  const causes: Cause[] = []
  for (const name of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const) {
    const value = spec[name]
    if (value || (name === 'runtimeClassName' && value === ''))
      causes.push(...invalidEach(`${path}.${name}`, value, checkDns1123Subdomain(value)))
  }
  for (const name of ['hostname', 'subdomain'] as const) {
    const value = spec[name]
    if (value) causes.push(...invalidEach(`${path}.${name}`, value, checkDns1123Label(value)))
  }
  const deadline = spec.activeDeadlineSeconds
  return deadline === undefined
    ? causes
    : [...causes, ...invalidEach(`${path}.activeDeadlineSeconds`, deadline, checkRange(deadline, 1, 2 ** 31 - 1))]
}

function validateResourceClaims(claims: NonNullable<PodSpec['resourceClaims']> = [], path: string): Cause[] {
  const names = new Set<string>()
  return claims.flatMap((claim, i) => {
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    const at = `${path}[${i}]`
    const causes: Cause[] = []
    if (name === '') causes.push(required(`${at}.name`))
    else if (names.has(name)) causes.push(duplicate(`${at}.name`, name))
    else causes.push(...invalidEach(`${at}.name`, name, checkDns1123Label(name)))
    names.add(name)
    // The reference shows its own structure here, with Go's names.
    const shown = { Name: name, ResourceClaimName: resourceClaimName ?? null, ResourceClaimTemplateName: resourceClaimTemplateName ?? null }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      causes.push(invalid(at, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'))
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      causes.push(invalid(at, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    for (const [field, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
      if (value !== undefined) causes.push(...invalidEach(`${at}.${field}`, value, checkDns1123Subdomain(value)))
    return causes
  })
}

function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, path: string): Cause[] {
  if (!spec.hostNetwork) return []
  return (spec.containers ?? []).flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalid(`${path}.containers[${i}].ports[${j}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
        : [],
    ),
  )
}

const NAMESERVERS_MAX = 3
const SEARCHES_MAX = 32
const SEARCH_LIST_LENGTH_MAX = 2048

function validateDns({ dnsConfig, dnsPolicy }: PodSpec, path: string): Cause[] {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if ((dnsConfig.nameservers ?? []).length === 0)
      return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  const causes: Cause[] = []
  if (nameservers.length > NAMESERVERS_MAX)
    causes.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`))
  causes.push(...nameservers.flatMap((address, i) => invalidEach(`${path}.nameservers[${i}]`, address, checkLegacyIp(address))))
  if (searches.length > SEARCHES_MAX)
    causes.push(invalid(`${path}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`))
  if (searches.join(' ').length > SEARCH_LIST_LENGTH_MAX) {
    const detail = `must not have more than ${SEARCH_LIST_LENGTH_MAX} characters (including spaces) in the search list`
    causes.push(invalid(`${path}.searches`, searches, detail))
  }
  for (const [i, search] of searches.entries()) {
    if (search === '.') continue
    const name = search.replace(/\.$/, '')
    causes.push(...invalidEach(`${path}.searches[${i}]`, name, checkDns1123SubdomainWithUnderscore(name)))
  }
  for (const [i, option] of options.entries()) if (!option.name) causes.push(required(`${path}.options[${i}]`, 'must not be empty'))
  return causes
}

function validateHostname(spec: PodSpec, path: string): Cause[] {
  const name = spec.hostnameOverride
  if (name === undefined) return []
  const at = `${path}.hostnameOverride`
  return [
    ...(spec.setHostnameAsFQDN ? [forbidden(at, 'may not be specified when setHostnameAsFQDN is true')] : []),
    ...(spec.hostNetwork ? [forbidden(at, 'may not be specified when hostNetwork is true')] : []),
    ...(name.length > 64 ? [tooLong(at, 64)] : []),
    ...invalidEach(at, name, checkDns1123Subdomain(name)),
  ]
}

/** Resources of the pod as a whole (KEP-2837) cover what its containers ask for. */
function validatePodResources(spec: PodSpec, claimNames: ReadonlySet<string>, path: string): Cause[] {
  const own = spec.resources
  if (own === undefined) return []
  if (spec.os?.name === 'windows') return [forbidden(path, 'may not be set for a windows pod')]
  const causes: Cause[] = own.claims === undefined ? [] : [forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level')]
  const checkName = (name: string, at: string): Cause[] =>
    isPodLevelResource(name) ? [] : [notSupported(at, name, ['cpu', 'hugepages-', 'memory'])]
  causes.push(...validateResources({ ...own, claims: undefined }, claimNames, path, checkName))
  for (const [name, total] of Object.entries(sumContainers(spec, 'requests'))) {
    const asked = own.requests?.[name]
    if (asked !== undefined && compareQuantity(total, asked) > 0)
      causes.push(
        invalid(
          `${path}.requests[${name}]`,
          asked,
          `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`,
        ),
      )
  }
  for (const [name, total] of Object.entries(sumContainers(spec, 'limits'))) {
    const limit = own.limits?.[name]
    if (limit === undefined || !isHugePages(name) || compareQuantity(total, limit) <= 0) continue
    causes.push(
      invalid(`${path}.limits[${name}]`, limit, `must be greater than or equal to aggregate container limits of ${formatQuantity(total)}`),
    )
  }
  for (const [i, { resources }] of (spec.containers ?? []).entries())
    for (const [name, text] of Object.entries(resources?.limits ?? {})) {
      const limit = own.limits?.[name]
      if (limit !== undefined && !isHugePages(name) && compareQuantity(text, limit) > 0) {
        // The reference names this place below the pod's own resources, where there are no containers.
        const at = `${path}.containers[${i}][${name}].limits`
        causes.push(invalid(at, text, `must be less than or equal to pod limits of ${limit}`))
      }
    }
  return causes
}

/** What only Linux has is refused for Windows, and the other way round. */
function validateOs(spec: PodSpec, path: string): Cause[] {
  const name = spec.os!.name
  if (name === '') return [required(`${path}.os.name`)]
  if (name !== 'linux' && name !== 'windows') return [notSupported(`${path}.os`, name, ['linux', 'windows'])]
  const text = name === 'linux' ? 'windows options cannot be set for a linux pod' : 'cannot be set for a windows pod'
  const causes: Cause[] = []
  const refuse = (holder: object | undefined, fields: readonly string[], at: string) => {
    const values = (holder ?? {}) as Readonly<Record<string, unknown>>
    for (const field of fields) if (values[field] !== undefined) causes.push(forbidden(`${at}.${field}`, text))
  }
  const isLinux = name === 'linux'
  refuse(spec.securityContext, isLinux ? ['windowsOptions'] : podLinuxFields, `${path}.securityContext`)
  if (!isLinux) refuse(spec, ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'], path)
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const)
    for (const [i, { securityContext }] of (spec[list] ?? []).entries())
      refuse(securityContext, isLinux ? ['windowsOptions'] : containerLinuxFields, `${path}.${list}[${i}].securityContext`)
  return causes
}

const shared = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'runAsUser', 'runAsGroup']
const podLinuxFields = [
  ...shared,
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
]
const containerLinuxFields = [...shared, 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount']
