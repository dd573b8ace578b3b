import { Pod } from '#api/core/v1/pod.ts'
import { causeOf } from '#client/cause-of.ts'
import { sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { hookTold, runHook } from '../container/hook.ts'
import { resourcesOf } from '../resources/allocated-resources.ts'
import { cpuPeriodUs } from '../resources/cpu-share.ts'
import type { SandboxConfig, SandboxStatus } from '../runtime.ts'
import { podDnsWarnings } from '../sandbox/dns.ts'
import { sandboxConfig } from '../sandbox/sandbox-config.ts'
import type { PodCommand } from './command.ts'
import { type AnyContainer, containerNamed } from './containers.ts'
import { logLink } from './log-link.ts'
import { podDirectory, podLogDirectory, terminationMessageFileAnnotation } from './names.ts'
import { networkReady } from './network-ready.ts'
import { MINIMUM_GRACE_SECONDS } from './plan-termination.ts'
import { podAddresses } from './pod-addresses.ts'
import type { PodContext } from './pod-context.ts'
import { forgetContainer, type PodState, refresh } from './pod-state.ts'
import { resizePod } from './resize-pod.ts'
import { startContainer, unlessAborted } from './start-container.ts'

/** The effects of one pod. */
export interface Operations {
  /** Carries one command out. A failure is thrown: the worker puts the command off. */
  run(command: PodCommand): Promise<void>
  tell(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void
  /** The pod is to end: nobody waits for the hooks of what was started. */
  end(): void
  /** Gives up what waits for nothing but time: hooks and volumes. */
  abort(): void
}

export interface OperationsOptions {
  readonly context: PodContext
  readonly state: PodState
  /** Something that a view shows has changed while an operation goes on. */
  readonly onProgress: () => void
  readonly onForgotten: () => void
}

export function createOperations({ context, state, onProgress, onForgotten }: OperationsOptions): Operations {
  const { runtime, volumes, cgroups, logs, files, clock, client, config } = context
  const aborting = new AbortController()
  const preparing = new AbortController()
  const starting = new AbortController()
  /** Hooks run once, whichever command asks first. */
  const preStops = new Map<string, Promise<void>>()
  let prepared: Promise<void> | undefined

  const tell: Operations['tell'] = (type, reason, message, container) => {
    const kind = container === undefined ? undefined : containerNamed(state.pod, container)?.kind
    const field =
      kind === undefined
        ? undefined
        : `spec.${{ init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' }[kind]}{${container}}`
    context.events.record({ regarding: state.pod, type, reason, message, ...(field !== undefined && { fieldPath: field }) })
  }

  async function makeSandboxConfig(attempt: number, cgroupParent: string): Promise<SandboxConfig> {
    const handler = await context.runtimeHandler(state.pod)
    const nodeDns = await context.nodeDns()
    return sandboxConfig({
      pod: state.pod,
      attempt,
      cgroupParent,
      runtimeHandler: handler,
      userNamespace: await context.userNamespaces.of(state.pod, { name: handler, ...context.handlerFeatures(handler) }),
      clusterDns: config.clusterDns,
      nodeDns,
      podLogsDirectory: config.podLogsDirectory,
      cpuPeriodUs: cpuPeriodUs(context.node().resources.config?.cpuCFSQuotaPeriod),
    })
  }

  const perform: { readonly [K in PodCommand['do']]: (command: Extract<PodCommand, { do: K }>) => Promise<void> } = {
    async 'prepare-volumes'() {
      const signal = AbortSignal.any([aborting.signal, preparing.signal])
      prepared = volumes.prepare(state.pod, signal).then((found) => void (state.volumes = found))
      try {
        await prepared
      } catch (error) {
        // What the volumes of an ending pod are made of may go before it does: a namespace goes in no order.
        const isEnding = state.isRemoved || state.pod.metadata.deletionTimestamp !== undefined
        if (!signal.aborted && !isEnding) tell('Warning', (isError(error) && error.details.reason) || 'FailedMount', messageOf(error))
        throw error
      }
    },
    async 'run-sandbox'({ attempt, replaces = [] }) {
      if (replaces.length > 0) tell('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      for (const id of replaces) {
        await ifThere(runtime.stopSandbox(id))
        await refresh(state, id, context)
      }
      await prepareResources()
      for (const { reason, message } of podDnsWarnings(state.pod, config.clusterDns, await context.nodeDns()))
        await perform.event({ do: 'event', key: `${reason} ${message}`, type: 'Warning', reason, message })
      try {
        const group = resourcesOf(state.pod)
        const made = await makeSandboxConfig(attempt, await cgroups.ensurePod(state.pod))
        state.group = group
        await files.makeDirectory(made.logDirectory, 0o755)
        const id = await runtime.runSandbox(made)
        const status = await runtime.sandboxStatus(id)
        state.sandboxes.set(id, { ...status, id, ips: podAddresses(status.ips, context.node().addresses) })
      } catch (error) {
        tell('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`)
        throw error
      }
    },
    async 'ensure-image'({ container: name }) {
      const container = containerNamed(state.pod, name)?.container
      if (container === undefined) return
      const sandbox = await makeSandboxConfig(0, '')
      const ensure = (one: AnyContainer) =>
        context.images.ensure({
          pod: state.pod,
          container: one,
          sandbox,
          secrets: pullSecrets,
          tell: (type, reason, message) => tell(type, reason, message, name),
        })
      const result = await ensure(container)
      // It may have been given another image meanwhile: that one is brought in next.
      if (containerNamed(state.pod, name)?.container.image !== container.image) return
      if (result.state === 'present')
        for (const { name: volume, image } of imagesMounted(state.pod, container)) {
          const content = await ensure({ ...container, image: image.reference, imagePullPolicy: image.pullPolicy })
          if (content.state === 'failed') return void state.images.set(name, content)
          state.imageVolumes.set(volume, content.image.id)
        }
      state.images.set(name, result)
    },
    async 'start-container'(command) {
      const sandbox = state.sandboxes.get(command.sandboxId)
      if (sandbox !== undefined) await untilNetworkReady(sandbox)
      await startContainer({
        command,
        context,
        state,
        tell,
        onProgress,
        makeSandboxConfig,
        signal: AbortSignal.any([aborting.signal, starting.signal]),
        stop: (id, container, message, graceSeconds) =>
          perform['stop-container']({
            do: 'stop-container',
            id,
            container,
            deadlineAt: clock.now() + graceSeconds * 1000,
            message,
            condemn: false,
          }),
      })
    },
    'pre-stop': ({ id, container, deadlineAt }) => preStop(id, container, deadlineAt),
    async 'stop-container'({ id, container, deadlineAt, message, condemn, skipsHook }) {
      const isFirst = !state.stopping.has(id)
      // By what passes while the hook runs: a clock that is set back leaves the container no hours.
      const endMs = clock.monotonicMs() + deadlineAt - clock.now()
      state.stopping.set(id, deadlineAt)
      if (condemn) state.condemned.add(id)
      if (isFirst) {
        await perform.event({ do: 'event', key: `killing ${id}`, type: 'Normal', reason: 'Killing', message, container })
        if (!skipsHook) await preStop(id, container, deadlineAt)
      }
      const leftSeconds = Math.ceil((endMs - clock.monotonicMs()) / 1000)
      try {
        await ifThere(runtime.stopContainer(id, Math.max(leftSeconds, MINIMUM_GRACE_SECONDS)))
      } catch (error) {
        // Not being stopped after all: the next look asks again.
        state.stopping.delete(id)
        throw error
      }
      await refresh(state, id, context)
      const left = state.containers.get(id)?.state
      if (left === 'running' || left === 'unknown') {
        // Else nobody would ever ask again.
        state.stopping.delete(id)
        throw new WherryError('InternalError', `container ${id} runs on although the runtime says that it has stopped it`)
      }
      preStops.delete(id)
    },
    'resize-pod': () => resizePod(context, state),
    async 'remove-container'({ id, logPath, keepsLog }) {
      await ifThere(runtime.removeContainer(id))
      logs.forget(id)
      if (logPath !== '' && !keepsLog) await logs.remove(logPath)
      const removed = state.containers.get(id)
      const link = logLink(config.containerLogsDirectory, state.pod, removed?.metadata.name ?? '', id)
      if (link !== undefined) await files.remove(link)
      const messageFile = removed?.annotations[terminationMessageFileAnnotation]
      // Only our own: an annotation is text that the runtime gave back.
      if (messageFile?.startsWith(`${podDirectory(config.rootDirectory, state.pod.metadata.uid)}/containers/`))
        await files.remove(messageFile)
      forgetContainer(state, id)
    },
    async 'stop-sandbox'({ id }) {
      await ifThere(runtime.stopSandbox(id))
      context.podNetwork?.podGone(state.pod.metadata.uid)
      await refresh(state, id, context)
    },
    async 'remove-sandbox'({ id }) {
      await ifThere(runtime.removeSandbox(id))
      state.sandboxes.delete(id)
      state.networked.delete(id)
    },
    async release() {
      for (const manager of context.resourceManagers) await manager.release(state.pod.metadata.uid)
      state.isReleased = true
    },
    async 'clean-up'() {
      // What is being prepared has to be done with before it can be taken down.
      preparing.abort(new Error('the pod ends'))
      await prepared?.catch((error: unknown) => context.log.debug('preparing volumes was given up', { error }))
      state.volumes = undefined
      await volumes.teardown(state.pod.metadata.uid)
      await cgroups.removePod(state.pod.metadata.uid)
      await files.remove(podDirectory(config.rootDirectory, state.pod.metadata.uid))
      context.userNamespaces.release(state.pod.metadata.uid)
      state.isCleanedUp = true
    },
    async 'delete-pod'() {
      const { name, namespace, uid } = state.pod.metadata
      try {
        await client.because(causeOf(Pod, state.pod)).delete(Pod, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } })
      } catch (error) {
        // Gone already, or another pod has the name by now.
        if (!isError(error, 'NotFound', 'Conflict')) throw error
      }
      // The watch says when it is gone, and may be late: asking again until then would be a storm.
      state.isDeleteSent = true
    },
    async forget() {
      context.podNetwork?.podGone(state.pod.metadata.uid)
      await files.remove(podLogDirectory(config.podLogsDirectory, state.pod.metadata))
      onForgotten()
    },
    async event({ key, type, reason, message, container }) {
      if (state.told.has(key)) return
      state.told.add(key)
      const [oldest] = state.told
      if (state.told.size > TOLD_MAX && oldest !== undefined) state.told.delete(oldest)
      tell(type, reason, message, container)
    },
  }

  async function untilNetworkReady(sandbox: SandboxStatus): Promise<void> {
    try {
      await unlessAborted(networkReady(context, state, sandbox), AbortSignal.any([aborting.signal, starting.signal]))
    } catch (error) {
      if (starting.signal.aborted || aborting.signal.aborted) throw error
      const message = `network is not ready: ${messageOf(error)}`
      await perform.event({ do: 'event', key: message, type: 'Warning', reason: 'NetworkNotReady', message })
      throw error
    }
  }

  async function prepareResources(): Promise<void> {
    try {
      await Promise.all(context.resourceManagers.map((manager) => manager.prepare?.(state.pod, aborting.signal)))
    } catch (error) {
      tell('Warning', 'FailedPrepareDynamicResources', `Failed to prepare dynamic resources: ${messageOf(error)}`)
      throw error
    }
  }

  async function pullSecrets() {
    const { namespace } = state.pod.metadata
    const names = (state.pod.spec.imagePullSecrets ?? []).map(({ name }) => name).filter((name) => name !== '')
    const found = await Promise.all(names.map((name) => context.references.secret(name, namespace)))
    const missing = names.filter((_, index) => found[index] === undefined)
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`
      tell('Warning', 'FailedToRetrieveImagePullSecret', message)
    }
    return found.filter((secret) => secret !== undefined)
  }

  /** The hook, at most once and at most until the deadline. Its failure is told and keeps nothing from ending. */
  function preStop(id: string, name: string, deadlineAt: number): Promise<void> {
    const running = preStops.get(id)
    if (running !== undefined) return running
    const container = containerNamed(state.pod, name)?.container
    const handler = container?.lifecycle?.preStop
    if (container === undefined || handler === undefined) return Promise.resolve()
    const ending = new AbortController()
    const signal = AbortSignal.any([aborting.signal, ending.signal])
    const podIP = [...state.sandboxes.values()].find(({ ready }) => ready)?.ips[0] ?? context.node().addresses[0] ?? ''
    const told = hookTold(tell, context.observer?.work)
    const hook = runHook(handler, { ...context, pod: state.pod, container, containerId: id, podIP, ...told }, signal).catch(
      (error: unknown) => {
        if (signal.aborted) return
        context.log.info('a preStop hook failed', { pod: state.pod.metadata.name, container: name, error })
        tell('Warning', 'FailedPreStopHook', 'PreStopHook failed', name)
      },
    )
    const limit = sleep(clock, Math.max(0, deadlineAt - clock.now()), signal).catch(ignoreAbort)
    const bounded = Promise.race([hook, limit]).finally(() => ending.abort(new Error('the hook is over')))
    preStops.set(id, bounded)
    state.preStopped.add(id)
    return bounded
  }

  return {
    run: (command) => perform[command.do](command as never),
    tell,
    end: () => starting.abort(new Error('the pod ends')),
    abort: () => aborting.abort(new Error('the kubelet stops')),
  }
}

/** Volumes of the sort `image` that the container mounts. */
const imagesMounted = ({ spec }: Pod, { volumeMounts = [] }: AnyContainer) =>
  (spec.volumes ?? []).flatMap(({ name, image }) =>
    image?.reference && volumeMounts.some((mount) => mount.name === name)
      ? [{ name, image: { reference: image.reference, pullPolicy: image.pullPolicy ?? defaultPullPolicy(image.reference) } }]
      : [],
  )
/** Of an image that names no tag or the tag `latest`, only a look at the registry tells what it is today. */
const defaultPullPolicy = (reference: string) =>
  !reference.includes('@') && /(^|\/)[^/:]+(:latest)?$/.test(reference) ? ('Always' as const) : ('IfNotPresent' as const)

/** Keys of events told: those of the last few restarts are all that can come again. */
const TOLD_MAX = 100

/** A wait that was called off has done its duty. */
const ignoreAbort = (): void => {}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Stopping or removing what is gone is done. */
async function ifThere(call: Promise<void>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isError(error, 'NotFound')) throw error
  }
}
