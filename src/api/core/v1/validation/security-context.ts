import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  WindowsSecurityContextOptions,
} from '#api/core/v1/types.ts'
import * as types from '#api/core/v1/types.ts'
import { goStruct } from '#api/go-struct.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkDns1123Subdomain,
  checkGroupId,
  checkUserId,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
} from '#schema/validate.ts'
import { validateDescendingPath } from './paths.ts'

/** What is wrong with the security context of a container. `hostUsers`: the pod has the users of its node. */
export function validateSecurityContext(context: SecurityContext | undefined, hostUsers: boolean, path: string): Cause[] {
  if (context === undefined) return []
  const causes: Cause[] = validateIds(context, path)
  const { procMount, allowPrivilegeEscalation, privileged, capabilities } = context
  if (procMount !== undefined) {
    const at = `${path}.procMount`
    if (procMount !== 'Default' && procMount !== 'Unmasked') causes.push(notSupported(at, procMount, ['Default', 'Unmasked']))
    if (hostUsers && procMount === 'Unmasked') causes.push(invalid(at, procMount, '`hostUsers` must be false to use `Unmasked`'))
  }
  causes.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`))
  if (allowPrivilegeEscalation === false) {
    if (privileged)
      causes.push(
        invalid(path, goStruct(types.SecurityContext, context), 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      )
    if (capabilities?.add?.includes('CAP_SYS_ADMIN'))
      causes.push(
        invalid(
          path,
          goStruct(types.SecurityContext, context),
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      )
  }
  causes.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`))
  return [...causes, ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)]
}

/** What is wrong with the security context of a pod. */
export function validatePodSecurityContext(context: PodSecurityContext | undefined, spec: PodSpec, path: string): Cause[] {
  if (context === undefined) return []
  const { fsGroup, supplementalGroups = [], sysctls = [], fsGroupChangePolicy, supplementalGroupsPolicy, seLinuxChangePolicy } = context
  const causes: Cause[] = validateIds(context, path)
  if (fsGroup !== undefined) causes.push(...invalidEach(`${path}.fsGroup`, fsGroup, checkGroupId(fsGroup)))
  for (const [i, id] of supplementalGroups.entries()) causes.push(...invalidEach(`${path}.supplementalGroups[${i}]`, id, checkGroupId(id)))
  if (spec.shareProcessNamespace && spec.hostPID)
    causes.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'))
  causes.push(...validateSysctls(sysctls, spec, `${path}.sysctls`))
  const oneOf = (name: string, value: string | undefined, supported: readonly string[]) => {
    if (value !== undefined && !supported.includes(value)) causes.push(notSupported(`${path}.${name}`, value, supported))
  }
  oneOf('fsGroupChangePolicy', fsGroupChangePolicy, ['Always', 'OnRootMismatch'])
  causes.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`))
  causes.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`))
  causes.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`))
  oneOf('supplementalGroupsPolicy', supplementalGroupsPolicy, ['Merge', 'Strict'])
  // Mounting with the label (KEP-1710) is off in v1.36.
  oneOf('seLinuxChangePolicy', seLinuxChangePolicy, ['Recursive'])
  return causes
}

const validateIds = (
  { runAsUser, runAsGroup }: { readonly runAsUser?: number | undefined; readonly runAsGroup?: number | undefined },
  path: string,
): Cause[] => [
  ...(runAsUser === undefined ? [] : invalidEach(`${path}.runAsUser`, runAsUser, checkUserId(runAsUser))),
  ...(runAsGroup === undefined ? [] : invalidEach(`${path}.runAsGroup`, runAsGroup, checkGroupId(runAsGroup))),
]

function validateSeccomp(profile: SeccompProfile | undefined, path: string): Cause[] {
  if (profile === undefined) return []
  const { type, localhostProfile } = profile
  const causes: Cause[] = []
  if ((type as string) === '') causes.push(required(`${path}.type`, 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type)) causes.push(notSupported(`${path}.type`, type, profileTypes))
  if (type === 'Localhost') {
    if (localhostProfile === undefined) causes.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'))
    else causes.push(...validateDescendingPath(localhostProfile, `${path}.localhostProfile`))
  } else if (localhostProfile !== undefined)
    causes.push(
      invalid(`${path}.localhostProfile`, goStruct(types.SeccompProfile, profile), 'can only be set when seccomp type is Localhost'),
    )
  return causes
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']
const PROFILE_NAME_LENGTH_MAX = 4095

/** What is wrong with a profile of AppArmor: only `Localhost` names one. */
export function validateAppArmor(profile: AppArmorProfile | undefined, path: string): Cause[] {
  if (profile === undefined) return []
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  if ((type as string) === '') return [required(`${path}.type`, 'type is required when appArmorProfile is set')]
  if (!profileTypes.includes(type)) return [notSupported(`${path}.type`, type, profileTypes)]
  if (type !== 'Localhost')
    return localhostProfile === undefined ? [] : [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  if (localhostProfile === undefined || localhostProfile === '') return [required(at, 'must be set when AppArmor type is Localhost')]
  if (localhostProfile.trim() !== localhostProfile) return [invalid(at, localhostProfile, 'must not be padded with whitespace')]
  return localhostProfile.length > PROFILE_NAME_LENGTH_MAX ? [tooLong(at, PROFILE_NAME_LENGTH_MAX)] : []
}

const sysctlShown = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const SYSCTL_LENGTH_MAX = 253

/** Kernel settings that belong to a namespace which the pod shares with the host would change the host. */
function validateSysctls(sysctls: NonNullable<PodSecurityContext['sysctls']>, spec: PodSpec, path: string): Cause[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`
    const causes: Cause[] = []
    if (name === '') causes.push(required(at))
    else if (name.length > SYSCTL_LENGTH_MAX || !new RegExp(sysctlShown).test(name))
      causes.push(invalid(at, name, `must have at most ${SYSCTL_LENGTH_MAX} characters and match regex ${sysctlShown}`))
    else if (seen.has(name)) causes.push(duplicate(at, name))
    const dotted =
      name.includes('/') && !name.slice(0, name.indexOf('/')).includes('.')
        ? name.replaceAll(/[./]/g, (c) => (c === '/' ? '.' : '/'))
        : name
    if (spec.hostNetwork && dotted.startsWith('net.')) causes.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"))
    if (spec.hostIPC && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted))
      causes.push(invalid(at, name, "may not be specified when 'hostIPC' is true"))
    seen.add(name)
    return causes
  })
}

