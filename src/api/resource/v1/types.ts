/** The types of resource/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int64, json, list, map, message, oneOf, quantity, string, time } from '#schema/schema.ts'

export const ResourcePool = message(
  'k8s.io.api.resource.v1.ResourcePool',
  {
    name: field(1, string(), {
      required: true,
      about: 'Name of the pool, often that of the node; one or more DNS names with / between them. Cannot be changed.',
    }),
    generation: field(2, int64(), {
      required: true,
      about: 'Raised with every change of the pool; slices of older generations are ignored.',
    }),
    resourceSliceCount: field(3, int64(), {
      required: true,
      about: 'How many slices the pool has in this generation; while some are missing, it is incomplete.',
    }),
  },
  { about: 'Pool of devices that a slice belongs to; a driver can spread it over several slices.' },
)
export type ResourcePool = Of<typeof ResourcePool>

export const DeviceAttribute = message(
  'k8s.io.api.resource.v1.DeviceAttribute',
  {
    int: field(2, int64(), { pointer: true, about: 'A number.' }),
    bool: field(3, bool(), { pointer: true, about: 'True or false.' }),
    string: field(4, string(), { pointer: true, about: 'A text of at most 64 characters.' }),
    version: field(5, string(), { pointer: true, about: 'A version as semver.org 2.0.0 has it, at most 64 characters.' }),
    ints: field(6, list(int64()), { about: 'Several numbers; its feature gate is off by default.' }),
    bools: field(7, list(bool()), { about: 'Several truth values; its feature gate is off by default.' }),
    strings: field(8, list(string()), { about: 'Several texts, each of at most 64 characters; its feature gate is off by default.' }),
    versions: field(9, list(string()), {
      about: 'Several semantic versions, each of at most 64 characters; its feature gate is off by default.',
    }),
  },
  { about: "Value of a device's attribute; exactly one of the fields is given." },
)
export type DeviceAttribute = Of<typeof DeviceAttribute>

export const CapacityRequestPolicyRange = message(
  'k8s.io.api.resource.v1.CapacityRequestPolicyRange',
  {
    min: field(1, quantity(), { listed: true, pointer: true, about: 'Least amount; smaller requests are raised to it. Required.' }),
    max: field(2, quantity(), { pointer: true, about: 'Greatest amount; larger requests find no room. By default all of the capacity.' }),
    step: field(3, quantity(), {
      pointer: true,
      about: 'Requests are rounded up to min plus a multiple of this; every amount will do if absent.',
    }),
  },
  { about: 'Amounts of a capacity that requests can get, from a least to a greatest.' },
)
export type CapacityRequestPolicyRange = Of<typeof CapacityRequestPolicyRange>

export const CapacityRequestPolicy = message(
  'k8s.io.api.resource.v1.CapacityRequestPolicy',
  {
    default: field(1, quantity(), {
      always: true,
      pointer: true,
      about: 'Amount that requests get that do not ask for one; needed with validValues and validRange.',
    }),
    validValues: field(3, list(quantity()), { about: 'The only amounts, ascending, at most 10; requests are rounded up to the next one.' }),
    validRange: field(4, CapacityRequestPolicyRange, { pointer: true, about: 'Range of amounts.' }),
  },
  { about: 'Which amounts of a capacity can be asked for; give either validValues or validRange, and without them any amount will do.' },
)
export type CapacityRequestPolicy = Of<typeof CapacityRequestPolicy>

export const DeviceCapacity = message(
  'k8s.io.api.resource.v1.DeviceCapacity',
  {
    value: field(1, quantity(), { required: true, about: 'The amount in all, as a quantity.' }),
    requestPolicy: field(2, CapacityRequestPolicy, {
      pointer: true,
      about: 'Which parts of it can be asked for; for devices with allowMultipleAllocations only.',
    }),
  },
  { about: 'How much of something a device has.' },
)
export type DeviceCapacity = Of<typeof DeviceCapacity>

export const Counter = message(
  'k8s.io.api.resource.v1.Counter',
  {
    value: field(1, quantity(), { required: true, about: 'The amount, as a quantity.' }),
  },
  { about: 'Amount that devices draw on.' },
)
export type Counter = Of<typeof Counter>

export const DeviceCounterConsumption = message(
  'k8s.io.api.resource.v1.DeviceCounterConsumption',
  {
    counterSet: field(1, string(), { required: true, about: 'Name of the set.' }),
    counters: field(2, map(Counter), { listed: true, about: 'How much is taken from which counter, at most 32 of them.' }),
  },
  { about: 'What a device takes out of one set of counters while it is in use.' },
)
export type DeviceCounterConsumption = Of<typeof DeviceCounterConsumption>

export const DeviceTaintEffect = oneOf('None', 'NoSchedule', 'NoExecute')
export type DeviceTaintEffect = Of<typeof DeviceTaintEffect>

export const DeviceTaint = message(
  'k8s.io.api.resource.v1.DeviceTaint',
  {
    key: field(1, string(), { required: true, about: 'Name of the taint, as a label key.' }),
    value: field(2, string(), { about: 'Value of the taint, as a label value.' }),
    effect: field(3, DeviceTaintEffect, {
      required: true,
      about: 'NoSchedule forbids new use, NoExecute also ends the pods that use it, None only informs.',
    }),
    timeAdded: field(4, time(), { pointer: true, about: 'When the taint came; filled in by the API server if left out.' }),
  },
  { about: 'Mark that keeps claims without a toleration for it off a device.' },
)
export type DeviceTaint = Of<typeof DeviceTaint>

export const NodeAllocatableResourceMapping = message(
  'k8s.io.api.resource.v1.NodeAllocatableResourceMapping',
  {
    capacityKey: field(1, string(), { pointer: true, about: 'Capacity of the device whose used amount counts.' }),
    allocationMultiplier: field(2, quantity(), {
      pointer: true,
      about: 'Factor for that amount; without capacityKey, the amount itself. More than 0.',
    }),
  },
  { about: 'How use of a device counts towards a resource of the node; at least one field is given.' },
)
export type NodeAllocatableResourceMapping = Of<typeof NodeAllocatableResourceMapping>

export const Device = message(
  'k8s.io.api.resource.v1.Device',
  {
    name: field(1, string(), { required: true, about: 'Name of the device, a label that is unique in its pool.' }),
    attributes: field(2, map(DeviceAttribute), { about: 'Attributes by qualified name; with the capacities at most 32.' }),
    capacity: field(3, map(DeviceCapacity), { about: 'Amounts of what it has, by qualified name; with the attributes at most 32.' }),
    consumesCounters: field(4, list(DeviceCounterConsumption), {
      about: 'What it takes out of shared counters while in use, at most 2 sets.',
    }),
    nodeName: field(5, string(), {
      pointer: true,
      about: 'Node that has the device; only if the slice says perDeviceNodeSelection, and instead of nodeSelector and allNodes.',
    }),
    nodeSelector: field(6, core.NodeSelector, {
      pointer: true,
      about: 'Nodes that can use the device; only if the slice says perDeviceNodeSelection.',
    }),
    allNodes: field(7, bool(), {
      pointer: true,
      about: 'True if every node can use the device; only if the slice says perDeviceNodeSelection.',
    }),
    taints: field(8, list(DeviceTaint), { about: 'Marks that keep claims off, unless they tolerate them; at most 16.' }),
    bindsToNode: field(9, bool(), {
      pointer: true,
      about: 'Ties the claim to the node that was chosen for its first pod, even though others could reach the device.',
    }),
    bindingConditions: field(10, list(string()), {
      about: 'Conditions that have to become True for the device before a pod is bound to the node; at most 4.',
    }),
    bindingFailureConditions: field(11, list(string()), {
      about: 'Conditions of which any one that is True ends the attempt to bind the pod; at most 4.',
    }),
    allowMultipleAllocations: field(12, bool(), {
      pointer: true,
      about: 'Whether several requests can share the device, each with a part of its capacity.',
    }),
    nodeAllocatableResourceMappings: field(13, map(NodeAllocatableResourceMapping), {
      about: 'How use of it counts towards cpu, memory or the like of the node; its feature gate is off by default.',
    }),
  },
  { about: 'Device that claims can get, with what selectors can choose it by.' },
)
export type Device = Of<typeof Device>

export const CounterSet = message(
  'k8s.io.api.resource.v1.CounterSet',
  {
    name: field(1, string(), { required: true, about: 'Name of the set, unique in its pool.' }),
    counters: field(2, map(Counter), { listed: true, about: 'The counters and how much each of them has; at most 32.' }),
  },
  { about: 'Amounts that devices of a pool share, so that parts of one piece of hardware are not given out twice.' },
)
export type CounterSet = Of<typeof CounterSet>

export const ResourceSliceSpec = message(
  'k8s.io.api.resource.v1.ResourceSliceSpec',
  {
    driver: field(1, string(), {
      required: true,
      about: 'Driver that has the devices, as a DNS name, such as gpu.acme.io. Cannot be changed.',
    }),
    pool: field(2, ResourcePool, { required: true, about: 'Pool that the slice belongs to.' }),
    nodeName: field(3, string(), { pointer: true, about: 'Node that has the devices. Cannot be changed.' }),
    nodeSelector: field(4, core.NodeSelector, { pointer: true, about: 'Nodes that can use the devices, in exactly one term.' }),
    allNodes: field(5, bool(), { pointer: true, about: 'True if every node can use the devices.' }),
    devices: field(6, list(Device), {
      about: 'The devices: at most 128, or 64 if any has taints, counters or attributes with several values.',
    }),
    perDeviceNodeSelection: field(7, bool(), { pointer: true, about: 'True if each device says for itself which nodes can use it.' }),
    sharedCounters: field(8, list(CounterSet), { about: 'Counters that devices of the pool draw on, at most 8 sets.' }),
  },
  { about: 'Devices of one driver and pool, or the counters that they share; give one of the two lists only.' },
)
export type ResourceSliceSpec = Of<typeof ResourceSliceSpec>

export const ResourceSlice = message(
  'k8s.io.api.resource.v1.ResourceSlice',
  {
    ...objectFields,
    spec: field(2, ResourceSliceSpec, {
      required: true,
      about: 'Pool, place and devices. Exactly one of its four fields for the place is given.',
    }),
  },
  { about: 'Some of the devices that a driver offers, written by the driver for the scheduler.' },
)
export type ResourceSlice = Of<typeof ResourceSlice>

export const CELDeviceSelector = message(
  'k8s.io.api.resource.v1.CELDeviceSelector',
  {
    expression: field(1, string(), {
      required: true,
      about: 'CEL expression over device (driver, attributes, capacity); true for those that are meant. At most 10 KiB.',
    }),
  },
  { about: 'Condition on devices in CEL.' },
)
export type CELDeviceSelector = Of<typeof CELDeviceSelector>

export const DeviceSelector = message(
  'k8s.io.api.resource.v1.DeviceSelector',
  {
    cel: field(1, CELDeviceSelector, { pointer: true, about: 'The condition as a CEL expression; required.' }),
  },
  { about: 'Condition on devices.' },
)
export type DeviceSelector = Of<typeof DeviceSelector>

export const DeviceAllocationMode = oneOf('ExactCount', 'All')
export type DeviceAllocationMode = Of<typeof DeviceAllocationMode>

export const DeviceTolerationOperator = oneOf('Exists', 'Equal')
export type DeviceTolerationOperator = Of<typeof DeviceTolerationOperator>

export const DeviceToleration = message(
  'k8s.io.api.resource.v1.DeviceToleration',
  {
    key: field(1, string(), { about: 'Key of the taint; empty matches all keys and needs the operator Exists.' }),
    operator: field(2, DeviceTolerationOperator, {
      published: true,
      default: 'Equal',
      about: 'Equal (the default) compares the value too, Exists does not.',
    }),
    value: field(3, string(), { about: 'Value of the taint, for the operator Equal.' }),
    effect: field(4, DeviceTaintEffect, { about: 'Effect of the taint; empty matches all effects.' }),
    tolerationSeconds: field(5, int64(), {
      pointer: true,
      about: 'For NoExecute, seconds until the pod is ended all the same; forever if absent, at once for 0 or less.',
    }),
  },
  { about: 'Taints that a request puts up with.' },
)
export type DeviceToleration = Of<typeof DeviceToleration>

export const CapacityRequirements = message(
  'k8s.io.api.resource.v1.CapacityRequirements',
  {
    requests: field(1, map(quantity()), { about: 'Amount by name of the capacity; the device may round it up.' }),
  },
  { about: 'How much of its capacity a device has to give.' },
)
export type CapacityRequirements = Of<typeof CapacityRequirements>

export const ExactDeviceRequest = message(
  'k8s.io.api.resource.v1.ExactDeviceRequest',
  {
    deviceClassName: field(1, string(), { required: true, about: 'DeviceClass that the devices have to belong to.' }),
    selectors: field(2, list(DeviceSelector), {
      about: 'Conditions that each of the devices has to meet, beside those of the class; at most 32.',
    }),
    allocationMode: field(3, DeviceAllocationMode, {
      default: 'ExactCount',
      about: 'ExactCount (the default) takes as many as count says, All every device that fits, and fails if one is in use.',
    }),
    count: field(4, int64(), { about: 'How many devices, for ExactCount only; 1 by default.' }),
    adminAccess: field(5, bool(), {
      pointer: true,
      about: 'True to get at devices in use too, for monitoring; the namespace has to be labelled for it.',
    }),
    tolerations: field(6, list(DeviceToleration), { about: 'Taints that the devices may have.' }),
    capacity: field(7, CapacityRequirements, { pointer: true, about: 'How much of its capacity each device has to give.' }),
  },
  { about: 'Devices of one class.' },
)
export type ExactDeviceRequest = Of<typeof ExactDeviceRequest>

export const DeviceSubRequest = message(
  'k8s.io.api.resource.v1.DeviceSubRequest',
  {
    name: field(1, string(), { required: true, about: 'Name of the alternative, a label; others refer to it as <request>/<name>.' }),
    deviceClassName: field(2, string(), { required: true, about: 'DeviceClass that the devices have to belong to.' }),
    selectors: field(3, list(DeviceSelector), {
      about: 'Conditions that each of the devices has to meet, beside those of the class; at most 32.',
    }),
    allocationMode: field(4, DeviceAllocationMode, {
      default: 'ExactCount',
      about: 'ExactCount (the default) takes as many as count says, All every device that fits, and fails if one is in use.',
    }),
    count: field(5, int64(), { about: 'How many devices, for ExactCount only; 1 by default.' }),
    tolerations: field(6, list(DeviceToleration), { about: 'Taints that the devices may have.' }),
    capacity: field(7, CapacityRequirements, { pointer: true, about: 'How much of its capacity each device has to give.' }),
  },
  { about: 'One of several alternatives of a request.' },
)
export type DeviceSubRequest = Of<typeof DeviceSubRequest>

export const DeviceRequest = message(
  'k8s.io.api.resource.v1.DeviceRequest',
  {
    name: field(1, string(), {
      required: true,
      about: 'Name of the request, a label, for pods, constraints and configuration to refer to.',
    }),
    exactly: field(2, ExactDeviceRequest, {
      pointer: true,
      about: 'The one sort of device that will do; give either this or firstAvailable.',
    }),
    firstAvailable: field(3, list(DeviceSubRequest), {
      about: 'Alternatives in order of preference, at most 8, of which the first that can be had is taken.',
    }),
  },
  { about: 'Devices that a claim wants, of one sort or of the best that is free.' },
)
export type DeviceRequest = Of<typeof DeviceRequest>

export const DeviceConstraint = message(
  'k8s.io.api.resource.v1.DeviceConstraint',
  {
    requests: field(1, list(string()), {
      about: 'Requests that it holds for; all of the claim if empty. The name of a request means its alternatives too.',
    }),
    matchAttribute: field(2, string(), {
      pointer: true,
      about: 'Attribute, such as acme.io/numa, that has to have the same value in all of the devices.',
    }),
    distinctAttribute: field(3, string(), { pointer: true, about: 'Attribute that has to have another value in each of the devices.' }),
  },
  { about: 'What devices of several requests have to have in common, or not.' },
)
export type DeviceConstraint = Of<typeof DeviceConstraint>

export const OpaqueDeviceConfiguration = message(
  'k8s.io.api.resource.v1.OpaqueDeviceConfiguration',
  {
    driver: field(1, string(), { required: true, about: 'Driver that they are for; others ignore them.' }),
    parameters: field(2, json(), {
      required: true,
      about: "The settings, an object of the driver's own with apiVersion and kind; at most 10 KiB.",
    }),
  },
  { about: 'Settings that only the driver understands.' },
)
export type OpaqueDeviceConfiguration = Of<typeof OpaqueDeviceConfiguration>

const DeviceConfigurationFields = {
  opaque: field(1, OpaqueDeviceConfiguration, { pointer: true, about: 'Settings that only the driver understands; required.' }),
}
export const DeviceConfiguration = message('k8s.io.api.resource.v1.DeviceConfiguration', DeviceConfigurationFields, {
  about: 'Settings for devices.',
})
export type DeviceConfiguration = Of<typeof DeviceConfiguration>

export const DeviceClaimConfiguration = message(
  'k8s.io.api.resource.v1.DeviceClaimConfiguration',
  {
    requests: field(1, list(string()), { about: 'Requests that they are for; all of the claim if empty.' }),
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 2, type: DeviceConfiguration }], about: 'Settings for the devices of a claim.' },
)
export type DeviceClaimConfiguration = Of<typeof DeviceClaimConfiguration>

export const DeviceClaim = message(
  'k8s.io.api.resource.v1.DeviceClaim',
  {
    requests: field(1, list(DeviceRequest), {
      always: true,
      about: 'The wanted devices, at most 32 requests; all of them have to be met.',
    }),
    constraints: field(2, list(DeviceConstraint), { about: 'What the devices have to have in common, or not; at most 32.' }),
    config: field(3, list(DeviceClaimConfiguration), { about: 'Settings for the devices, at most 32; the driver reads them.' }),
  },
  { about: 'Devices that are wanted, how they belong together, and settings for them.' },
)
export type DeviceClaim = Of<typeof DeviceClaim>

export const ResourceClaimSpec = message(
  'k8s.io.api.resource.v1.ResourceClaimSpec',
  {
    devices: field(1, DeviceClaim, { always: true, about: 'Devices that are wanted.' }),
  },
  { about: 'What a claim asks for.' },
)
export type ResourceClaimSpec = Of<typeof ResourceClaimSpec>

export const DeviceRequestAllocationResult = message(
  'k8s.io.api.resource.v1.DeviceRequestAllocationResult',
  {
    request: field(1, string(), { required: true, about: 'Request that it was given for, as <request>/<alternative> if it had several.' }),
    driver: field(2, string(), { required: true, about: 'Driver that has the device.' }),
    pool: field(3, string(), { required: true, about: 'Pool of the device.' }),
    device: field(4, string(), { required: true, about: 'Name of the device in its pool.' }),
    adminAccess: field(5, bool(), { pointer: true, about: 'True if the device was given for monitoring, beside its users.' }),
    tolerations: field(6, list(DeviceToleration), { about: 'Tolerations of the request at the time of the allocation.' }),
    bindingConditions: field(7, list(string()), {
      about: 'Conditions, copied from the device, that have to be True before a pod is bound; at most 4.',
    }),
    bindingFailureConditions: field(8, list(string()), {
      about: 'Conditions, copied from the device, that end the attempt to bind a pod; at most 4.',
    }),
    shareID: field(9, string(), { pointer: true, about: 'Uid of this share of the device, where it is shared.' }),
    consumedCapacity: field(10, map(quantity()), { about: "How much of the device's capacity was given, rounded as the device wants it." }),
  },
  { about: 'Device that was given for a request.' },
)
export type DeviceRequestAllocationResult = Of<typeof DeviceRequestAllocationResult>

export const AllocationConfigSource = oneOf('FromClass', 'FromClaim')
export type AllocationConfigSource = Of<typeof AllocationConfigSource>

export const DeviceAllocationConfiguration = message(
  'k8s.io.api.resource.v1.DeviceAllocationConfiguration',
  {
    source: field(1, AllocationConfigSource, {
      required: true,
      about: 'FromClass for those of a DeviceClass, FromClaim for those of the claim, which come later and win.',
    }),
    requests: field(2, list(string()), { about: 'Requests that they are for; all of the claim if empty.' }),
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 3, type: DeviceConfiguration }], about: 'Settings for devices that were given, and where they come from.' },
)
export type DeviceAllocationConfiguration = Of<typeof DeviceAllocationConfiguration>

export const DeviceAllocationResult = message(
  'k8s.io.api.resource.v1.DeviceAllocationResult',
  {
    results: field(1, list(DeviceRequestAllocationResult), { about: 'The devices, at most 32.' }),
    config: field(2, list(DeviceAllocationConfiguration), {
      about: 'Settings for the devices, those of the classes before those of the claim.',
    }),
  },
  { about: 'Devices that a claim was given.' },
)
export type DeviceAllocationResult = Of<typeof DeviceAllocationResult>

export const AllocationResult = message(
  'k8s.io.api.resource.v1.AllocationResult',
  {
    devices: field(1, DeviceAllocationResult, { always: true, about: 'Devices that were given.' }),
    nodeSelector: field(3, core.NodeSelector, { pointer: true, about: 'Nodes that can use them; all nodes if absent.' }),
    allocationTimestamp: field(5, time(), { pointer: true, about: 'When they were given.' }),
  },
  { about: 'What a claim was given, and where it can be used.' },
)
export type AllocationResult = Of<typeof AllocationResult>

export const ResourceClaimConsumerReference = message(
  'k8s.io.api.resource.v1.ResourceClaimConsumerReference',
  {
    apiGroup: field(1, string(), { about: 'API group of the user; empty for the core group.' }),
    resource: field(3, string(), { required: true, about: 'Resource of the user in plural, such as pods.' }),
    name: field(4, string(), { required: true, about: "Name of the user, in the claim's namespace." }),
    uid: field(5, string(), { required: true, about: 'Uid of the user, so that a later one of the same name is not meant.' }),
  },
  { about: 'Who may use a claim.' },
)
export type ResourceClaimConsumerReference = Of<typeof ResourceClaimConsumerReference>

export const NetworkDeviceData = message(
  'k8s.io.api.resource.v1.NetworkDeviceData',
  {
    interfaceName: field(1, string(), { about: 'Name of the interface in the pod, at most 256 characters.' }),
    ips: field(2, list(string()), { about: 'Addresses of the interface with their prefix length, such as 192.0.2.5/24; at most 16.' }),
    hardwareAddress: field(3, string(), { about: 'Hardware address (MAC), at most 128 characters.' }),
  },
  { about: 'Network interface that came of a device.' },
)
export type NetworkDeviceData = Of<typeof NetworkDeviceData>

export const AllocatedDeviceStatus = message(
  'k8s.io.api.resource.v1.AllocatedDeviceStatus',
  {
    driver: field(1, string(), { required: true, about: 'Driver that has the device.' }),
    pool: field(2, string(), { required: true, about: 'Pool of the device.' }),
    device: field(3, string(), { required: true, about: 'Name of the device in its pool.' }),
    shareID: field(7, string(), { pointer: true, about: 'Uid of the share, where the device is shared.' }),
    conditions: field(4, list(meta.Condition, { apply: { type: 'map', keys: ['type'] } }), {
      always: true,
      about: "Observed aspects of the device's state, one entry for each type and at most 8.",
    }),
    data: field(5, json(), { pointer: true, about: 'Whatever else the driver tells, in its own form; at most 10 KiB.' }),
    networkData: field(6, NetworkDeviceData, { pointer: true, about: 'Network interface that came of the device.' }),
  },
  { about: 'What a driver has to tell about a device that a claim was given.' },
)
export type AllocatedDeviceStatus = Of<typeof AllocatedDeviceStatus>

export const ResourceClaimStatus = message(
  'k8s.io.api.resource.v1.ResourceClaimStatus',
  {
    allocation: field(1, AllocationResult, {
      pointer: true,
      about: 'Devices that were given; absent until then. While set, it can be taken back, but not changed.',
    }),
    reservedFor: field(
      2,
      list(ResourceClaimConsumerReference, { apply: { type: 'map', keys: ['uid'] }, patch: { strategy: 'merge', key: 'uid' } }),
      { about: 'Who may use the claim at present, at most 256; a pod starts only once it is here.' },
    ),
    devices: field(4, list(AllocatedDeviceStatus, { apply: { type: 'map', keys: ['driver', 'device', 'pool', 'shareID'] } }), {
      about: 'What drivers tell about the devices that were given.',
    }),
  },
  { about: 'What a claim was given, and who uses it.' },
)
export type ResourceClaimStatus = Of<typeof ResourceClaimStatus>

export const ResourceClaim = message(
  'k8s.io.api.resource.v1.ResourceClaim',
  {
    ...objectFields,
    spec: field(2, ResourceClaimSpec, { required: true, about: 'What is wanted. Cannot be changed.' }),
    status: field(3, ResourceClaimStatus, {
      always: true,
      about: 'What was given and who uses it; written by the scheduler and the drivers.',
    }),
  },
  { about: 'Asks for devices, such as GPUs, that pods of the namespace can use.' },
)
export type ResourceClaim = Of<typeof ResourceClaim>

export const DeviceClassConfiguration = message(
  'k8s.io.api.resource.v1.DeviceClassConfiguration',
  {
    ...DeviceConfigurationFields,
  },
  { embeds: [{ number: 1, type: DeviceConfiguration }], about: 'Settings for all devices that are claimed through a class.' },
)
export type DeviceClassConfiguration = Of<typeof DeviceClassConfiguration>

export const DeviceClassSpec = message(
  'k8s.io.api.resource.v1.DeviceClassSpec',
  {
    selectors: field(1, list(DeviceSelector), { about: 'Conditions that each device of the class has to meet, at most 32.' }),
    config: field(2, list(DeviceClassConfiguration), {
      about: 'Settings for devices that are claimed through the class, at most 32; running claims keep what they had.',
    }),
    extendedResourceName: field(4, string(), {
      pointer: true,
      about: 'Name, such as acme.io/gpu, by which pods can ask for devices of the class as for an extended resource.',
    }),
  },
  { about: 'Which devices belong to a class, and settings for them.' },
)
export type DeviceClassSpec = Of<typeof DeviceClassSpec>

export const DeviceClass = message(
  'k8s.io.api.resource.v1.DeviceClass',
  {
    ...objectFields,
    spec: field(2, DeviceClassSpec, { required: true, about: 'Which devices, with which settings.' }),
  },
  { about: 'Sort of device that claims can ask for, made by an administrator.' },
)
export type DeviceClass = Of<typeof DeviceClass>

export const ResourceClaimTemplateSpec = message(
  'k8s.io.api.resource.v1.ResourceClaimTemplateSpec',
  {
    metadata: field(1, meta.ObjectMeta, {
      always: true,
      about: "Labels and annotations that each claim gets; its name is made from the pod's.",
    }),
    spec: field(2, ResourceClaimSpec, { required: true, about: 'What each claim asks for.' }),
  },
  { about: 'Claim that is made for each pod.' },
)
export type ResourceClaimTemplateSpec = Of<typeof ResourceClaimTemplateSpec>

export const ResourceClaimTemplate = message(
  'k8s.io.api.resource.v1.ResourceClaimTemplate',
  {
    ...objectFields,
    spec: field(2, ResourceClaimTemplateSpec, { required: true, about: 'The claim. Cannot be changed.' }),
  },
  { about: 'Claim in the making: each pod that refers to it gets a ResourceClaim of its own, which goes with the pod.' },
)
export type ResourceClaimTemplate = Of<typeof ResourceClaimTemplate>
