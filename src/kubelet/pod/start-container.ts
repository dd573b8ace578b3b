import { isError, WherryError } from '#lib/errors.ts'
import { containerConfig, mountSubPath } from '../container/container-config.ts'
import { ENV_FILE_LIMIT_BYTES, envFileValue } from '../container/env-file.ts'
import { containerEnvironment } from '../container/environment.ts'
import { withGrants } from '../container/grants.ts'
import { hookTold, runHook } from '../container/hook.ts'
import { containerSecurity } from '../container/security.ts'
import type { PreparedVolume } from '../interfaces.ts'
import { containerResources } from '../resources/container-resources.ts'
import type { ContainerConfig, ContainerStatus, Image, SandboxConfig, SandboxStatus, UserNamespace } from '../runtime.ts'
import { podHostname } from '../sandbox/hostname.ts'
import { hostsFile } from '../sandbox/hosts-file.ts'
import type { PodCommand } from './command.ts'
import { type AnyContainer, containerNamed, hasSharedHostNetwork } from './containers.ts'
import { logLink } from './log-link.ts'
import { podDirectory } from './names.ts'
import type { Operations } from './operations.ts'
import type { PodContext } from './pod-context.ts'
import { forgetContainer, type PodState, refresh, see } from './pod-state.ts'
import { isGroupOutdated } from './resize.ts'
import { delayKey, delayOf, maxRestartDelayMs, raiseRestartDelay } from './restart-delay.ts'
import { DEFAULT_GRACE_SECONDS } from './steps.ts'

export interface StartOptions {
  readonly command: Extract<PodCommand, { do: 'start-container' }>
  readonly context: PodContext
  readonly state: PodState
  readonly tell: Operations['tell']
  readonly onProgress: () => void
  readonly makeSandboxConfig: (attempt: number, cgroupParent: string) => Promise<SandboxConfig>
  /** Aborted when the pod is to end: a postStart hook is waited for no longer. */
  readonly signal: AbortSignal
  /** Ends a container with all that belongs to its end. */
  readonly stop: (id: string, container: string, message: string, graceSeconds: number) => Promise<void>
}

/**
 * Makes and starts one attempt of a container, then runs its postStart hook. What goes wrong becomes the container's waiting reason and an
 * event; what the runtime never heard of is thrown, to be tried again later.
 */
export async function startContainer(options: StartOptions): Promise<void> {
  const { command, context, state, tell, onProgress, signal } = options
  const { runtime, clock } = context
  const name = command.container
  const container = containerNamed(state.pod, name)?.container
  const sandbox = state.sandboxes.get(command.sandboxId)
  const chosen = state.images.get(name)
  if (container === undefined || sandbox === undefined || chosen?.state !== 'present') return
  // The end of a sandbox is seen a moment after that of its containers: nothing restarts in one that has gone.
  if (command.previousFinishedAt !== undefined) await refresh(state, command.sandboxId, context)
  if (state.sandboxes.get(command.sandboxId)?.ready !== true) return
  const image = chosen.image as Image
  // Whatever happens now, the next start looks at its image anew.
  state.images.delete(name)
  if (command.previousFinishedAt !== undefined)
    state.restarts.set(
      name,
      raiseRestartDelay(
        delayOf(state.restarts.get(name), container),
        command.previousFinishedAt,
        clock.now(),
        delayKey(container),
        maxRestartDelayMs(context.config),
      ),
    )

  const fail = (reason: string, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    // A runtime that is away says nothing about the container.
    if (isError(error, 'ServiceUnavailable')) return
    state.failures.set(name, { reason, message })
    tell('Warning', 'Failed', `Error: ${message}`, name)
  }

  let config: ContainerConfig
  let sandboxConfig: SandboxConfig
  try {
    sandboxConfig = await options.makeSandboxConfig(sandbox.metadata.attempt, context.cgroups.parentOf?.(state.pod) ?? '')
    config = await makeConfig(options, container, sandbox, image)
  } catch (error) {
    fail('CreateContainerConfigError', error)
    throw error
  }
  let id: string
  try {
    await removeUnstarted(options)
    // A start that was given up came to its end meanwhile.
    if (isRunning(state, name)) return
    // It starts with what it was given anew, while its pod's group may still have less.
    if (isGroupOutdated(state)) await context.cgroups.makeRoom?.(state.pod)
    id = await runtime.createContainer(command.sandboxId, config, sandboxConfig)
    tellOfImages(context, config, false)
  } catch (error) {
    // A runtime that mounts images begins so (CRI) where that failed.
    if (error instanceof Error && error.message.startsWith('ImageVolumeMountFailed')) tellOfImages(context, config, true)
    fail('CreateContainerError', error)
    throw error
  }
  const show = async () => see(state, { ...(await runtime.containerStatus(id)), sandboxId: command.sandboxId }, context)
  // The runtime would only say again what it was told, and is asked in a moment, once the container has started or failed to.
  const logPath = `${sandboxConfig.logDirectory}/${config.logPath}`
  await see(state, created({ id, sandboxId: command.sandboxId, config, image, logPath, createdAt: clock.now() }), context)
  tell('Normal', 'Created', 'Container created', name)
  try {
    await runtime.startContainer(id)
  } catch (error) {
    fail('RunContainerError', error)
    // The attempt exists and shows its end: the restart delay rules from here on.
    await show()
    return
  }
  tell('Normal', 'Started', 'Container started', name)
  state.failures.delete(name)
  // It runs or ran: a runtime that still calls it created has not looked yet.
  const status = await runtime.containerStatus(id)
  await see(state, { ...status, state: status.state === 'created' ? 'running' : status.state, sandboxId: command.sandboxId }, context)
  context.logs.track(id, logPath)
  await linkLog(options, container, id, logPath)
  const hook = container.lifecycle?.postStart
  if (hook === undefined) return
  onProgress()
  try {
    const podIP = addressesOf(context, state, sandbox)[0] ?? ''
    const told = hookTold(tell, context.observer?.work)
    // An exec ends with its container, unless it has left somebody behind who holds its output: the pod's end does not wait for that.
    await unlessAborted(runHook(hook, { ...context, pod: state.pod, container, containerId: id, podIP, ...told }, signal), signal)
  } catch (error) {
    if (signal.aborted) return
    context.log.info('a postStart hook failed', { pod: state.pod.metadata.name, container: name, error })
    tell('Warning', 'FailedPostStartHook', 'PostStartHook failed', name)
    state.failures.set(name, { reason: 'PostStartHookError', message: 'PostStartHook failed' })
    const graceSeconds = Number(state.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)
    await options.stop(id, name, 'FailedPostStartHook', graceSeconds)
  }
}

