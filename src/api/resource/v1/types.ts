/** The types of resource/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int64, json, list, map, message, oneOf, quantity, string, time } from '#schema/schema.ts'

export const ResourcePool = message('k8s.io.api.resource.v1.ResourcePool', {
  name: field(1, string(), { required: true }),
  generation: field(2, int64(), { required: true }),
  resourceSliceCount: field(3, int64(), { required: true }),
})
export type ResourcePool = Of<typeof ResourcePool>

export const DeviceAttribute = message('k8s.io.api.resource.v1.DeviceAttribute', {
  int: field(2, int64(), { pointer: true }),
  bool: field(3, bool(), { pointer: true }),
  string: field(4, string(), { pointer: true }),
  version: field(5, string(), { pointer: true }),
  ints: field(6, list(int64())),
  bools: field(7, list(bool())),
  strings: field(8, list(string())),
  versions: field(9, list(string())),
})
export type DeviceAttribute = Of<typeof DeviceAttribute>

export const CapacityRequestPolicyRange = message('k8s.io.api.resource.v1.CapacityRequestPolicyRange', {
  min: field(1, quantity(), { pointer: true }),
  max: field(2, quantity(), { pointer: true }),
  step: field(3, quantity(), { pointer: true }),
})
export type CapacityRequestPolicyRange = Of<typeof CapacityRequestPolicyRange>

export const CapacityRequestPolicy = message('k8s.io.api.resource.v1.CapacityRequestPolicy', {
  default: field(1, quantity(), { always: true, pointer: true }),
  validValues: field(3, list(quantity())),
  validRange: field(4, CapacityRequestPolicyRange, { pointer: true }),
})
export type CapacityRequestPolicy = Of<typeof CapacityRequestPolicy>

export const DeviceCapacity = message('k8s.io.api.resource.v1.DeviceCapacity', {
  value: field(1, quantity(), { required: true }),
  requestPolicy: field(2, CapacityRequestPolicy, { pointer: true }),
})
export type DeviceCapacity = Of<typeof DeviceCapacity>

export const Counter = message('k8s.io.api.resource.v1.Counter', {
  value: field(1, quantity(), { required: true }),
})
export type Counter = Of<typeof Counter>

export const DeviceCounterConsumption = message('k8s.io.api.resource.v1.DeviceCounterConsumption', {
  counterSet: field(1, string(), { required: true }),
  counters: field(2, map(Counter)),
})
export type DeviceCounterConsumption = Of<typeof DeviceCounterConsumption>

export const DeviceTaintEffect = oneOf('None', 'NoSchedule', 'NoExecute')
export type DeviceTaintEffect = Of<typeof DeviceTaintEffect>

export const DeviceTaint = message('k8s.io.api.resource.v1.DeviceTaint', {
  key: field(1, string(), { required: true }),
  value: field(2, string()),
  effect: field(3, DeviceTaintEffect, { required: true }),
  timeAdded: field(4, time(), { pointer: true }),
})
export type DeviceTaint = Of<typeof DeviceTaint>

export const NodeAllocatableResourceMapping = message('k8s.io.api.resource.v1.NodeAllocatableResourceMapping', {
  capacityKey: field(1, string(), { pointer: true }),
  allocationMultiplier: field(2, quantity(), { pointer: true }),
})
export type NodeAllocatableResourceMapping = Of<typeof NodeAllocatableResourceMapping>

export const Device = message('k8s.io.api.resource.v1.Device', {
  name: field(1, string(), { required: true }),
  attributes: field(2, map(DeviceAttribute)),
  capacity: field(3, map(DeviceCapacity)),
  consumesCounters: field(4, list(DeviceCounterConsumption)),
  nodeName: field(5, string(), { pointer: true }),
  nodeSelector: field(6, core.NodeSelector, { pointer: true }),
  allNodes: field(7, bool(), { pointer: true }),
  taints: field(8, list(DeviceTaint)),
  bindsToNode: field(9, bool(), { pointer: true }),
  bindingConditions: field(10, list(string())),
  bindingFailureConditions: field(11, list(string())),
  allowMultipleAllocations: field(12, bool(), { pointer: true }),
  nodeAllocatableResourceMappings: field(13, map(NodeAllocatableResourceMapping)),
})
export type Device = Of<typeof Device>

export const CounterSet = message('k8s.io.api.resource.v1.CounterSet', {
  name: field(1, string(), { required: true }),
  counters: field(2, map(Counter)),
})
export type CounterSet = Of<typeof CounterSet>

export const ResourceSliceSpec = message('k8s.io.api.resource.v1.ResourceSliceSpec', {
  driver: field(1, string(), { required: true }),
  pool: field(2, ResourcePool, { required: true }),
  nodeName: field(3, string(), { pointer: true }),
  nodeSelector: field(4, core.NodeSelector, { pointer: true }),
  allNodes: field(5, bool(), { pointer: true }),
  devices: field(6, list(Device)),
  perDeviceNodeSelection: field(7, bool(), { pointer: true }),
  sharedCounters: field(8, list(CounterSet)),
})
export type ResourceSliceSpec = Of<typeof ResourceSliceSpec>

export const ResourceSlice = message('k8s.io.api.resource.v1.ResourceSlice', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ResourceSliceSpec, { required: true }),
})
export type ResourceSlice = Of<typeof ResourceSlice>

export const CELDeviceSelector = message('k8s.io.api.resource.v1.CELDeviceSelector', {
  expression: field(1, string(), { required: true }),
})
export type CELDeviceSelector = Of<typeof CELDeviceSelector>

export const DeviceSelector = message('k8s.io.api.resource.v1.DeviceSelector', {
  cel: field(1, CELDeviceSelector, { pointer: true }),
})
export type DeviceSelector = Of<typeof DeviceSelector>

export const DeviceAllocationMode = oneOf('ExactCount', 'All')
export type DeviceAllocationMode = Of<typeof DeviceAllocationMode>

export const DeviceTolerationOperator = oneOf('Exists', 'Equal')
export type DeviceTolerationOperator = Of<typeof DeviceTolerationOperator>

export const DeviceToleration = message('k8s.io.api.resource.v1.DeviceToleration', {
  key: field(1, string()),
  operator: field(2, DeviceTolerationOperator, { default: 'Equal' }),
  value: field(3, string()),
  effect: field(4, DeviceTaintEffect),
  tolerationSeconds: field(5, int64(), { pointer: true }),
})
export type DeviceToleration = Of<typeof DeviceToleration>

export const CapacityRequirements = message('k8s.io.api.resource.v1.CapacityRequirements', {
  requests: field(1, map(quantity())),
})
export type CapacityRequirements = Of<typeof CapacityRequirements>

export const ExactDeviceRequest = message('k8s.io.api.resource.v1.ExactDeviceRequest', {
  deviceClassName: field(1, string(), { required: true }),
  selectors: field(2, list(DeviceSelector)),
  allocationMode: field(3, DeviceAllocationMode, { default: 'ExactCount' }),
  count: field(4, int64()),
  adminAccess: field(5, bool(), { pointer: true }),
  tolerations: field(6, list(DeviceToleration)),
  capacity: field(7, CapacityRequirements, { pointer: true }),
})
export type ExactDeviceRequest = Of<typeof ExactDeviceRequest>

export const DeviceSubRequest = message('k8s.io.api.resource.v1.DeviceSubRequest', {
  name: field(1, string(), { required: true }),
  deviceClassName: field(2, string(), { required: true }),
  selectors: field(3, list(DeviceSelector)),
  allocationMode: field(4, DeviceAllocationMode, { default: 'ExactCount' }),
  count: field(5, int64()),
  tolerations: field(6, list(DeviceToleration)),
  capacity: field(7, CapacityRequirements, { pointer: true }),
})
export type DeviceSubRequest = Of<typeof DeviceSubRequest>

export const DeviceRequest = message('k8s.io.api.resource.v1.DeviceRequest', {
  name: field(1, string(), { required: true }),
  exactly: field(2, ExactDeviceRequest, { pointer: true }),
  firstAvailable: field(3, list(DeviceSubRequest)),
})
export type DeviceRequest = Of<typeof DeviceRequest>

export const DeviceConstraint = message('k8s.io.api.resource.v1.DeviceConstraint', {
  requests: field(1, list(string())),
  matchAttribute: field(2, string(), { pointer: true }),
  distinctAttribute: field(3, string(), { pointer: true }),
})
export type DeviceConstraint = Of<typeof DeviceConstraint>

export const OpaqueDeviceConfiguration = message('k8s.io.api.resource.v1.OpaqueDeviceConfiguration', {
  driver: field(1, string(), { required: true }),
  parameters: field(2, json(), { required: true }),
})
export type OpaqueDeviceConfiguration = Of<typeof OpaqueDeviceConfiguration>

const DeviceConfigurationFields = {
  opaque: field(1, OpaqueDeviceConfiguration, { pointer: true }),
}
export const DeviceConfiguration = message('k8s.io.api.resource.v1.DeviceConfiguration', DeviceConfigurationFields)
export type DeviceConfiguration = Of<typeof DeviceConfiguration>

export const DeviceClaimConfiguration = message(
  'k8s.io.api.resource.v1.DeviceClaimConfiguration',
  {
    requests: field(1, list(string())),
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 2, type: DeviceConfiguration }] },
)
export type DeviceClaimConfiguration = Of<typeof DeviceClaimConfiguration>

export const DeviceClaim = message('k8s.io.api.resource.v1.DeviceClaim', {
  requests: field(1, list(DeviceRequest), { always: true }),
  constraints: field(2, list(DeviceConstraint)),
  config: field(3, list(DeviceClaimConfiguration)),
})
export type DeviceClaim = Of<typeof DeviceClaim>

export const ResourceClaimSpec = message('k8s.io.api.resource.v1.ResourceClaimSpec', {
  devices: field(1, DeviceClaim, { always: true }),
})
export type ResourceClaimSpec = Of<typeof ResourceClaimSpec>

export const DeviceRequestAllocationResult = message('k8s.io.api.resource.v1.DeviceRequestAllocationResult', {
  request: field(1, string(), { required: true }),
  driver: field(2, string(), { required: true }),
  pool: field(3, string(), { required: true }),
  device: field(4, string(), { required: true }),
  adminAccess: field(5, bool(), { pointer: true }),
  tolerations: field(6, list(DeviceToleration)),
  bindingConditions: field(7, list(string())),
  bindingFailureConditions: field(8, list(string())),
  shareID: field(9, string(), { pointer: true }),
  consumedCapacity: field(10, map(quantity())),
})
export type DeviceRequestAllocationResult = Of<typeof DeviceRequestAllocationResult>

export const AllocationConfigSource = oneOf('FromClass', 'FromClaim')
export type AllocationConfigSource = Of<typeof AllocationConfigSource>

export const DeviceAllocationConfiguration = message(
  'k8s.io.api.resource.v1.DeviceAllocationConfiguration',
  {
    source: field(1, AllocationConfigSource, { required: true }),
    requests: field(2, list(string())),
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 3, type: DeviceConfiguration }] },
)
export type DeviceAllocationConfiguration = Of<typeof DeviceAllocationConfiguration>

export const DeviceAllocationResult = message('k8s.io.api.resource.v1.DeviceAllocationResult', {
  results: field(1, list(DeviceRequestAllocationResult)),
  config: field(2, list(DeviceAllocationConfiguration)),
})
export type DeviceAllocationResult = Of<typeof DeviceAllocationResult>

export const AllocationResult = message('k8s.io.api.resource.v1.AllocationResult', {
  devices: field(1, DeviceAllocationResult, { always: true }),
  nodeSelector: field(3, core.NodeSelector, { pointer: true }),
  allocationTimestamp: field(5, time(), { pointer: true }),
})
export type AllocationResult = Of<typeof AllocationResult>

export const ResourceClaimConsumerReference = message('k8s.io.api.resource.v1.ResourceClaimConsumerReference', {
  apiGroup: field(1, string()),
  resource: field(3, string(), { required: true }),
  name: field(4, string(), { required: true }),
  uid: field(5, string(), { required: true }),
})
export type ResourceClaimConsumerReference = Of<typeof ResourceClaimConsumerReference>

export const NetworkDeviceData = message('k8s.io.api.resource.v1.NetworkDeviceData', {
  interfaceName: field(1, string()),
  ips: field(2, list(string())),
  hardwareAddress: field(3, string()),
})
export type NetworkDeviceData = Of<typeof NetworkDeviceData>

export const AllocatedDeviceStatus = message('k8s.io.api.resource.v1.AllocatedDeviceStatus', {
  driver: field(1, string(), { required: true }),
  pool: field(2, string(), { required: true }),
  device: field(3, string(), { required: true }),
  shareID: field(7, string(), { pointer: true }),
  conditions: field(4, list(meta.Condition, { apply: { type: 'map', keys: ['type'] } }), { always: true }),
  data: field(5, json(), { pointer: true }),
  networkData: field(6, NetworkDeviceData, { pointer: true }),
})
export type AllocatedDeviceStatus = Of<typeof AllocatedDeviceStatus>

export const ResourceClaimStatus = message('k8s.io.api.resource.v1.ResourceClaimStatus', {
  allocation: field(1, AllocationResult, { pointer: true }),
  reservedFor: field(
    2,
    list(ResourceClaimConsumerReference, { apply: { type: 'map', keys: ['uid'] }, patch: { strategy: 'merge', key: 'uid' } }),
  ),
  devices: field(4, list(AllocatedDeviceStatus, { apply: { type: 'map', keys: ['driver', 'device', 'pool', 'shareID'] } })),
})
export type ResourceClaimStatus = Of<typeof ResourceClaimStatus>

export const ResourceClaim = message('k8s.io.api.resource.v1.ResourceClaim', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ResourceClaimSpec, { required: true }),
  status: field(3, ResourceClaimStatus, { always: true }),
})
export type ResourceClaim = Of<typeof ResourceClaim>

export const DeviceClassConfiguration = message(
  'k8s.io.api.resource.v1.DeviceClassConfiguration',
  {
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 1, type: DeviceConfiguration }] },
)
export type DeviceClassConfiguration = Of<typeof DeviceClassConfiguration>

export const DeviceClassSpec = message('k8s.io.api.resource.v1.DeviceClassSpec', {
  selectors: field(1, list(DeviceSelector)),
  config: field(2, list(DeviceClassConfiguration)),
  extendedResourceName: field(4, string(), { pointer: true }),
})
export type DeviceClassSpec = Of<typeof DeviceClassSpec>

export const DeviceClass = message('k8s.io.api.resource.v1.DeviceClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, DeviceClassSpec, { required: true }),
})
export type DeviceClass = Of<typeof DeviceClass>

export const ResourceClaimTemplateSpec = message('k8s.io.api.resource.v1.ResourceClaimTemplateSpec', {
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ResourceClaimSpec, { required: true }),
})
export type ResourceClaimTemplateSpec = Of<typeof ResourceClaimTemplateSpec>

export const ResourceClaimTemplate = message('k8s.io.api.resource.v1.ResourceClaimTemplate', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ResourceClaimTemplateSpec, { required: true }),
})
export type ResourceClaimTemplate = Of<typeof ResourceClaimTemplate>
