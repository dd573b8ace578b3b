import { matchesNodeSelector } from '#api/core/v1/node-affinity.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { expandVolume } from './expand-volume.ts'
import { operation, pluginName } from './operation.ts'
import type { Shared } from './shared.ts'
import { isBlock, type SetUpResult, type VolumePlugin, type VolumeSpec } from './volume-plugin.ts'
import type { VolumeRecord } from './volume-records.ts'

/** A volume of one pod on its way through a plug-in. */
export interface VolumeSetUp {
  readonly pod: Pod
  readonly spec: VolumeSpec
  readonly plugin: VolumePlugin
  readonly path: string
  readonly signal: AbortSignal
}

/** How long a volume's attachment is waited for in one go: the reference's podAttachAndMountTimeout. */
const attachMs = 123_000
/** After so long a pod is told why it waits. */
const slowGroupMs = 30_000

/**
 * All that makes one volume of a pod usable: checks, the record, attachment, the plug-in's own work, files given to the group, growth. Safe to
 * repeat. Throws `WherryError` with the whole text of the event.
 */
export async function setUpVolume(shared: Shared, request: VolumeSetUp): Promise<SetUpResult> {
  const { pod, spec, plugin, path, signal } = request
  const { records, options } = shared
  const startedMs = options.clock.monotonicMs()
  const name = pluginName(plugin, { spec })
  await checkVolume(shared, request)
  const uniqueName = plugin.uniqueName?.(spec)
  const isAttachable = uniqueName !== undefined && ((await plugin.needsAttachment?.(spec)) ?? false)
  const isRecorded = spec.persistentVolume !== undefined || plugin.tearDown !== undefined || uniqueName !== undefined
  const former = records.get(pod.metadata.uid, plugin.folder, spec.name)
  let record: VolumeRecord = {
    ...former,
    podUid: pod.metadata.uid,
    folder: plugin.folder,
    name: spec.name,
    path,
    ...(uniqueName !== undefined && { uniqueName }),
    ...(isAttachable && { isAttachable }),
  }
  const keep = async (change: Partial<VolumeRecord>): Promise<void> => {
    record = { ...record, ...change }
    if (isRecorded) await records.put(record)
  }
  if (!former || former.isAttachable !== record.isAttachable) await keep({})
  if (isAttachable) shared.inUseChanged()
  const devicePath = isAttachable
    ? await operation(options, name, 'verify_controller_attached_volume', () => attached(shared, request, uniqueName))
    : undefined

  const setUp = async (): Promise<SetUpResult> => {
    signal.throwIfAborted()
    // Another may have come this far while this one waited.
    refuseSecond(request, othersOf(shared, request).filter(isBegun))
    const fsGroup = pod.spec.securityContext?.fsGroup
    const isShared =
      uniqueName !== undefined &&
      records.all().some((other) => other.uniqueName === uniqueName && other.podUid !== pod.metadata.uid && other.isSetUp === true)
    const result = await plugin.setUp({
      pod,
      spec,
      path,
      isShared,
      signal,
      remember: (data) => keep({ data }),
      ...(fsGroup !== undefined && { fsGroup }),
      ...(devicePath !== undefined && { devicePath }),
    })
    // What is set up again has files that its driver wrote anew.
    if (!record.isSetUp || result.repeatAfterMs !== undefined) await giveToGroup(shared, request, result)
    if (!record.isSetUp) await keep({ isSetUp: true })
    await expandVolume(shared, { ...request, record, ...(devicePath !== undefined && { devicePath }) })
    return result
  }
  const isFirst = record.isSetUp !== true
  const result = await shared.lock(uniqueName ?? path, () => operation(options, name, isBlock(spec) ? 'map_volume' : 'volume_mount', setUp))
  if (isFirst) options.observe?.usable(name, (options.clock.monotonicMs() - startedMs) / 1000)
  if (isFirst && result.device) tellMapped(shared, request)
  return result
}

function tellMapped({ options }: Shared, { pod, spec, path }: VolumeSetUp): void {
  const words = `MapVolume.MapPodDevice succeeded for volume "${spec.name}" volumeMapPath "${path.slice(0, path.lastIndexOf('/'))}"`
  options.tell?.(pod, 'Normal', 'SuccessfulMountVolume', words)
}

