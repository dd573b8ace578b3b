import { serveRpc } from '#host/plugins/rpc.ts'
import { type ServedMethod, served, servedStream } from '#kubelet/plugins/rpc.ts'
import type { RegistryAuth, Runtime } from '#kubelet/runtime.ts'
import { WherryError } from '#lib/errors.ts'
import type { Type } from '#schema/schema.ts'
import { containerEvents, containerStates } from '../enums.ts'
import * as cri from '../messages.ts'
import * as stats from '../stats-messages.ts'
import { containerFrom, podUid, sandboxFrom } from './convert-back.ts'

/** What a runtime is like beyond what CRI says of it. */
export interface Manners {
  readonly name: string
  /** `none`: the method is not there, as in containerd 1.6. `ends`: it ends at once, as CRI-O's without `enable_pod_events`. */
  readonly events: 'stream' | 'none' | 'ends'
  /** A creation that somebody gave up goes on, and whoever asks again by the same name is given what came of it: CRI-O. */
  readonly keepsCreations: boolean
  /** Ids of images are bare hexadecimal digits: CRI-O. */
  readonly bareImageIds: boolean
}

/** CRI-O, as far as a kubelet can tell (it has no `RuntimeConfig` handler of containerd's kind, and no events unless it is told to). */
export const crio: Manners = { name: 'cri-o', events: 'ends', keepsCreations: true, bareImageIds: true }
/** containerd 1.7 and later. */
export const containerd: Manners = { name: 'containerd', events: 'stream', keepsCreations: false, bareImageIds: false }

