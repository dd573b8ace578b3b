import type { Input } from '#schema/schema.ts'
import { field, int64, list, message, string, uint64 } from '#schema/schema.ts'

/**
 * The gRPC API by which monitors on the node learn which container holds what (KEP-606; k8s.io/kubelet, pkg/apis/podresources/{v1,v1alpha1}/
 * api.proto).
 */
const NUMANode = message('v1.NUMANode', { ID: field(1, int64()) })
const TopologyInfo = message('v1.TopologyInfo', { nodes: field(1, list(NUMANode)) })
const ContainerDevices = message('v1.ContainerDevices', {
  resourceName: field(1, string()),
  deviceIds: field(2, list(string())),
  topology: field(3, TopologyInfo),
})
const ContainerMemory = message('v1.ContainerMemory', {
  memoryType: field(1, string()),
  size: field(2, uint64()),
  topology: field(3, TopologyInfo),
})
const ClaimResource = message('v1.ClaimResource', {
  cdiDevices: field(1, list(message('v1.CDIDevice', { name: field(1, string()) }))),
  driverName: field(2, string()),
  poolName: field(3, string()),
  deviceName: field(4, string()),
  shareId: field(5, string(), { pointer: true }),
})
const DynamicResource = message('v1.DynamicResource', {
  claimName: field(2, string()),
  claimNamespace: field(3, string()),
  claimResources: field(4, list(ClaimResource)),
})
const ContainerResources = message('v1.ContainerResources', {
  name: field(1, string()),
  devices: field(2, list(ContainerDevices)),
  cpuIds: field(3, list(int64())),
  memory: field(4, list(ContainerMemory)),
  dynamicResources: field(5, list(DynamicResource)),
})
const PodResources = message('v1.PodResources', {
  name: field(1, string()),
  namespace: field(2, string()),
  containers: field(3, list(ContainerResources)),
})

export type ContainerDevices = Input<typeof ContainerDevices>
export type ContainerMemory = Input<typeof ContainerMemory>
export type DynamicResource = Input<typeof DynamicResource>
export type ContainerResources = Input<typeof ContainerResources>
export type PodResources = Input<typeof PodResources>

export const podResourcesLister = {
  list: {
    path: '/v1.PodResourcesLister/List',
    request: message('v1.ListPodResourcesRequest', {}),
    answer: message('v1.ListPodResourcesResponse', { podResources: field(1, list(PodResources)) }),
  },
  allocatable: {
    path: '/v1.PodResourcesLister/GetAllocatableResources',
    request: message('v1.AllocatableResourcesRequest', {}),
    answer: message('v1.AllocatableResourcesResponse', {
      devices: field(1, list(ContainerDevices)),
      cpuIds: field(2, list(int64())),
      memory: field(3, list(ContainerMemory)),
    }),
  },
  get: {
    path: '/v1.PodResourcesLister/Get',
    request: message('v1.GetPodResourcesRequest', { podName: field(1, string()), podNamespace: field(2, string()) }),
    answer: message('v1.GetPodResourcesResponse', { podResources: field(1, PodResources) }),
  },
}

/** The first version has devices alone, without their place. */
export const oldPodResourcesLister = {
  list: {
    path: '/v1alpha1.PodResourcesLister/List',
    request: message('v1alpha1.ListPodResourcesRequest', {}),
    answer: message('v1alpha1.ListPodResourcesResponse', {
      podResources: field(
        1,
        list(
          message('v1alpha1.PodResources', {
            name: field(1, string()),
            namespace: field(2, string()),
            containers: field(
              3,
              list(
                message('v1alpha1.ContainerResources', {
                  name: field(1, string()),
                  devices: field(
                    2,
                    list(message('v1alpha1.ContainerDevices', { resourceName: field(1, string()), deviceIds: field(2, list(string())) })),
                  ),
                }),
              ),
            ),
          }),
        ),
      ),
    }),
  },
}