interface Created extends Pick<ContainerStatus, 'id' | 'sandboxId' | 'logPath' | 'createdAt'> {
  readonly config: ContainerConfig
  readonly image: Image
}

/** What there is to know of a container before it starts. */
const created = ({ config: { metadata, userImage, labels, annotations }, image, ...rest }: Created): ContainerStatus => ({
  ...rest,
  metadata,
  labels,
  annotations,
  image: userImage,
  imageId: image.repoDigests[0] ?? image.id,
  state: 'created',
  startedAt: 0,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
})

/** Waits no longer than until the signal; what was waited for goes on by itself. */
export async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  await Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}

/** Attempts of which nobody knows that they ended go, by force: a start that failed may have been one all the same. */
async function removeUnstarted({ command, context, state }: StartOptions): Promise<void> {
  for (const { id, metadata, state: known } of [...state.containers.values()]) {
    if (metadata.name !== command.container || known === 'exited' || known === 'running') continue
    await context.runtime.removeContainer(id)
    forgetContainer(state, id)
  }
}

const isRunning = ({ containers }: PodState, name: string): boolean =>
  [...containers.values()].some(({ metadata, state }) => metadata.name === name && state === 'running')

async function makeConfig(
  { command, context, state }: StartOptions,
  container: AnyContainer,
  sandbox: SandboxStatus,
  image: Image,
): Promise<ContainerConfig> {
  const { pod } = state
  const { config, files } = context
  const node = context.node()
  const podIPs = addressesOf(context, state, sandbox)
  const volumes: ReadonlyMap<string, PreparedVolume> = state.volumes ?? new Map()
  const handler = await context.runtimeHandler(pod)
  const features = context.handlerFeatures(handler)
  state.hasRecursiveReadOnly = features.recursiveReadOnlyMounts
  const userNamespace = await context.userNamespaces.of(pod, { name: handler, ...features })
  const environment = await containerEnvironment({
    pod,
    container,
    podIPs,
    hostIPs: node.addresses,
    // Only for who asks.
    get allocatable() {
      return node.allocatable
    },
    references: { ...context.references, file: (volume, path, key) => fileVariable(context, volumes.get(volume), volume, path, key) },
  })
  const images = await imageVolumes(context, state, container, volumes)
  const subPaths = new Map<number, string>()
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    if (images.byRuntime.has(mount.name)) continue
    const subPath = mountSubPath(mount, environment)
    if (subPath !== '') subPaths.set(index, await context.volumes.subPath(pod.metadata.uid, mount.name, container.name, index, subPath))
  }

  const directory = podDirectory(config.rootDirectory, pod.metadata.uid)
  // One for each attempt, however often it is tried; it goes with its container.
  const messageFile = `${directory}/containers/${container.name}/${command.attempt}`
  // Whoever the container runs as has to be able to write its last words.
  await files.write(messageFile, '', 0o666)
  const target = container.targetContainerName
  const targetId = target ? newestAttempt(state, target) : undefined
  const grants = await Promise.all(context.resourceManagers.map((manager) => manager.grant(pod, container)))
  const made = containerConfig({
    pod,
    container,
    attempt: command.attempt,
    image,
    environment,
    volumes: images.volumes,
    subPaths,
    images: images.byRuntime,
    hasRecursiveReadOnly: features.recursiveReadOnlyMounts,
    hostsFile: await writeHostsFile(context, state, podIPs, `${directory}/etc-hosts`),
    terminationMessageFile: messageFile,
    resources: containerResources(
      pod,
      container,
      node.resources,
      grants.some(({ exclusiveCpus }) => exclusiveCpus === true),
    ),
    security: containerSecurity({
      pod,
      container,
      image,
      extraGroups: [...volumes.values()].flatMap(({ groupId }) => (groupId === undefined ? [] : [groupId])),
      targetId,
      seccompDirectory: config.seccompDirectory,
      userNamespace,
    }),
  })
  return withUsers(withGrants(made, grants), userNamespace)
}

