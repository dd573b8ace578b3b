import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, list, map, message, string } from '#schema/schema.ts'

/**
 * The gRPC API of device plug-ins (k8s.io/kubelet, pkg/apis/deviceplugin/v1beta1/api.proto): the kubelet serves `Registration`, a plug-in
 * serves `DevicePlugin`.
 */
export const devicePluginVersion = 'v1beta1'

const strings = () => list(string())
const api = <F extends Parameters<typeof message>[1]>(name: string, fields: F) => message(`${devicePluginVersion}.${name}`, fields)

const Empty = api('Empty', {})
const DevicePluginOptions = api('DevicePluginOptions', {
  preStartRequired: field(1, bool()),
  getPreferredAllocationAvailable: field(2, bool()),
})
export type DevicePluginOptions = Of<typeof DevicePluginOptions>

const RegisterRequest = api('RegisterRequest', {
  version: field(1, string()),
  endpoint: field(2, string()),
  resourceName: field(3, string()),
  options: field(4, DevicePluginOptions),
})

const NUMANode = api('NUMANode', { ID: field(1, int64()) })
const TopologyInfo = api('TopologyInfo', { nodes: field(1, list(NUMANode)) })
const Device = api('Device', { ID: field(1, string()), health: field(2, string()), topology: field(3, TopologyInfo) })
export type Device = Of<typeof Device>
const ListAndWatchResponse = api('ListAndWatchResponse', { devices: field(1, list(Device)) })

const PreStartContainerRequest = api('PreStartContainerRequest', { devicesIds: field(1, strings()) })
const PreStartContainerResponse = api('PreStartContainerResponse', {})

const PreferredAllocationRequest = api('PreferredAllocationRequest', {
  containerRequests: field(
    1,
    list(
      api('ContainerPreferredAllocationRequest', {
        availableDeviceIDs: field(1, strings()),
        mustIncludeDeviceIDs: field(2, strings()),
        allocationSize: field(3, int32()),
      }),
    ),
  ),
})
const PreferredAllocationResponse = api('PreferredAllocationResponse', {
  containerResponses: field(1, list(api('ContainerPreferredAllocationResponse', { deviceIDs: field(1, strings()) }))),
})

const AllocateRequest = api('AllocateRequest', {
  containerRequests: field(1, list(api('ContainerAllocateRequest', { devicesIds: field(1, strings()) }))),
})
const Mount = api('Mount', { containerPath: field(1, string()), hostPath: field(2, string()), readOnly: field(3, bool()) })
const DeviceSpec = api('DeviceSpec', {
  containerPath: field(1, string()),
  hostPath: field(2, string()),
  permissions: field(3, string()),
})
const ContainerAllocateResponse = api('ContainerAllocateResponse', {
  envs: field(1, map(string())),
  mounts: field(2, list(Mount)),
  devices: field(3, list(DeviceSpec)),
  annotations: field(4, map(string())),
  cdiDevices: field(5, list(api('CDIDevice', { name: field(1, string()) }))),
})
/** What makes devices usable in a container. */
export type ContainerAllocateResponse = Of<typeof ContainerAllocateResponse>
const AllocateResponse = api('AllocateResponse', { containerResponses: field(1, list(ContainerAllocateResponse)) })

/** Served by the kubelet on `kubelet.sock`. */
export const register = { path: '/v1beta1.Registration/Register', request: RegisterRequest, answer: Empty }

/** Served by plug-ins. */
export const devicePlugin = {
  options: { path: '/v1beta1.DevicePlugin/GetDevicePluginOptions', request: Empty, answer: DevicePluginOptions },
  listAndWatch: { path: '/v1beta1.DevicePlugin/ListAndWatch', request: Empty, answer: ListAndWatchResponse },
  preferredAllocation: {
    path: '/v1beta1.DevicePlugin/GetPreferredAllocation',
    request: PreferredAllocationRequest,
    answer: PreferredAllocationResponse,
  },
  allocate: { path: '/v1beta1.DevicePlugin/Allocate', request: AllocateRequest, answer: AllocateResponse },
  preStartContainer: {
    path: '/v1beta1.DevicePlugin/PreStartContainer',
    request: PreStartContainerRequest,
    answer: PreStartContainerResponse,
  },
}
