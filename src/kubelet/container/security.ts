import type { Pod } from '#api/core/v1/pod.ts'
import type {
  SeccompProfile as ApiSeccompProfile,
  AppArmorProfile,
  PodSecurityContext,
  SELinuxOptions,
  SecurityContext,
} from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { podTitle } from '../pod/names.ts'
import type { ContainerSecurity, Image, SandboxSecurity, SeccompProfile, UserNamespace } from '../runtime.ts'

export interface SecurityInput {
  readonly pod: Pod
  readonly container: AnyContainer
  /** Its user counts where the pod names none. */
  readonly image: Pick<Image, 'uid' | 'username'>
  /** Groups that own the pod's volumes. */
  readonly extraGroups: readonly number[]
  /** Id of the container whose processes an ephemeral container shares. */
  readonly targetId?: string | undefined
  /** Where `localhostProfile` files are. */
  readonly seccompDirectory: string
  readonly userNamespace?: UserNamespace | undefined
}

/** A container's security settings: its own, then the pod's, then ours. Throws `Invalid` where `runAsNonRoot` cannot be kept. */
export function containerSecurity(input: SecurityInput): ContainerSecurity {
  const { pod, container, image } = input
  const own: SecurityContext = container.securityContext ?? {}
  const pods: PodSecurityContext = pod.spec.securityContext ?? {}
  const runAsUser = own.runAsUser ?? pods.runAsUser
  const runAsGroup = own.runAsGroup ?? pods.runAsGroup
  if (own.runAsNonRoot ?? pods.runAsNonRoot) checkNonRoot(input, runAsUser)
  const user = runAsUser ?? image.uid
  const isUnmasked = own.procMount === 'Unmasked'
  return {
    privileged: own.privileged ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...namespaces(pod),
    pid: input.targetId !== undefined ? { target: input.targetId } : namespaces(pod).pid,
    ...(user !== undefined && { runAsUser: user }),
    ...(user === undefined && image.username && { runAsUsername: image.username }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    supplementalGroups: supplementalGroups(pods, input.extraGroups),
    supplementalGroupsPolicy: pods.supplementalGroupsPolicy ?? 'Merge',
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: isUnmasked ? [] : maskedPaths,
    readonlyPaths: isUnmasked ? [] : readonlyPaths,
    seccomp: seccomp(own.seccompProfile ?? pods.seccompProfile, input.seccompDirectory),
    ...appArmor(own.appArmorProfile ?? pods.appArmorProfile),
    ...selinux(own.seLinuxOptions ?? pods.seLinuxOptions ?? {}),
    ...(input.userNamespace !== undefined && { userNamespace: input.userNamespace }),
  }
}

function appArmor(profile: AppArmorProfile | undefined): Pick<ContainerSecurity, 'apparmor'> {
  if (profile === undefined) return {}
  return {
    apparmor: { type: profile.type, ...(profile.type === 'Localhost' && { localhostRef: profile.localhostProfile ?? '' }) },
  }
}

function selinux({ user = '', role = '', type = '', level = '' }: SELinuxOptions): Pick<ContainerSecurity, 'selinux'> {
  return `${user}${role}${type}${level}` === '' ? {} : { selinux: { user, role, type, level } }
}

/**
 * The settings of the pod as a whole: of its pause process and its namespaces. Its seccomp profile is for its containers: one that lets only their
 * calls through would keep the pause process from starting.
 */
export function sandboxSecurity(pod: Pod): SandboxSecurity {
  const pods: PodSecurityContext = pod.spec.securityContext ?? {}
  return {
    ...namespaces(pod),
    ...(pods.runAsUser !== undefined && { runAsUser: pods.runAsUser }),
    ...(pods.runAsGroup !== undefined && { runAsGroup: pods.runAsGroup }),
    supplementalGroups: supplementalGroups(pods, []),
    supplementalGroupsPolicy: pods.supplementalGroupsPolicy ?? 'Merge',
    privileged: [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some((one) => one.securityContext?.privileged === true),
    readonlyRootfs: false,
    seccomp: { type: 'RuntimeDefault' },
    ...selinux(pods.seLinuxOptions ?? {}),
  }
}

function namespaces({ spec }: Pod) {
  return {
    network: spec.hostNetwork ? 'node' : 'pod',
    pid: spec.hostPID ? 'node' : spec.shareProcessNamespace ? 'pod' : 'container',
    ipc: spec.hostIPC ? 'node' : 'pod',
  } as const
}

const supplementalGroups = ({ supplementalGroups: groups, fsGroup }: PodSecurityContext, extra: readonly number[]): number[] => [
  ...new Set([...(fsGroup === undefined ? [] : [fsGroup]), ...(groups ?? []), ...extra]),
]

/** Without a wish, the runtime's default profile: unconfined containers are an invitation. */
function seccomp(profile: ApiSeccompProfile | undefined, directory: string): SeccompProfile {
  if (profile === undefined) return { type: 'RuntimeDefault' }
  return profile.type === 'Localhost'
    ? { type: 'Localhost', localhostRef: `${directory}/${profile.localhostProfile ?? ''}` }
    : { type: profile.type }
}

/** The reference's words: they end up in the container's waiting message. */
function checkNonRoot({ pod, container, image }: SecurityInput, runAsUser: number | undefined): void {
  const where = `(pod: "${podTitle(pod)}", container: ${container.name})`
  const refuse = (why: string) => new WherryError('Invalid', why)
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw refuse(`container's runAsUser breaks non-root policy ${where}`)
    return
  }
  if (image.uid === 0 || (image.uid === undefined && !image.username))
    throw refuse(`container has runAsNonRoot and image will run as root ${where}`)
  if (image.uid === undefined)
    throw refuse(`container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`)
}

/** `procMount: Default`: what the OCI runtimes hide, and write-protect, by themselves. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