/** Serves any runtime as CRI v1 on a unix socket, in the manners of one that there is. */
export async function serveCri(socketPath: string, runtime: Runtime, manners: Manners): Promise<{ close(): Promise<void> }> {
  /** Whoever asks again for what is there already is given it, where the manners say so: by the id that a refusal names. */
  async function made(making: Promise<string>): Promise<string> {
    try {
      return await making
    } catch (error) {
      const existing = /name is reserved for "(.+)"$/.exec((error as Error).message)?.[1]
      if (!manners.keepsCreations || existing === undefined) throw error
      return existing
    }
  }
  const imageId = (id: string): string => (manners.bareImageIds ? id.replace(/^sha256:/, '') : id)

  const runtimeService: ServedMethod[] = [
    method('Version', cri.VersionRequest, cri.VersionResponse, async () => {
      const { version } = await runtime.version()
      return { version: '0.1.0', runtimeName: manners.name, runtimeVersion: version, runtimeApiVersion: 'v1' }
    }),
    method('Status', cri.Empty, cri.StatusResponse, async () => {
      const { runtimeReady, networkReady, message, handlers, features } = await runtime.status()
      const condition = (type: string, status: boolean) => ({ type, status, ...(!status && { reason: `${type}False`, message }) })
      return {
        status: { conditions: [condition('RuntimeReady', runtimeReady), condition('NetworkReady', networkReady)] },
        runtimeHandlers: handlers.map(({ name, ...had }) => ({ name, features: had })),
        features,
      }
    }),
    method('RuntimeConfig', cri.Empty, cri.RuntimeConfigResponse, async () => {
      const driver = await runtime.cgroupDriver()
      if (driver === undefined) throw new WherryError('MethodNotAllowed', 'unknown method RuntimeConfig')
      return { linux: { cgroupDriver: driver === 'systemd' ? 0 : 1 } }
    }),

    method('RunPodSandbox', cri.RunPodSandboxRequest, cri.RunPodSandboxResponse, async ({ config, runtimeHandler }) => {
      const wanted = sandboxFrom(config!, runtimeHandler ?? '')
      return { podSandboxId: await made(runtime.runSandbox(wanted)) }
    }),
    method('StopPodSandbox', cri.PodSandboxRequest, cri.Empty, async ({ podSandboxId = '' }) => empty(runtime.stopSandbox(podSandboxId))),
    method('RemovePodSandbox', cri.PodSandboxRequest, cri.Empty, async ({ podSandboxId = '' }) =>
      empty(runtime.removeSandbox(podSandboxId)),
    ),
    method('ListPodSandbox', cri.ListPodSandboxRequest, cri.ListPodSandboxResponse, async ({ filter }) => {
      const found = await runtime.sandboxes(podUid(filter?.labelSelector))
      return {
        items: found.map(({ id, metadata, ready, createdAt, labels, annotations }) => ({
          ...{ id, metadata, labels, annotations },
          ...{ state: ready ? 0 : 1, createdAt: createdAt * 1e6 },
        })),
      }
    }),
    method('PodSandboxStatus', cri.PodSandboxRequest, cri.PodSandboxStatusResponse, async ({ podSandboxId = '' }) => {
      const { id, metadata, ready, createdAt, labels, annotations, ips } = await runtime.sandboxStatus(podSandboxId)
      const [ip, ...others] = ips
      return {
        status: {
          ...{ id, metadata, labels, annotations },
          ...{ state: ready ? 0 : 1, createdAt: createdAt * 1e6 },
          network: { ip: ip ?? '', additionalIps: others.map((one) => ({ ip: one })) },
        },
      }
    }),
    method('UpdatePodSandboxResources', cri.UpdatePodSandboxResourcesRequest, cri.Empty, () => {
      throw new WherryError('MethodNotAllowed', 'unknown method UpdatePodSandboxResources')
    }),

    method(
      'CreateContainer',
      cri.CreateContainerRequest,
      cri.CreateContainerResponse,
      async ({ podSandboxId = '', config, sandboxConfig }) => {
        const making = runtime.createContainer(podSandboxId, containerFrom(config!), sandboxFrom(sandboxConfig!, ''))
        return { containerId: await made(making) }
      },
    ),
    method('StartContainer', cri.ContainerRequest, cri.Empty, async ({ containerId = '' }) => empty(runtime.startContainer(containerId))),
    method('StopContainer', cri.StopContainerRequest, cri.Empty, async ({ containerId = '', timeout = 0 }) =>
      empty(runtime.stopContainer(containerId, timeout)),
    ),
    method('RemoveContainer', cri.ContainerRequest, cri.Empty, async ({ containerId = '' }) => empty(runtime.removeContainer(containerId))),
    method('ListContainers', cri.ListContainersRequest, cri.ListContainersResponse, async ({ filter }) => {
      const found = await runtime.containers(podUid(filter?.labelSelector))
      return {
        containers: found.map(({ id, sandboxId, metadata, image, imageId: ref, state, createdAt, labels, annotations }) => ({
          ...{ id, podSandboxId: sandboxId, metadata, labels, annotations },
          ...{ image: { image }, imageRef: imageId(ref), state: containerStates.indexOf(state), createdAt: createdAt * 1e6 },
        })),
      }
    }),
    method('ContainerStatus', cri.ContainerRequest, cri.ContainerStatusResponse, async ({ containerId = '' }) => {
      const {
        sandboxId: _,
        image,
        imageId: ref,
        state,
        createdAt,
        startedAt,
        finishedAt,
        user,
        ...rest
      } = await runtime.containerStatus(containerId)
      const { id, metadata, labels, annotations, exitCode, reason, message, logPath } = rest
      return {
        status: {
          ...{ id, metadata, labels, annotations, exitCode, reason, message, logPath },
          ...{ image: { image, userSpecifiedImage: image }, imageRef: imageId(ref), state: containerStates.indexOf(state) },
          ...{ createdAt: createdAt * 1e6, startedAt: startedAt * 1e6, finishedAt: finishedAt * 1e6 },
          ...(user && { user: { linux: user } }),
        },
      }
    }),
    method('UpdateContainerResources', cri.UpdateContainerResourcesRequest, cri.Empty, async ({ containerId = '' }) =>
      empty(
        runtime.updateContainerResources(containerId, { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 }),
      ),
    ),
    method('ReopenContainerLog', cri.ContainerRequest, cri.Empty, async ({ containerId = '' }) => empty(runtime.reopenLog(containerId))),
    method('ExecSync', cri.ExecSyncRequest, cri.ExecSyncResponse, ({ containerId = '', cmd = [], timeout = 0 }) =>
      runtime.execSync(containerId, cmd, timeout * 1000),
    ),
    method('ListContainerStats', stats.ListContainerStatsRequest, stats.ListContainerStatsResponse, () => ({ stats: [] })),
    ...(manners.events === 'none'
      ? []
      : [
          servedStream(
            { path: '/runtime.v1.RuntimeService/GetContainerEvents', request: cri.Empty, answer: cri.ContainerEventResponse },
            async function* (_, signal) {
              if (manners.events === 'ends') return
              for await (const { id, type } of runtime.events(signal))
                if (type !== 'oom') yield { containerId: id, containerEventType: containerEvents.indexOf(type) }
            },
          ),
        ]),
  ]

  const imageService: ServedMethod[] = [
    method(
      'ImageStatus',
      cri.ImageRequest,
      cri.ImageStatusResponse,
      async ({ image }) => {
        const found = await runtime.imageStatus(image?.image ?? '')
        if (found === undefined) return {}
        const { id, repoTags, repoDigests, sizeBytes, uid, username, pinned } = found
        return {
          image: {
            id: imageId(id),
            repoTags,
            repoDigests,
            size: sizeBytes,
            uid: uid === undefined ? undefined : { value: uid },
            username,
            pinned,
          },
        }
      },
      'ImageService',
    ),
    method(
      'ListImages',
      cri.Empty,
      cri.ListImagesResponse,
      async () => ({
        images: (await runtime.images()).map(({ id, sizeBytes, repoTags, repoDigests, pinned }) => ({
          ...{ id: imageId(id), size: sizeBytes, repoTags, repoDigests, pinned },
        })),
      }),
      'ImageService',
    ),
    method(
      'PullImage',
      cri.PullImageRequest,
      cri.PullImageResponse,
      async ({ image, auth, sandboxConfig }) => ({
        imageRef: imageId(
          await runtime.pullImage(image?.image ?? '', auth as RegistryAuth | undefined, sandboxFrom(sandboxConfig ?? {}, '')),
        ),
      }),
      'ImageService',
    ),
    method('RemoveImage', cri.ImageRequest, cri.Empty, async ({ image }) => empty(runtime.removeImage(image?.image ?? '')), 'ImageService'),
    method('ImageFsInfo', cri.Empty, stats.ImageFsInfoResponse, () => ({}), 'ImageService'),
  ]

  return serveRpc(socketPath, [...runtimeService, ...imageService])
}

function method<Q, QI, A, AI>(
  name: string,
  request: Type<Q, QI>,
  answer: Type<A, AI>,
  act: (message: Q) => Promise<NoInfer<AI>> | NoInfer<AI>,
  service = 'RuntimeService',
): ServedMethod {
  return served({ path: `/runtime.v1.${service}/${name}`, request, answer }, act)
}

async function empty(done: Promise<void>): Promise<Record<string, never>> {
  await done
  return {}
}