/** Files belong to the users that the pod sees, whichever these are on the node. */
const withUsers = (config: ContainerConfig, users: UserNamespace | undefined): ContainerConfig =>
  users?.mode === 'pod'
    ? { ...config, mounts: config.mounts.map((mount) => ({ ...mount, uidMappings: users.uids, gidMappings: users.gids })) }
    : config

/** `fileKeyRef`: what another container of the pod wrote into a volume. */
async function fileVariable(
  { files }: PodContext,
  volume: PreparedVolume | undefined,
  name: string,
  path: string,
  key: string,
): Promise<string | undefined> {
  if (volume === undefined || volume.hostPath === '')
    throw new WherryError('Invalid', `cannot find the volume "${name}" referenced by FileKeyRef`)
  if (files.readInside === undefined) throw new WherryError('MethodNotAllowed', 'this node reads no environment from files')
  try {
    return envFileValue(Buffer.from(await files.readInside(volume.hostPath, path, ENV_FILE_LIMIT_BYTES)).toString(), key)
  } catch (error) {
    throw new WherryError('Invalid', "couldn't parse env file", { cause: error })
  }
}

/** Of those that the runtime itself mounts. */
function tellOfImages({ observer }: PodContext, { mounts }: ContainerConfig, isError: boolean): void {
  for (const { image } of mounts) if (image !== undefined) observer?.work?.imageVolumeMounted(isError)
}

/** The images among the volumes that the container mounts: by the runtime, or where the node has mounted them. */
async function imageVolumes(
  context: PodContext,
  { pod, imageVolumes: ids }: PodState,
  { volumeMounts = [] }: AnyContainer,
  volumes: ReadonlyMap<string, PreparedVolume>,
): Promise<{ readonly volumes: ReadonlyMap<string, PreparedVolume>; readonly byRuntime: ReadonlyMap<string, string> }> {
  const work = context.observer?.work
  const byRuntime = new Map<string, string>()
  const all = new Map(volumes)
  for (const name of new Set(volumeMounts.map((mount) => mount.name))) {
    const volume = volumes.get(name)
    if (volume?.image === undefined) continue
    const id = ids.get(name)
    if (id === undefined) throw new WherryError('NotFound', `image volume "${name}" has not been pulled`)
    if (context.volumes.mountImage === undefined) throw new WherryError('MethodNotAllowed', 'this node has no image volumes')
    work?.imageVolumeAsked()
    const hostPath = await context.volumes.mountImage(pod.metadata.uid, name, id).catch((error: unknown) => {
      work?.imageVolumeMounted(true)
      throw error
    })
    if (hostPath === undefined) byRuntime.set(name, id)
    else {
      work?.imageVolumeMounted(false)
      all.set(name, { ...volume, hostPath })
    }
  }
  return { volumes: all, byRuntime }
}

const addressesOf = (context: PodContext, { pod }: PodState, sandbox: SandboxStatus): readonly string[] =>
  hasSharedHostNetwork(pod) ? context.node().addresses.slice(0, 2) : sandbox.ips

/** Whose processes an ephemeral container looks at; it waits for one that is not made yet. */
function newestAttempt(state: PodState, name: string): string {
  const [newest] = [...state.containers.values()]
    .filter(({ metadata }) => metadata.name === name)
    .toSorted((a, b) => b.metadata.attempt - a.metadata.attempt)
  if (newest === undefined) throw new WherryError('NotFound', `unable to find target container ${name}`)
  return newest.id
}

/** All containers of the pod share one file, written anew at each start since the addresses may have changed. */
async function writeHostsFile(context: PodContext, { pod }: PodState, podIPs: readonly string[], path: string): Promise<string> {
  const { name, domain } = podHostname(pod, context.config.clusterDns.domain)
  const nodeFile = hasSharedHostNetwork(pod)
    ? Buffer.from((await context.files.read('/etc/hosts', HOSTS_LIMIT_BYTES)) ?? []).toString()
    : undefined
  const content = hostsFile({ ips: podIPs, hostname: name, domain, aliases: pod.spec.hostAliases ?? [], nodeFile })
  await context.files.write(path, content, 0o644)
  return path
}

const HOSTS_LIMIT_BYTES = 1024 * 1024

/** For collectors alone: a node that cannot make links runs its containers all the same. */
async function linkLog({ context, state }: StartOptions, container: AnyContainer, id: string, logPath: string): Promise<void> {
  const link = logLink(context.config.containerLogsDirectory, state.pod, container.name, id)
  if (link === undefined) return
  try {
    await context.files.link(link, logPath)
  } catch (error) {
    context.log.warn('log collectors are not led to a log', { link, logPath, error })
  }
}
