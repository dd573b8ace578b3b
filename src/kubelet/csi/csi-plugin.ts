import { Secret } from '#api/core/v1/secret.ts'
import type { SecretReference } from '#api/core/v1/types.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { DialRpc } from '../plugins/rpc.ts'
import type { TokenSource } from '../volumes/tokens.ts'
import type { VolumePlugin, VolumeSpec } from '../volumes/volume-plugin.ts'
import { createAllocatableUpdates } from './allocatable-updates.ts'
import { type CsiDrivers, createCsiDrivers, type ObserveCall } from './csi-drivers.ts'
import { csiError, csiPluginName } from './csi-error.ts'
import type { CsiFiles } from './csi-files.ts'
import { createCsiNodeObject } from './csi-node-object.ts'
import { policyOf } from './driver-policy.ts'
import { expandVolume } from './expand-volume.ts'
import { type CsiRecord, setUpVolume } from './set-up-volume.ts'
import { tearDownVolume } from './tear-down-volume.ts'
import { createTokenAttributes } from './token-attributes.ts'
import { attachmentNameOf, type CsiVolume, uniqueNameOf } from './volume-source.ts'
import { volumeStats } from './volume-stats.ts'

export interface CsiOptions {
  readonly nodeName: string
  /** The kubelet's own folder. */
  readonly rootDirectory: string
  /** Another path of that folder, which drivers in containers know it by, as `/var/lib/kubelet`; absent: they know it by its own. */
  readonly driverRoot?: string | undefined
  readonly client: Client
  readonly dial: DialRpc
  readonly files: CsiFiles
  readonly tokens: TokenSource
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** A driver has come: what waited for it may go on. */
  readonly ready: (driver: string) => void
  /**
   * The node has no room for another volume of this driver, though the scheduler thought so: pods that wait for this one are refused, with
   * reason `VolumeAttachmentLimitExceeded`.
   */
  readonly refuse: (spec: VolumeSpec, message: string) => void
  readonly observe?: ObserveCall
}

/** Volumes of CSI drivers (container-storage-interface/spec 1.x), and what the cluster is told of the drivers of this node. */
export interface Csi {
  readonly plugin: VolumePlugin
  readonly drivers: CsiDrivers
  /** The object that describes a driver; undefined: there is none. Waits until that is known. */
  driverObject(name: string): Promise<CSIDriver | undefined>
  /** Called for each CSIDriver that comes or changes, from the start on. */
  onDriverObject(listener: (driver: CSIDriver) => void): void
  /** Follows CSIDriver objects, and makes the CSINode as soon as the Node is there. */
  start(): void
  close(): Promise<void>
}

/** What all steps work with. */
export interface CsiContext extends CsiOptions {
  readonly drivers: CsiDrivers
  readonly driverObject: Csi['driverObject']
  readonly tokenAttributes: ReturnType<typeof createTokenAttributes>
  /** After a restart drivers are found one by one: resolves once this one is, or when that should be over. */
  readonly foundAgain: (driver: string) => Promise<void>
  /** Unique names of volumes that this process has staged: the next pod's need not be. */
  readonly staged: Set<string>
  readonly secret: (reference: SecretReference | undefined, purpose: string) => Promise<Readonly<Record<string, string>>>
}

