import { Node } from '#api/core/v1/node.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { same } from '#api/strategy.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { DriverBoard } from './csi-drivers.ts'

/** What a driver says of this node (`NodeGetInfo`). */
export interface DriverInfo {
  readonly name: string
  readonly nodeId: string
  /** 0: as many as one likes. */
  readonly volumesMax: number
  /** By topology key. */
  readonly topology: Readonly<Record<string, string>>
}

export interface CsiNodeObjectOptions {
  readonly nodeName: string
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Entry = CSINode['spec']['drivers'][number]

/**
 * Keeps this node's CSINode, and what of drivers stands in the Node itself: the annotation with their names of the node, and topology labels.
 * One change at a time; each is tried a few times, since others write these objects too.
 */
export function createCsiNodeObject(options: CsiNodeObjectOptions): DriverBoard & {
  /** Makes the CSINode as soon as there is a Node. Resolves then, or when it was called off. */
  start(signal: AbortSignal): Promise<void>
} {
  const { nodeName, client, clock, random, log } = options
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  async function fewTimes<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (attempt === TRIES_MAX - 1 || !isError(error, 'Conflict', 'AlreadyExists', 'NotFound', 'ServiceUnavailable', 'Timeout'))
          throw error
        await sleep(clock, backoff(soon, attempt, random))
      }
    }
  }

  /** This node's CSINode, made where there is none. One of a former Node of this name goes first. */
  async function ensure(): Promise<CSINode> {
    const node = await client.get(Node, nodeName)
    const found = await orMissing(client.get(CSINode, nodeName))
    const { uid } = node.metadata
    if (found !== undefined) {
      const isOurs = found.metadata.ownerReferences?.some((one) => one.kind === 'Node' && one.name === nodeName && one.uid === uid)
      if (isOurs) return found
      log.info('the CSINode is of a former node of this name; it is made anew', { node: nodeName })
      await client.delete(CSINode, nodeName, { preconditions: { uid: found.metadata.uid } }).catch(onlyMissing)
    }
    return client.create(CSINode, {
      metadata: {
        name: nodeName,
        annotations: { [migratedAnnotation]: migratedPlugins },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
      },
      spec: { drivers: [] },
    })
  }

  const writeDrivers = (change: (drivers: readonly Entry[]) => readonly Entry[]): Promise<void> =>
    fewTimes(async () => {
      const found = await ensure()
      const drivers = change(found.spec.drivers)
      const annotations = { ...found.metadata.annotations, [migratedAnnotation]: migratedPlugins }
      const isAnnotated = found.metadata.annotations?.[migratedAnnotation] === migratedPlugins
      if (isAnnotated && same(drivers, found.spec.drivers)) return
      await client.update(CSINode, {
        ...found,
        metadata: { ...found.metadata, annotations },
        spec: { ...found.spec, drivers: [...drivers] },
      })
    })

  const writeNode = (change: (node: Node) => { readonly annotations?: object; readonly labels?: object } | undefined): Promise<void> =>
    fewTimes(async () => {
      const node = await client.get(Node, nodeName)
      const metadata = change(node)
      if (metadata !== undefined) await client.patch(Node, nodeName, { type: 'merge', body: { metadata } })
    })

  const setEntry = (info: DriverInfo): Promise<void> =>
    writeDrivers((drivers) => {
      const made = entryOf(info)
      const former = drivers.find(({ name }) => name === info.name)
      if (former !== undefined && same(former, made)) return drivers
      return [...drivers.filter(({ name }) => name !== info.name), made]
    })

  return {
    start: (signal) =>
      inTurn(async () => {
        for (let attempt = 0; !signal.aborted; attempt += 1) {
          try {
            return await writeDrivers((drivers) => drivers)
          } catch (error) {
            if (attempt === TRIES_MAX) log.warn('the CSINode cannot be written', { node: nodeName, error })
            await sleep(clock, backoff(patient, attempt, random), signal).catch(() => {})
          }
        }
      }),
    install: (info) =>
      inTurn(async () => {
        await writeNode((node) => nodeChange(node, info)).catch(explain('error updating Node object with CSI driver node info'))
        await setEntry(info).catch(explain('error updating CSINode object with CSI driver node info'))
      }),
    update: (info) => inTurn(() => setEntry(info).catch(explain('error updating CSINode object with CSI driver node info'))),
    uninstall: (driver) =>
      inTurn(async () => {
        await writeDrivers((drivers) =>
          drivers.some(({ name }) => name === driver) ? drivers.filter(({ name }) => name !== driver) : drivers,
        )
        await writeNode((node) => {
          const { [driver]: former, ...rest } = nodeIds(node)
          if (former === undefined) return undefined
          return { annotations: { [nodeIdAnnotation]: Object.keys(rest).length === 0 ? null : sortedJson(rest) } }
        })
      }),
  }
}

