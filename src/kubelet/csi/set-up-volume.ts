import type { Pod } from '#api/core/v1/pod.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { SetUpRequest, SetUpResult } from '../volumes/volume-plugin.ts'
import type { CsiNode } from './csi-drivers.ts'
import { csiError, isFinal } from './csi-error.ts'
import { type CsiContext, publishContextOf } from './csi-plugin.ts'
import { checkLifecycle, csiAccessMode, type DriverPolicy, policyOf, takesGroup } from './driver-policy.ts'
import { nodeCapabilities, nodeService } from './node-service.ts'
import { type CsiPaths, csiPaths, recordFile } from './paths.ts'
import { removePlace } from './remove-place.ts'
import { contextOption, seLinuxOptionsOf, takesLabel } from './selinux-mount.ts'
import { attachmentNameOf, type CsiVolume, csiVolumeOf, uniqueNameOf } from './volume-source.ts'

/** What `tearDown`, `stats` and `expand` will need, kept by the volume manager. */
export interface CsiRecord {
  readonly driver: string
  readonly handle: string
  readonly name: string
  readonly isBlock: boolean
  readonly lifecycle: CsiVolume['lifecycle']
}

/**
 * Stages a volume on the node where the driver wants that, and publishes it to the pod. Before a driver is asked, what undoes it is written
 * down; what it finally refused is taken back at once, and what it may still be doing is left to be tried again or torn down.
 */
export async function setUpVolume(context: CsiContext, request: SetUpRequest): Promise<SetUpResult> {
  const { pod, spec, path, fsGroup, signal, remember } = request
  const volume = csiVolumeOf(spec, pod)
  if (volume === undefined) throw csiError('Invalid', 'volume source not found in volume.Spec')
  const paths = csiPaths(context.rootDirectory, pod.metadata.uid, path, volume)
  const found = await context.driverObject(volume.driver)
  const policy = policyOf(found)
  await context.foundAgain(volume.driver)
  const node = nodeOf(context, volume)
  checkLifecycle(volume, found)
  const capabilities = await node.capabilities()
  const publishContext = await publishContextOf(context, volume).catch(
    namedAs('MountVolume.WaitForAttach', 'MapVolume.WaitForAttach', volume),
  )
  const label = await seLinuxLabel(context, pod, spec.volume.name, volume, policy)
  const step: Step = {
    context,
    volume,
    paths,
    node,
    capabilities,
    publishContext,
    mountOptions: [...volume.mountOptions, ...(label === undefined ? [] : [contextOption(label)])],
    group: capabilities.has(nodeCapabilities.volumeMountGroup) ? fsGroup : undefined,
  }
  signal.throwIfAborted()
  const record: CsiRecord = {
    driver: volume.driver,
    handle: volume.handle,
    name: volume.name,
    isBlock: volume.isBlock,
    lifecycle: volume.lifecycle,
  }
  await remember(record)
  if (volume.lifecycle === 'Persistent' && capabilities.has(nodeCapabilities.stageUnstageVolume))
    await stage(step).catch(namedAs('MountVolume.MountDevice', 'MapVolume.SetUpDevice', volume))
  signal.throwIfAborted()
  await publish(step, pod, policy)
  const isOurs = step.group === undefined && takesGroup(volume, policy)
  return {
    hostPath: paths.target,
    ...(volume.isBlock && { device: true }),
    ...(volume.readOnly && { readOnly: true }),
    ...(!isOurs && { hasGroup: true }),
    ...(takesLabel(volume, label) && (await context.files.keepsLabels(paths.target)) && { selinuxRelabel: true }),
    // The reference does it with each of its looks at a pod, which are so far apart.
    ...(policy.requiresRepublish && { repeatAfterMs: REPUBLISH_MS * (1 + 0.5 * context.random.next()) }),
  }
}

const REPUBLISH_MS = 60_000

interface Step {
  readonly context: CsiContext
  readonly volume: CsiVolume
  readonly paths: CsiPaths
  readonly node: CsiNode
  readonly capabilities: ReadonlySet<number>
  readonly publishContext: Readonly<Record<string, string>>
  readonly mountOptions: readonly string[]
  /** The driver gives the volume to this group itself. */
  readonly group: number | undefined
}

async function stage(step: Step): Promise<void> {
  const { context, volume, paths, node } = step
  const { files, staged } = context
  const key = uniqueNameOf(volume)
  if (staged.has(key)) return
  const secrets = await context.secret(volume.secrets.stage, 'NodeStageSecretRef')
  const record = `${paths.stageRecord}/${recordFile}`
  const wasThere = await files.exists(record)
  await files.makeDirectory(paths.staging, 0o750)
  await files.makeDirectory(paths.stageRecord, 0o750)
  await files.write(record, JSON.stringify({ driverName: volume.driver, volumeHandle: volume.handle }))
  try {
    await node.call(nodeService.stage, {
      volumeId: volume.handle,
      publishContext: { ...step.publishContext },
      stagingTargetPath: node.seen(paths.staging),
      volumeCapability: capabilityOf(step),
      secrets,
      volumeContext: { ...volume.attributes },
    })
  } catch (error) {
    // What was staged by a former process stays so whatever is said now.
    if (isFinal(error) && !wasThere) await removePlace(files, paths.staging, paths.stageRecord)
    throw error
  }
  staged.add(key)
}

