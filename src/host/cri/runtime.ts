import { existsSync } from 'node:fs'
import type { PodFilter, Runtime, RuntimeEvent } from '#kubelet/runtime.ts'
import type { Clock } from '#lib/clock.ts'
import { sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { inSpan } from '#lib/tracing/active-span.ts'
import type { Type } from '#schema/schema.ts'
import { type Channel, openChannel } from './channel.ts'
import * as convert from './convert.ts'
import { containerStats, filesystemUsage, sandboxStats } from './convert-stats.ts'
import { cgroupDrivers } from './enums.ts'
import { runtimeEvents } from './events.ts'
import * as cri from './messages.ts'
import * as stats from './stats-messages.ts'

/** Where the runtime listens, and how long it is waited for. */
export interface CriOptions {
  /** Path of the runtime's unix socket, with or without `unix://`. */
  readonly endpoint: string
  readonly clock: Clock
  /** Bound of an ordinary call; the reference's default of `runtimeRequestTimeout` is two minutes. */
  readonly requestTimeoutMs?: number
  readonly pullTimeoutMs?: number
  /** Whether the machine runs with SELinux; absent: as it is. */
  readonly hasSeLinux?: boolean
}

/** Only there where the kernel has it and has not turned it off. */
const SELINUX = '/sys/fs/selinux/enforce'

/** A container runtime (containerd, CRI-O) over CRI v1. */
export function createCriRuntime(options: CriOptions): Runtime & { close(): void } {
  const { clock, requestTimeoutMs = 2 * 60_000, pullTimeoutMs = 60 * 60_000, hasSeLinux = existsSync(SELINUX) } = options
  const channel = openChannel(options.endpoint)
  const runtime = service(channel, 'RuntimeService', requestTimeoutMs)
  const images = service(channel, 'ImageService', requestTimeoutMs)

  return {
    async version() {
      const answer = await runtime('Version', cri.VersionRequest, cri.VersionResponse, { version: 'v1' })
      return { name: answer.runtimeName ?? '', version: answer.runtimeVersion ?? '' }
    },
    async status() {
      return convert.runtimeStatus(await runtime('Status', cri.Empty, cri.StatusResponse, {}))
    },
    async cgroupDriver() {
      try {
        const { linux } = await runtime('RuntimeConfig', cri.Empty, cri.RuntimeConfigResponse, {})
        return linux && cgroupDrivers[linux.cgroupDriver ?? 0]
      } catch (error) {
        if (isError(error, 'MethodNotAllowed')) return undefined
        throw error
      }
    },
    async updatePodCidr(podCidr) {
      const runtimeConfig = { networkConfig: { podCidr } }
      await runtime('UpdateRuntimeConfig', cri.UpdateRuntimeConfigRequest, cri.Empty, { runtimeConfig })
    },

    async runSandbox(config) {
      const request = { config: convert.sandboxConfig(config), runtimeHandler: config.runtimeHandler }
      // The network plug-in has its own two minutes: the reference doubles the bound here too.
      const answer = await runtime('RunPodSandbox', cri.RunPodSandboxRequest, cri.RunPodSandboxResponse, request, requestTimeoutMs * 2)
      return answer.podSandboxId ?? ''
    },
    async stopSandbox(podSandboxId) {
      await runtime('StopPodSandbox', cri.PodSandboxRequest, cri.Empty, { podSandboxId })
    },
    async removeSandbox(podSandboxId) {
      await runtime('RemovePodSandbox', cri.PodSandboxRequest, cri.Empty, { podSandboxId })
    },
    async sandboxes(filter) {
      const { items = [] } = await runtime('ListPodSandbox', cri.ListPodSandboxRequest, cri.ListPodSandboxResponse, {
        filter: ofPod(filter),
      })
      return items.map(convert.sandbox)
    },
    async sandboxStatus(podSandboxId) {
      const { status } = await runtime('PodSandboxStatus', cri.PodSandboxRequest, cri.PodSandboxStatusResponse, { podSandboxId })
      if (status === undefined) throw new WherryError('NotFound', `sandbox ${podSandboxId} has no status`)
      return convert.sandboxStatus(status)
    },
    async updateSandboxResources(podSandboxId, { overhead, resources }) {
      const request = { podSandboxId, overhead: convert.linuxResources(overhead), resources: convert.linuxResources(resources) }
      await runtime('UpdatePodSandboxResources', cri.UpdatePodSandboxResourcesRequest, cri.Empty, request)
    },

    async createContainer(podSandboxId, config, sandbox) {
      const answer = await runtime('CreateContainer', cri.CreateContainerRequest, cri.CreateContainerResponse, {
        podSandboxId,
        config: convert.containerConfig(config, hasSeLinux),
        sandboxConfig: convert.sandboxConfig(sandbox),
      })
      return answer.containerId ?? ''
    },
    async startContainer(containerId) {
      await runtime('StartContainer', cri.ContainerRequest, cri.Empty, { containerId })
    },
    async stopContainer(containerId, graceSeconds) {
      const timeout = Math.max(0, Math.ceil(graceSeconds))
      await runtime('StopContainer', cri.StopContainerRequest, cri.Empty, { containerId, timeout }, requestTimeoutMs + timeout * 1000)
    },
    async removeContainer(containerId) {
      await runtime('RemoveContainer', cri.ContainerRequest, cri.Empty, { containerId })
    },
    async containers(filter) {
      const { containers = [] } = await runtime('ListContainers', cri.ListContainersRequest, cri.ListContainersResponse, {
        filter: ofPod(filter),
      })
      return containers.map(convert.container)
    },
    async containerStatus(containerId) {
      const { status } = await runtime('ContainerStatus', cri.ContainerRequest, cri.ContainerStatusResponse, { containerId })
      if (status === undefined) throw new WherryError('NotFound', `container ${containerId} has no status`)
      return convert.containerStatus(status)
    },
    async updateContainerResources(containerId, resources) {
      const linux = convert.linuxResources(resources)
      await runtime('UpdateContainerResources', cri.UpdateContainerResourcesRequest, cri.Empty, { containerId, linux })
    },
    async checkpointContainer(containerId, location, timeoutMs) {
      // CRI counts seconds, and 0 is no bound of the runtime's own.
      const request = { containerId, location, timeout: Math.ceil(timeoutMs / 1000) }
      await runtime('CheckpointContainer', cri.CheckpointContainerRequest, cri.Empty, request, timeoutMs || requestTimeoutMs)
    },
    async reopenLog(containerId) {
      await runtime('ReopenContainerLog', cri.ContainerRequest, cri.Empty, { containerId })
    },

    async execSync(containerId, command, timeoutMs) {
      const timeout = Math.ceil(timeoutMs / 1000)
      // The runtime ends the command itself; the call's own bound only serves when the runtime hangs.
      const boundMs = timeoutMs === 0 ? Infinity : timeout * 1000 + requestTimeoutMs
      const request = { containerId, cmd: command, timeout }
      const answer = await runtime('ExecSync', cri.ExecSyncRequest, cri.ExecSyncResponse, request, boundMs)
      const cut = (bytes: Uint8Array | undefined) => (bytes ?? new Uint8Array()).subarray(0, OUTPUT_LIMIT_BYTES)
      return { exitCode: answer.exitCode ?? 0, stdout: cut(answer.stdout), stderr: cut(answer.stderr) }
    },
    async exec({ command, ...request }) {
      const { url = '' } = await runtime('Exec', cri.ExecRequest, cri.UrlResponse, { ...request, cmd: command })
      return url
    },
    async attach(request) {
      const { url = '' } = await runtime('Attach', cri.AttachRequest, cri.UrlResponse, request)
      return url
    },
    async portForward(podSandboxId, port) {
      const { url = '' } = await runtime('PortForward', cri.PortForwardRequest, cri.UrlResponse, { podSandboxId, port })
      return url
    },

    async images() {
      const { images: found = [] } = await images('ListImages', cri.Empty, cri.ListImagesResponse, {})
      return found.map(convert.image)
    },
    async imageStatus(name) {
      const { image } = await images('ImageStatus', cri.ImageRequest, cri.ImageStatusResponse, { image: { image: name } })
      return image?.id ? convert.image(image) : undefined
    },
    async pullImage(name, auth, sandbox) {
      const request = { image: { image: name }, auth, sandboxConfig: convert.sandboxConfig(sandbox) }
      const answer = await images('PullImage', cri.PullImageRequest, cri.PullImageResponse, request, pullTimeoutMs)
      return answer.imageRef ?? ''
    },
    async removeImage(name) {
      await images('RemoveImage', cri.ImageRequest, cri.Empty, { image: { image: name } })
    },
    async imageFsUsage() {
      const { imageFilesystems = [] } = await images('ImageFsInfo', cri.Empty, stats.ImageFsInfoResponse, {})
      return imageFilesystems.map(filesystemUsage)
    },
    async containerFsUsage() {
      const { containerFilesystems = [] } = await images('ImageFsInfo', cri.Empty, stats.ImageFsInfoResponse, {})
      return containerFilesystems.map(filesystemUsage)
    },
    async containerStats(filter) {
      const request = { filter: ofPod(filter) }
      const answer = await runtime('ListContainerStats', stats.ListContainerStatsRequest, stats.ListContainerStatsResponse, request)
      return (answer.stats ?? []).map(containerStats)
    },
    async sandboxStats(filter) {
      const request = { filter: ofPod(filter) }
      const answer = await runtime('ListPodSandboxStats', stats.ListPodSandboxStatsRequest, stats.ListPodSandboxStatsResponse, request)
      return (answer.stats ?? []).map(sandboxStats)
    },

    async *events(signal) {
      for await (const event of runtimeEvents(channel, this, clock, signal)) {
        if (event.type === 'stopped') await shown(this, event, clock, signal)
        yield event
      }
    },
    close: () => channel.close(),
  }
}

const POD_UID_LABEL = 'io.kubernetes.pod.uid'
const ofPod = (filter: PodFilter | undefined) => filter && { labelSelector: { [POD_UID_LABEL]: filter.podUid } }
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024

/** Calls of one CRI service by method name. In what is traced each is a span, and the runtime's own spans become parts of it. */
function service(channel: Channel, name: 'RuntimeService' | 'ImageService', requestTimeoutMs: number) {
  return <Q, QI, A, AI>(method: string, request: Type<Q, QI>, answer: Type<A, AI>, message: QI, timeoutMs = requestTimeoutMs) => {
    const path = `runtime.v1.${name}/${method}`
    return inSpan(
      path,
      (span) => channel.call(`/${path}`, request, answer, message, timeoutMs, span && { traceparent: span.traceparent }),
      { kind: 'client', attributes: { 'rpc.system.name': 'grpc', 'rpc.method': path } },
    )
  }
}

/**
 * Waits until an end shows in the status of the container (or sandbox). containerd publishes an exit before its CRI part has heard of it;
 * who then asks too early is told "running", and no second event would come. A few milliseconds as a rule, two seconds at most.
 */
async function shown(runtime: Runtime, { id }: RuntimeEvent, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let waitMs = 2; waitMs < 1100; waitMs *= 2) {
    if (!(await runs(runtime, id))) return
    await sleep(clock, waitMs, signal)
  }
}

async function runs(runtime: Runtime, id: string): Promise<boolean> {
  try {
    return (await runtime.containerStatus(id)).state === 'running'
  } catch (error) {
    if (!isError(error, 'NotFound')) throw error
  }
  try {
    return (await runtime.sandboxStatus(id)).ready
  } catch (error) {
    if (isError(error, 'NotFound')) return false
    throw error
  }
}