/** What the Node has to say of a driver; undefined: it does. Throws where the driver's place contradicts a label. */
export function nodeChange(
  { metadata }: Pick<Node, 'metadata'>,
  { name, nodeId, topology }: DriverInfo,
): { annotations?: object; labels?: object } | undefined {
  const labels = metadata.labels ?? {}
  for (const [key, value] of Object.entries(topology)) {
    if (labels[key] !== undefined && labels[key] !== value)
      throw new WherryError(
        'Invalid',
        `detected topology value collision: driver reported "${key}":"${value}" but existing label is "${key}":"${labels[key]}"`,
      )
  }
  const ids = nodeIds({ metadata })
  const isKnown = ids[name] === nodeId
  const isPlaced = Object.keys(topology).every((key) => labels[key] !== undefined)
  if (isKnown && isPlaced) return undefined
  return {
    ...(!isKnown && { annotations: { [nodeIdAnnotation]: sortedJson({ ...ids, [name]: nodeId }) } }),
    ...(!isPlaced && { labels: topology }),
  }
}

/** A driver as the CSINode lists it. Attach limits that no int32 holds are cut, as the reference does; negative ones are none. */
export function entryOf({ name, nodeId, volumesMax, topology }: DriverInfo): Entry {
  return {
    name,
    nodeID: nodeId,
    topologyKeys: Object.keys(topology).toSorted(),
    ...(volumesMax > 0 && { allocatable: { count: Math.min(volumesMax, 2 ** 31 - 1) } }),
  }
}

const nodeIdAnnotation = 'csi.volume.kubernetes.io/nodeid'
const migratedAnnotation = 'storage.alpha.kubernetes.io/migrated-plugins'
/** Volumes of these former in-tree plug-ins are their drivers' on every node. */
const migratedPlugins = [
  'kubernetes.io/aws-ebs',
  'kubernetes.io/azure-disk',
  'kubernetes.io/azure-file',
  'kubernetes.io/cinder',
  'kubernetes.io/gce-pd',
  'kubernetes.io/portworx-volume',
  'kubernetes.io/vsphere-volume',
].join(',')

const TRIES_MAX = 4
const soon: BackoffOptions = { initialMs: 10, factor: 5, maxMs: 1_000, jitter: 0.1 }
const patient: BackoffOptions = { initialMs: 30, factor: 4, maxMs: 30_000, jitter: 0.1 }

/** How drivers call this node. Throws where somebody else wrote what nobody can read: overwriting it could take a driver's volumes away. */
function nodeIds({ metadata }: Pick<Node, 'metadata'>): Readonly<Record<string, string>> {
  const text = metadata.annotations?.[nodeIdAnnotation]
  if (!text) return {}
  try {
    const ids: unknown = JSON.parse(text)
    return typeof ids === 'object' && ids !== null ? (ids as Record<string, string>) : {}
  } catch (cause) {
    throw new WherryError('Invalid', `failed to parse node's "${nodeIdAnnotation}" annotation value ("${text}")`, { cause })
  }
}

const sortedJson = (map: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))))

const explain = (what: string) => (cause: unknown) => {
  const message = cause instanceof Error ? cause.message : String(cause)
  throw new WherryError(isError(cause) ? cause.code : 'InternalError', `${what}: ${message}`, { cause })
}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}

function onlyMissing(error: unknown): void {
  if (!isError(error, 'NotFound')) throw error
}