async function publish(step: Step, pod: Pod, policy: DriverPolicy): Promise<void> {
  const { context, volume, paths, node, capabilities } = step
  const { files, nodeName } = context
  const isStaged = volume.lifecycle === 'Persistent' && capabilities.has(nodeCapabilities.stageUnstageVolume)
  const tokens = await context.tokenAttributes.of(pod, policy).catch((cause: unknown) => {
    const why = (cause as Error).message
    throw csiError('ServiceUnavailable', `mounter.SetUpAt failed to get service accoount token attributes: ${why}`, cause)
  })
  const secrets = await context.secret(volume.secrets.publish, 'NodePublishSecretRef')
  const record = `${paths.publishRecord}/${recordFile}`
  const wasThere = await files.exists(record)
  await files.makeDirectory(paths.publishRecord, 0o750)
  await files.makeDirectory(paths.target.slice(0, paths.target.lastIndexOf('/')), 0o750)
  await files.write(
    record,
    JSON.stringify({
      specVolID: volume.name,
      volumeHandle: volume.handle,
      driverName: volume.driver,
      nodeName,
      volumeLifecycleMode: volume.lifecycle,
      attachmentID: attachmentNameOf(volume, nodeName),
    }),
  )
  try {
    await node.call(nodeService.publish, {
      volumeId: volume.handle,
      publishContext: { ...step.publishContext },
      stagingTargetPath: isStaged || volume.isBlock ? node.seen(paths.staging) : '',
      targetPath: node.seen(paths.target),
      volumeCapability: capabilityOf(step),
      readonly: volume.readOnly,
      secrets: { ...secrets, ...(policy.tokensInSecrets ? tokens : {}) },
      volumeContext: {
        ...volume.attributes,
        ...(policy.podInfoOnMount ? podInfo(pod, volume) : {}),
        ...(policy.tokensInSecrets ? {} : tokens),
      },
    })
  } catch (error) {
    // The pod of a volume that is published already goes on with what it has.
    if (isFinal(error) && !wasThere) await removePlace(files, paths.target, paths.publishRecord)
    throw error
  }
}

function nodeOf({ drivers }: CsiContext, { driver }: CsiVolume): CsiNode {
  try {
    return drivers.node(driver)
  } catch (cause) {
    throw csiError('ServiceUnavailable', `mounter.SetUpAt failed to get CSI client: ${(cause as Error).message}`, cause)
  }
}

/** The step that failed, in the reference's words; without it the manager says that it was the pod's mount. */
const namedAs =
  (mount: string, map: string, { name, isBlock }: CsiVolume) =>
  (cause: unknown): never => {
    const code = isError(cause) ? cause.code : 'InternalError'
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WherryError(code, `${isBlock ? map : mount} failed for volume "${name}" : ${why}`, { cause })
  }

/** What a driver is told of how the volume will be used. */
function capabilityOf({ volume, capabilities, mountOptions, group }: Step) {
  const [mode = 'ReadWriteOnce'] = volume.accessModes
  const accessMode = { mode: csiAccessMode(mode, capabilities.has(nodeCapabilities.singleNodeMultiWriter)) }
  if (volume.isBlock) return { block: {}, accessMode }
  const volumeMountGroup = group === undefined ? '' : String(group)
  return { mount: { fsType: volume.fsType, mountFlags: [...mountOptions], volumeMountGroup }, accessMode }
}

const podInfo = ({ metadata, spec }: Pod, { lifecycle }: CsiVolume): Readonly<Record<string, string>> => ({
  'csi.storage.k8s.io/pod.name': metadata.name,
  'csi.storage.k8s.io/pod.namespace': metadata.namespace,
  'csi.storage.k8s.io/pod.uid': metadata.uid,
  'csi.storage.k8s.io/serviceAccount.name': spec.serviceAccountName ?? '',
  'csi.storage.k8s.io/ephemeral': String(lifecycle === 'Ephemeral'),
})

async function seLinuxLabel(
  { files }: CsiContext,
  pod: Pod,
  podVolumeName: string,
  volume: CsiVolume,
  policy: DriverPolicy,
): Promise<string | undefined> {
  const options = seLinuxOptionsOf(pod, podVolumeName, volume, policy)
  return options && files.fileLabel(options)
}

/** The record as `remember` kept it; throws `Invalid` for one that nobody of us wrote. */
export function recordOf(record: unknown): CsiRecord {
  const { driver, handle, name } = (record ?? {}) as Partial<CsiRecord>
  if (typeof driver === 'string' && typeof handle === 'string' && typeof name === 'string') return record as CsiRecord
  throw new WherryError('Invalid', `the record of a CSI volume names no driver: ${JSON.stringify(record)}`)
}
