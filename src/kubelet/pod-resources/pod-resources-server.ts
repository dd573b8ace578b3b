import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { createTokenBucket, type Rate } from '#lib/token-bucket.ts'
import type { DeviceManager, DevicesOf } from '../devices/device-manager.ts'
import type { ClaimRecord } from '../dra/claim-records.ts'
import type { DraManager } from '../dra/dra-manager.ts'
import type { PodLookup } from '../interfaces.ts'
import { type RpcServer, type ServeRpc, served } from '../plugins/rpc.ts'
import { type AnyContainer, isSidecar } from '../pod/containers.ts'
import {
  type ContainerDevices,
  type ContainerMemory,
  type ContainerResources,
  type DynamicResource,
  oldPodResourcesLister,
  type PodResources,
  podResourcesLister,
} from './pod-resources-api.ts'

/** CPUs and memory that are a container's alone, and all that the node could give so. */
export interface ExclusiveResources {
  cpus(podUid: string, container: string): readonly number[]
  allocatableCpus(): readonly number[]
  memory(podUid: string, container: string): readonly MemoryBlock[]
  allocatableMemory(): readonly MemoryBlock[]
}

/** Memory (`memory`, `hugepages-2Mi`) on NUMA nodes. */
export interface MemoryBlock {
  readonly type: string
  readonly sizeBytes: number
  readonly nodes: readonly number[]
}

export interface PodResourcesOptions {
  /** Absolute: `<root>/pod-resources/kubelet.sock`. */
  readonly socketPath: string
  readonly serve: ServeRpc
  readonly pods: Pick<PodLookup, 'list' | 'get'>
  readonly devices?: Pick<DeviceManager, 'devices' | 'allocatableDevices'>
  readonly claims?: Pick<DraManager, 'claims'>
  readonly exclusive?: ExclusiveResources
  readonly clock: Clock
  readonly log: Log
  readonly registry?: Registry
}

/** Tells programs of this node which container holds which devices, CPUs and memory. Resolves once it listens. */
export async function startPodResourcesServer(options: PodResourcesOptions): Promise<RpcServer> {
  const { pods, devices, exclusive } = options
  const count = counters(options.registry)
  const bucket = createTokenBucket(ASKED, options.clock)
  const guarded =
    <Q, A>(version: string, method: Method, answer: (message: Q) => A) =>
    (message: Q): A => {
      if (bucket.take() > 0) throw new WherryError('TooManyRequests', 'rejected by rate limit')
      count('requests', method, version)
      try {
        return answer(message)
      } catch (error) {
        count('errors', method, version)
        throw error
      }
    }

  const active = (): readonly Pod[] =>
    pods
      .list()
      .filter(({ withStatus }) => withStatus.status?.phase !== 'Succeeded' && withStatus.status?.phase !== 'Failed')
      .map(({ pod }) => pod)

  function resourcesOf(pod: Pod): PodResources {
    const { name, namespace } = pod.metadata
    // Init containers that end hold nothing for long.
    const sidecars = (pod.spec.initContainers ?? []).filter((container) => isSidecar(container, 'init'))
    return { name, namespace, containers: [...sidecars, ...pod.spec.containers].map((container) => containerResources(pod, container)) }
  }

  function containerResources(pod: Pod, container: AnyContainer): ContainerResources {
    const { uid } = pod.metadata
    return {
      name: container.name,
      devices: containerDevices(devices?.devices(uid, container.name) ?? []),
      cpuIds: [...(exclusive?.cpus(uid, container.name) ?? [])],
      memory: (exclusive?.memory(uid, container.name) ?? []).map(memoryOf),
      dynamicResources: claimsOf(pod, container).map(dynamicResource),
    }
  }

  /** A claim that is not prepared yet is nothing to show. */
  function claimsOf(pod: Pod, container: AnyContainer): readonly ClaimRecord[] {
    try {
      return options.claims?.claims(pod, container) ?? []
    } catch (error) {
      options.log.debug('the claims of a container are not known', { pod: pod.metadata.name, container: container.name, error })
      return []
    }
  }

  return options.serve(options.socketPath, [
    served(
      podResourcesLister.list,
      guarded('v1', 'list', () => ({ podResources: active().map(resourcesOf) })),
    ),
    served(
      podResourcesLister.allocatable,
      guarded('v1', 'get_allocatable', () => ({
        devices: containerDevices(devices?.allocatableDevices() ?? []),
        cpuIds: [...(exclusive?.allocatableCpus() ?? [])],
        memory: (exclusive?.allocatableMemory() ?? []).map(memoryOf),
      })),
    ),
    served(
      podResourcesLister.get,
      guarded('v1', 'get', ({ podName = '', podNamespace = '' }) => {
        const found = pods.get(podNamespace, podName)
        if (found === undefined) throw new WherryError('InternalError', `pod ${podName} in namespace ${podNamespace} not found`)
        return { podResources: resourcesOf(found.pod) }
      }),
    ),
    served(
      oldPodResourcesLister.list,
      guarded('v1alpha1', 'list', () => ({
        podResources: active().map((pod) => ({
          name: pod.metadata.name,
          namespace: pod.metadata.namespace,
          containers: pod.spec.containers.map(({ name }) => ({
            name,
            devices: (devices?.devices(pod.metadata.uid, name) ?? []).map(({ resource, devices: held }) => ({
              resourceName: resource,
              deviceIds: held.map(({ id }) => id),
            })),
          })),
        })),
      })),
    ),
  ])
}