/** Of a volume that is set up: its claim may have grown meanwhile. */
export async function growVolume(shared: Shared, request: VolumeSetUp): Promise<void> {
  const { pod, spec, plugin, path } = request
  await shared.lock(plugin.uniqueName?.(spec) ?? path, async () => {
    const record = shared.records.get(pod.metadata.uid, plugin.folder, spec.name)
    if (record) await expandVolume(shared, { ...request, record })
  })
}

/** What has to hold before a PersistentVolume is touched. */
async function checkVolume(shared: Shared, request: VolumeSetUp): Promise<void> {
  const { options } = shared
  const { spec, plugin } = request
  const { persistentVolume, name } = spec
  if (!persistentVolume) return
  const { mountOptions = [], nodeAffinity } = persistentVolume.spec
  const refuse = (stage: string, words: string) => new WherryError('Invalid', `${stage} for volume "${name}" : ${words}`)
  if (nodeAffinity?.required) {
    const node = await options.node?.read()
    if (!node || !matchesNodeSelector(nodeAffinity.required, node))
      throw refuse('MountVolume.NodeAffinity check failed', 'no matching NodeSelectorTerms')
  }
  if (mountOptions.length > 0 && plugin.refusesMountOptions)
    throw refuse('MountVolume.MountOptionSupport check failed', 'mount options are not supported for this volume type')
  refuseSecond(request, othersOf(shared, request))
}

/** Records of other pods that have the same PersistentVolume. */
const othersOf = ({ records }: Shared, { pod, spec, plugin }: VolumeSetUp): readonly VolumeRecord[] =>
  records.all().filter(({ name, folder, podUid }) => name === spec.name && folder === plugin.folder && podUid !== pod.metadata.uid)

/** There is something of it, or may be. */
const isBegun = ({ isSetUp, data }: VolumeRecord): boolean => isSetUp === true || data !== undefined

/** Of ReadWriteOncePod. */
function refuseSecond({ spec }: VolumeSetUp, others: readonly VolumeRecord[]): void {
  const accessModes = spec.persistentVolume?.spec.accessModes ?? []
  if (others.length === 0 || accessModes.length !== 1 || accessModes[0] !== 'ReadWriteOncePod') return
  const stage = isBlock(spec) ? 'MapVolume.SetUpDevice failed' : 'MountVolume.SetUp failed'
  const words = 'volume uses the ReadWriteOncePod access mode and is already in use by another pod'
  throw new WherryError('Invalid', `${stage} for volume "${spec.name}" : ${words}`)
}

/**
 * Waits until the Node says that the volume is attached, and gives the device path that comes with it. What is in use has to show first: until
 * then the controller may be taking away what it reports.
 */
async function attached({ options }: Shared, { spec, signal }: VolumeSetUp, uniqueName: string): Promise<string> {
  const { node, clock } = options
  if (!node) throw new WherryError('Invalid', `no volume plugin matched: this node has no volumes attached, and "${spec.name}" needs it`)
  const giveUp = new AbortController()
  const limit = sleep(clock, attachMs, giveUp.signal).then(
    () => giveUp.abort(new WherryError('Timeout', notAttached(spec.volume.name))),
    () => {},
  )
  try {
    return await node.until(
      ({ status }) => {
        if (!status?.volumesInUse?.includes(uniqueName)) return undefined
        return status.volumesAttached?.find(({ name }) => name === uniqueName)?.devicePath
      },
      AbortSignal.any([signal, giveUp.signal]),
    )
  } finally {
    giveUp.abort(new Error('the wait is over'))
    await limit
  }
}

const notAttached = (name: string): string =>
  `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[${name}], failed to process volumes=[]: timed out waiting for the condition`

/** Once for a pod: its containers may change owners afterwards as they like. */
async function giveToGroup({ options }: Shared, { pod, path }: VolumeSetUp, result: SetUpResult): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
  if (fsGroup === undefined || result.hasGroup || result.readOnly || result.device) return
  const forget = options.clock.schedule(options.clock.now() + slowGroupMs, () => {
    const place = path.slice(path.indexOf(pod.metadata.uid))
    const words = `Setting volume ownership for ${place} is taking longer than expected, consider using OnRootMismatch - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods`
    options.tell?.(pod, 'Warning', 'VolumePermissionChangeInProgress', words)
  })
  try {
    const onlyOnMismatch = fsGroupChangePolicy === 'OnRootMismatch'
    await options.host.giveToGroup(result.hostPath ?? path, fsGroup, { readOnly: false, onlyOnMismatch })
  } finally {
    forget()
  }
}
