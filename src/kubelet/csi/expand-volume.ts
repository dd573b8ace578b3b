import { WherryError } from '#lib/errors.ts'
import type { ExpandRequest } from '../volumes/volume-plugin.ts'
import { isFinal, isInfeasible, isInUse } from './csi-error.ts'
import type { CsiContext } from './csi-plugin.ts'
import { csiAccessMode } from './driver-policy.ts'
import { nodeCapabilities, nodeService } from './node-service.ts'
import { csiPaths } from './paths.ts'
import { csiVolumeOf } from './volume-source.ts'

/**
 * Has the driver make file system or device as large as the volume. Errors say how it stands: `MethodNotAllowed` where the driver expands
 * nothing on nodes (there is nothing left to do), `Invalid` where it never can be that large, `Conflict` where it cannot while the volume is in
 * use, `Timeout` where the driver may still be at it; else it failed for now.
 */
export async function expandVolume(context: CsiContext, request: ExpandRequest): Promise<{ readonly capacityBytes: number }> {
  const { pod, spec, path, capacityBytes } = request
  const volume = csiVolumeOf(spec, pod)
  if (volume === undefined || volume.lifecycle === 'Ephemeral')
    throw new WherryError('MethodNotAllowed', 'an inline volume has no size to expand to')
  const node = context.drivers.node(volume.driver)
  const capabilities = await node.capabilities()
  if (!capabilities.has(nodeCapabilities.expandVolume))
    throw new WherryError('MethodNotAllowed', `NodeExpand is not supported by the CSI driver ${volume.driver}`)
  const paths = csiPaths(context.rootDirectory, pod.metadata.uid, path, volume)
  const [mode = 'ReadWriteOnce'] = volume.accessModes
  const accessMode = { mode: csiAccessMode(mode, capabilities.has(nodeCapabilities.singleNodeMultiWriter)) }
  const secrets = await context.secret(volume.secrets.expand, 'NodeExpandSecretRef')
  try {
    const answer = await node.call(nodeService.expand, {
      volumeId: volume.handle,
      volumePath: node.seen(paths.target),
      capacityRange: { requiredBytes: capacityBytes, limitBytes: 0 },
      stagingTargetPath: capabilities.has(nodeCapabilities.stageUnstageVolume) ? node.seen(paths.staging) : '',
      volumeCapability: volume.isBlock
        ? { block: {}, accessMode }
        : { mount: { fsType: volume.fsType, mountFlags: [...volume.mountOptions], volumeMountGroup: '' }, accessMode },
      secrets,
    })
    // A driver need not say how large it made it (CSI spec, NodeExpandVolumeResponse).
    return { capacityBytes: Math.max(answer.capacityBytes ?? 0, capacityBytes) }
  } catch (cause) {
    const { message } = cause as Error
    if (isInUse(cause)) throw new WherryError('Conflict', `Expander.NodeExpand failed to expand the volume : ${message}`, { cause })
    if (isInfeasible(cause)) throw new WherryError('Invalid', `Expander.NodeExpand failed to expand the volume ${message}`, { cause })
    const code = isFinal(cause) ? 'InternalError' : 'Timeout'
    throw new WherryError(code, `Expander.NodeExpand failed to expand the volume : ${message}`, { cause })
  }
}
