import type { AnyField } from '#schema/schema.ts'
import { bool, field, int32, int64, list, map, message, string } from '#schema/schema.ts'

/**
 * The Node service that a CSI driver serves to the kubelet (container-storage-interface/spec v1.9, csi.proto), as data and only as far as the
 * kubelet uses it. Enumerations are their numbers, named below. Fields of newer versions are skipped by the decoder.
 */
const csi = <F extends Record<string, AnyField>>(name: string, fields: F) => message(`csi.v1.${name}`, fields)
const stringMap = () => map(string())

export const Empty = csi('Empty', {})

/** `VolumeCapability.AccessMode.Mode`. */
export const accessModes = {
  unknown: 0,
  singleNodeWriter: 1,
  singleNodeReaderOnly: 2,
  multiNodeReaderOnly: 3,
  multiNodeSingleWriter: 4,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const

/** `NodeServiceCapability.RPC.Type`. */
export const nodeCapabilities = {
  stageUnstageVolume: 1,
  getVolumeStats: 2,
  expandVolume: 3,
  volumeCondition: 4,
  singleNodeMultiWriter: 5,
  volumeMountGroup: 6,
} as const

/** `VolumeUsage.Unit`. */
export const usageUnits = { bytes: 1, inodes: 2 } as const

const BlockVolume = csi('VolumeCapability.BlockVolume', {})
const MountVolume = csi('VolumeCapability.MountVolume', {
  fsType: field(1, string()),
  mountFlags: field(2, list(string())),
  volumeMountGroup: field(3, string()),
})
const AccessMode = csi('VolumeCapability.AccessMode', { mode: field(1, int32()) })
/** `block` or `mount`, never both. */
export const VolumeCapability = csi('VolumeCapability', {
  block: field(1, BlockVolume, { pointer: true }),
  mount: field(2, MountVolume, { pointer: true }),
  accessMode: field(3, AccessMode, { pointer: true }),
})
const CapacityRange = csi('CapacityRange', { requiredBytes: field(1, int64()), limitBytes: field(2, int64()) })

const NodeStageVolumeRequest = csi('NodeStageVolumeRequest', {
  volumeId: field(1, string()),
  publishContext: field(2, stringMap()),
  stagingTargetPath: field(3, string()),
  volumeCapability: field(4, VolumeCapability, { pointer: true }),
  secrets: field(5, stringMap()),
  volumeContext: field(6, stringMap()),
})
const NodeUnstageVolumeRequest = csi('NodeUnstageVolumeRequest', {
  volumeId: field(1, string()),
  stagingTargetPath: field(2, string()),
})
const NodePublishVolumeRequest = csi('NodePublishVolumeRequest', {
  volumeId: field(1, string()),
  publishContext: field(2, stringMap()),
  stagingTargetPath: field(3, string()),
  targetPath: field(4, string()),
  volumeCapability: field(5, VolumeCapability, { pointer: true }),
  readonly: field(6, bool()),
  secrets: field(7, stringMap()),
  volumeContext: field(8, stringMap()),
})
const NodeUnpublishVolumeRequest = csi('NodeUnpublishVolumeRequest', { volumeId: field(1, string()), targetPath: field(2, string()) })

const NodeGetVolumeStatsRequest = csi('NodeGetVolumeStatsRequest', {
  volumeId: field(1, string()),
  volumePath: field(2, string()),
  stagingTargetPath: field(3, string()),
})
const VolumeUsage = csi('VolumeUsage', {
  available: field(1, int64()),
  total: field(2, int64()),
  used: field(3, int64()),
  unit: field(4, int32()),
})
const NodeGetVolumeStatsResponse = csi('NodeGetVolumeStatsResponse', { usage: field(1, list(VolumeUsage)) })

const NodeExpandVolumeRequest = csi('NodeExpandVolumeRequest', {
  volumeId: field(1, string()),
  volumePath: field(2, string()),
  capacityRange: field(3, CapacityRange, { pointer: true }),
  stagingTargetPath: field(4, string()),
  volumeCapability: field(5, VolumeCapability, { pointer: true }),
  secrets: field(6, stringMap()),
})
const NodeExpandVolumeResponse = csi('NodeExpandVolumeResponse', { capacityBytes: field(1, int64()) })

const CapabilityRpc = csi('NodeServiceCapability.RPC', { type: field(1, int32()) })
const NodeServiceCapability = csi('NodeServiceCapability', { rpc: field(1, CapabilityRpc, { pointer: true }) })
const NodeGetCapabilitiesResponse = csi('NodeGetCapabilitiesResponse', { capabilities: field(1, list(NodeServiceCapability)) })

const Topology = csi('Topology', { segments: field(1, stringMap()) })
const NodeGetInfoResponse = csi('NodeGetInfoResponse', {
  nodeId: field(1, string()),
  maxVolumesPerNode: field(2, int64()),
  accessibleTopology: field(3, Topology, { pointer: true }),
})

/** Its methods. */
export const nodeService = {
  stage: { path: '/csi.v1.Node/NodeStageVolume', request: NodeStageVolumeRequest, answer: Empty },
  unstage: { path: '/csi.v1.Node/NodeUnstageVolume', request: NodeUnstageVolumeRequest, answer: Empty },
  publish: { path: '/csi.v1.Node/NodePublishVolume', request: NodePublishVolumeRequest, answer: Empty },
  unpublish: { path: '/csi.v1.Node/NodeUnpublishVolume', request: NodeUnpublishVolumeRequest, answer: Empty },
  stats: { path: '/csi.v1.Node/NodeGetVolumeStats', request: NodeGetVolumeStatsRequest, answer: NodeGetVolumeStatsResponse },
  expand: { path: '/csi.v1.Node/NodeExpandVolume', request: NodeExpandVolumeRequest, answer: NodeExpandVolumeResponse },
  capabilities: { path: '/csi.v1.Node/NodeGetCapabilities', request: Empty, answer: NodeGetCapabilitiesResponse },
  info: { path: '/csi.v1.Node/NodeGetInfo', request: Empty, answer: NodeGetInfoResponse },
} as const