/** One entry for each device and NUMA node, as the reference has it. */
const containerDevices = (all: readonly DevicesOf[]): ContainerDevices[] =>
  all.flatMap(({ resource, devices }) =>
    devices.flatMap(({ id, nodes }): ContainerDevices[] => {
      const entry = { resourceName: resource, deviceIds: [id] }
      return nodes.length === 0 ? [entry] : nodes.map((node) => ({ ...entry, topology: { nodes: [{ ID: node }] } }))
    }),
  )

const memoryOf = ({ type, sizeBytes, nodes }: MemoryBlock): ContainerMemory => ({
  memoryType: type,
  size: sizeBytes,
  topology: { nodes: nodes.map((node) => ({ ID: node })) },
})

const dynamicResource = ({ name, namespace, drivers }: ClaimRecord): DynamicResource => ({
  claimName: name,
  claimNamespace: namespace,
  claimResources: [...drivers].flatMap(([driverName, devices]) =>
    devices.map(({ poolName, deviceName, shareId, cdiDeviceIds }) => ({
      cdiDevices: cdiDeviceIds.map((cdi) => ({ name: cdi })),
      driverName,
      poolName,
      deviceName,
      ...(shareId !== undefined && { shareId }),
    })),
  ),
})

/** As the reference: a hundred a second, ten of them at once. */
const ASKED: Rate = { perSecond: 100, burst: 10 }

type Method = 'list' | 'get' | 'get_allocatable'

function counters(registry: Registry | undefined): (what: 'requests' | 'errors', method: Method, version: string) => void {
  if (registry === undefined) return () => {}
  const counter = (name: string, help: string) =>
    registry.counter({ name: `kubelet_pod_resources_endpoint_${name}`, help, stability: 'ALPHA', labels: ['server_api_version'] })
  const total = counter('requests_total', 'Cumulative number of requests to the PodResource endpoint. Broken down by server api version.')
  const names = { list: 'List', get: 'Get', get_allocatable: 'GetAllocatableResources' }
  const methods = Object.entries(names).map(([method, title]) => {
    const requests = counter(
      `requests_${method}`,
      `Number of requests to the PodResource ${title} endpoint. Broken down by server api version.`,
    )
    const errors = counter(
      `errors_${method}`,
      `Number of requests to the PodResource ${title} endpoint which returned error. Broken down by server api version.`,
    )
    return [method, { requests, errors }] as const
  })
  const byMethod = new Map<string, (typeof methods)[number][1]>(methods)
  return (what, method, version) => {
    if (what === 'requests') total.of(version).inc()
    byMethod.get(method)![what].of(version).inc()
  }
}