export function createCsi(options: CsiOptions): Csi {
  const { nodeName, client, clock, random, log } = options
  const stopping = new AbortController()
  const board = createCsiNodeObject({ nodeName, client, clock, random: random.fork('csi-node'), log })
  const listeners: ((driver: CSIDriver) => void)[] = []
  let informer: Informer<CSIDriver> | undefined
  /** By driver, who waits for it; undefined: nobody waits any more. */
  let awaited: Map<string, PromiseWithResolvers<void>> | undefined = new Map()
  let forgetFinding = (): void => {}
  const endFinding = (): void => {
    for (const { resolve } of awaited?.values() ?? []) resolve()
    awaited = undefined
  }
  const drivers = createCsiDrivers({
    rootDirectory: options.rootDirectory,
    driverRoot: options.driverRoot,
    dial: options.dial,
    board,
    clock,
    log,
    observe: options.observe,
    onChange(driver) {
      updates.look(driver)
      if (!drivers.has(driver)) return
      awaited?.get(driver)?.resolve()
      options.ready(driver)
    },
  })
  const updates = createAllocatableUpdates({
    clock,
    log,
    periodMs: (driver) => (drivers.has(driver) ? policyOf(informer?.get(driver)).allocatableUpdateMs : 0),
    update: (driver) => drivers.update(driver),
  })
  const context: CsiContext = {
    ...options,
    drivers,
    tokenAttributes: createTokenAttributes(options.tokens, clock),
    staged: new Set(),
    async foundAgain(driver) {
      if (drivers.has(driver) || awaited === undefined) return
      const waiting = awaited.get(driver) ?? Promise.withResolvers<void>()
      awaited.set(driver, waiting)
      await waiting.promise
    },
    async driverObject(name) {
      if (informer === undefined) throw new WherryError('ServiceUnavailable', 'CSIDriver objects are not followed yet')
      await informer.synced()
      return informer.get(name)
    },
    async secret(reference, purpose) {
      if (reference?.name === undefined) return {}
      const { name, namespace = '' } = reference
      try {
        const { data = {} } = await client.get(Secret, name, namespace)
        return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
      } catch (cause) {
        const why = `failed to find the secret ${name} in the namespace ${namespace} with error: ${(cause as Error).message}`
        const code = isError(cause) ? cause.code : 'InternalError'
        throw new WherryError(code, `fetching ${purpose} ${namespace}/${name} failed: kubernetes.io/csi: ${why}`, { cause })
      }
    },
  }

  const plugin: VolumePlugin = {
    folder: 'kubernetes.io~csi',
    supports: (spec) => driverOf(spec) !== undefined,
    metricName: ({ spec, record }) => {
      const driver = spec === undefined ? (record as Partial<CsiRecord> | undefined)?.driver : driverOf(spec)
      return driver === undefined ? csiPluginName : `${csiPluginName}:${driver}`
    },
    uniqueName({ persistentVolume }) {
      const csi = persistentVolume?.spec.csi
      return csi && uniqueNameOf({ driver: csi.driver, handle: csi.volumeHandle })
    },
    async needsAttachment(spec) {
      const csi = spec.persistentVolume?.spec.csi
      if (csi === undefined) return false
      const policy = policyOf(await context.driverObject(csi.driver))
      if (policy.attachRequired && policy.allocatableUpdateMs > 0) await refuseExhausted(context, spec, csi)
      return policy.attachRequired
    },
    setUp: (request) => setUpVolume(context, request),
    tearDown: (request) => tearDownVolume(context, request),
    stats: (mounted) => volumeStats(context, mounted),
    expand: (request) => expandVolume(context, request),
  }

  return {
    plugin,
    drivers,
    driverObject: context.driverObject,
    onDriverObject: (listener) => void listeners.push(listener),
    start() {
      informer = createInformer(client, CSIDriver, { clock, random: random.fork('csi-drivers'), log })
      informer.onChange((driver, _previous, change) => {
        updates.look(driver.metadata.name)
        if (change !== 'deleted') for (const listener of listeners) listener(driver)
      })
      forgetFinding = clock.schedule(clock.now() + FINDING_MS, endFinding)
      void board.start(stopping.signal)
    },
    async close() {
      stopping.abort(new Error('the kubelet stops'))
      forgetFinding()
      endFinding()
      updates.close()
      drivers.close()
      await informer?.close()
    },
  }
}

const driverOf = ({ persistentVolume, volume }: VolumeSpec): string | undefined =>
  (persistentVolume === undefined ? volume.csi : persistentVolume.spec.csi)?.driver

/** Sockets that are there are found at once, and a driver answers within moments; without the wait each restart would tell of failed mounts. */
const FINDING_MS = 2_000

/** What the attacher handed over for the node; empty where the driver needs none. Throws while the volume is not attached. */
export async function publishContextOf(context: CsiContext, volume: CsiVolume): Promise<Readonly<Record<string, string>>> {
  const { attachRequired } = policyOf(await context.driverObject(volume.driver))
  if (!attachRequired || volume.lifecycle === 'Ephemeral') return {}
  const name = attachmentNameOf(volume, context.nodeName)
  const attachment = await context.client.get(VolumeAttachment, name).catch((cause: unknown) => {
    const code = isError(cause) ? cause.code : 'InternalError'
    const why = (cause as Error).message
    throw new WherryError(code, `volume ${volume.handle} has GET error for volume attachment ${name}: ${why}`, { cause })
  })
  const { attached, attachError, attachmentMetadata } = attachment.status
  if (attachment.metadata.deletionTimestamp) throw new WherryError('Conflict', 'volume attachment is being deleted')
  if (!attached)
    throw new WherryError(
      'ServiceUnavailable',
      attachError?.message || `volume ${volume.handle} is not attached for volume attachment ${name}`,
    )
  return attachmentMetadata ?? {}
}

/** KEP-4876: what the attacher could not attach for want of room tells that the node's number of volumes is wrong. */
async function refuseExhausted(
  context: CsiContext,
  spec: VolumeSpec,
  csi: { readonly driver: string; readonly volumeHandle: string },
): Promise<void> {
  const name = attachmentNameOf({ driver: csi.driver, handle: csi.volumeHandle }, context.nodeName)
  let attachment: VolumeAttachment
  try {
    attachment = await context.client.get(VolumeAttachment, name)
  } catch (error) {
    // Not there yet, or not for this node to read: the manager waits for the Node's report in any case.
    if (isError(error, 'NotFound', 'Forbidden')) return
    throw error
  }
  const { attachError } = attachment.status
  if (attachError?.errorCode !== RESOURCE_EXHAUSTED) return
  await context.drivers
    .update(csi.driver)
    .catch((error: unknown) => context.log.warn('a CSI driver did not say how many volumes fit on the node', { driver: csi.driver, error }))
  context.refuse(
    spec,
    `Node has reached its volume attachment limit, rejecting pod. unmounted volumes=[${spec.volume.name}], unattached volumes=[${spec.volume.name}], failed to process volumes=[]: ${attachError.message ?? ''}`,
  )
  throw csiError('TooManyRequests', attachError.message ?? 'no room for another volume')
}

/** gRPC's status code. */
const RESOURCE_EXHAUSTED = 8