function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): Cause[] {
  if (options === undefined) return []
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options
  const causes: Cause[] =
    specName === undefined ? [] : invalidEach(`${path}.gmsaCredentialSpecName`, specName, checkDns1123Subdomain(specName))
  if (spec === '') causes.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'))
  else if (spec !== undefined && spec.length > 64 * 1024)
    causes.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec size must be under 64 KiB'))
  return user === undefined ? causes : [...causes, ...validateWindowsUser(user, `${path}.runAsUserName`)]
}

/** `user` or `DOMAIN\\user`, as Windows takes them. */
function validateWindowsUser(name: string, path: string): Cause[] {
  const refuse = (detail: string): Cause[] => [invalid(path, name, `runAsUserName${detail}`)]
  if (name === '') return refuse(' cannot be an empty string')
  if (/\p{Cc}/u.test(name)) return refuse(' cannot contain control characters')
  const parts = name.split('\\')
  if (parts.length > 2) return refuse(' cannot contain more than one backslash')
  const user = parts.at(-1)!
  const domain = parts.length === 2 ? parts[0]! : undefined
  const causes: Cause[] = []
  if ((domain ?? '').length >= WINDOWS_DOMAIN_LENGTH_MAX)
    causes.push(...refuse(`'s Domain length must be under ${WINDOWS_DOMAIN_LENGTH_MAX} characters`))
  if (domain !== undefined && !netBios.test(domain) && !domainDns.test(domain))
    causes.push(...refuse("'s Domain doesn't match the NetBios nor the DNS format"))
  if (user === '') causes.push(...refuse("'s User cannot be empty"))
  else if (user.length > WINDOWS_USER_LENGTH_MAX)
    causes.push(...refuse(`'s User length must not be longer than ${WINDOWS_USER_LENGTH_MAX} characters`))
  if (/^[. ]+$/.test(user)) causes.push(...refuse("'s User cannot contain only periods or spaces"))
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) causes.push(...refuse('\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'))
  return causes
}

const WINDOWS_DOMAIN_LENGTH_MAX = 256
const WINDOWS_USER_LENGTH_MAX = 104
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const domainDns = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`)

/** Containers that are processes of a Windows host (KEP-1981): all of a pod's or none, and with its network. */
export function validateHostProcess(spec: PodSpec, path: string): Cause[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const causes: Cause[] = []
  let count = 0
  let total = 0
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [i, { securityContext }] of (spec[list] ?? []).entries()) {
      const own = securityContext?.windowsOptions?.hostProcess
      total += 1
      if (own ?? ofPod) count += 1
      if (ofPod !== undefined && own !== undefined && own !== ofPod)
        causes.push(
          invalid(
            `${path}.${list}[${i}].securityContext.windowsOptions.hostProcess`,
            own,
            `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
          ),
        )
    }
  if (count === 0) return causes
  if (count !== total)
    causes.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'))
  if (!spec.hostNetwork)
    causes.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'))
  return causes
}

/** A pod with its own user namespace shares no other namespace with the host (KEP-127). */
export function validateHostUsers(spec: PodSpec, path: string): Cause[] {
  if (spec.hostUsers !== false) return []
  const causes: Cause[] = []
  // The reference writes the last two as Go spells them.
  if (spec.hostNetwork) causes.push(forbidden(`${path}.hostNetwork`, 'when `hostUsers` is false'))
  if (spec.hostPID) causes.push(forbidden(`${path}.HostPID`, 'when `hostUsers` is false'))
  if (spec.hostIPC) causes.push(forbidden(`${path}.HostIPC`, 'when `hostUsers` is false'))
  return causes
}
