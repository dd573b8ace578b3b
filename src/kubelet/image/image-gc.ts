import type { KubeObject } from '#api/kind.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { EventSink, PodLookup } from '../interfaces.ts'
import type { Runtime } from '../runtime.ts'
import type { NodeTracer } from '../tracing/node-tracer.ts'
import {
  defaultImageGcPolicy,
  enoughFor,
  fillOf,
  type ImageGcPolicy,
  type ImageRecord,
  listedName,
  noteImages,
  removable,
  tooOld,
} from './image-gc-plan.ts'

export interface ImageGcOptions {
  readonly policy?: ImageGcPolicy
  readonly runtime: Pick<Runtime, 'images' | 'containers' | 'removeImage'>
  /** The file system with the images; undefined while nobody knows it. */
  readonly space: () => Promise<{ readonly capacityBytes: number; readonly availableBytes: number } | undefined>
  readonly pods: PodLookup
  readonly events: EventSink
  readonly node: KubeObject
  readonly clock: Clock
  readonly log: Log
  /** Names of images that no registry has, so that whoever removed one could not get it again. The runtime pins its own only from containerd 1.7 on. */
  readonly isKept?: (name: string) => boolean
  /** Absent: nothing is traced. */
  readonly tracer?: Pick<NodeTracer, 'trace'>
  /** For metrics: `age` or `space`. */
  readonly onRemoved?: (reason: 'age' | 'space') => void
  /** After images went: ids of those that stay, and when the look began that this tells of. */
  readonly onCollected?: (remaining: readonly string[], lookedAt: Instant) => void
}

/**
 * Removes images that nobody uses, when their disk fills up or they have lain there for too long (Kubernetes documentation, "Garbage Collection").
 * The disk is looked at every five minutes; images are listed only when pods changed since, or when some have to go.
 */
export interface ImageCollector {
  start(): void
  stop(): Promise<void>
  /** By the policy. Rejects where not enough could be won back. */
  collect(): Promise<void>
  /** Every image that nobody uses and that is old enough, for a node that runs out of disk. */
  removeUnused(): Promise<void>
}

export function createImageCollector(options: ImageGcOptions): ImageCollector {
  const { policy = defaultImageGcPolicy, runtime, pods, events, node, clock } = options
  const log = options.log.with({ part: 'images' })
  const startedAt = clock.now()
  let records: ReadonlyMap<string, ImageRecord> = new Map()
  /** Pods changed since images were looked at. */
  let isChanged = true
  let failures = 0
  let isStopped = false
  let forgetLook = (): void => {}
  let forgetPods = (): void => {}
  let working: Promise<unknown> = Promise.resolve()

  /** One after the other: two at once would count the same bytes twice. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = working.then(work, work)
    working = done.catch(handled)
    return done
  }

  async function look(): Promise<Instant> {
    isChanged = false
    const now = clock.now()
    const [images, containers] = await Promise.all([runtime.images(), runtime.containers()])
    const inUse = new Set([...containers.flatMap(({ image, imageId }) => [image, imageId]), ...wantedNames(pods)])
    const { isKept = () => false } = options
    const kept = images.map((image) => ({ ...image, pinned: image.pinned || image.repoTags.some(isKept) }))
    records = noteImages(records, kept, inUse, now)
    return now
  }

  async function remove(chosen: readonly ImageRecord[], reason: 'age' | 'space'): Promise<number> {
    let freed = 0
    const errors: unknown[] = []
    for (const { id, sizeBytes } of chosen) {
      log.info('removing an image that nobody uses', { image: id, sizeBytes, reason })
      try {
        await runtime.removeImage(id)
      } catch (error) {
        errors.push(error)
        continue
      }
      const left = new Map(records)
      left.delete(id)
      records = left
      freed += sizeBytes
      options.onRemoved?.(reason)
    }
    if (errors.length > 0) {
      const [first] = errors
      const why = first instanceof Error ? first.message : String(first)
      throw new WherryError('InternalError', `${errors.length} of ${chosen.length} images could not be removed: ${why}`, { cause: first })
    }
    return freed
  }

  const collect = (): Promise<void> => options.tracer?.trace('Images/GarbageCollect', collectNow) ?? collectNow()

  async function collectNow(): Promise<void> {
    const fs = await options.space()
    const fill = fs && fs.capacityBytes > 0 ? fillOf(fs, policy) : undefined
    if (fs?.capacityBytes === 0) {
      const message = 'invalid capacity 0 on image filesystem'
      events.record({ regarding: node, type: 'Warning', reason: 'InvalidDiskCapacity', message })
      throw new WherryError('InternalError', message)
    }
    const bytesToFree = fill?.bytesToFree ?? 0
    if (!isChanged && bytesToFree === 0 && policy.maxAgeMs === 0) return
    const lookedAt = await look()
    const old = tooOld(removable(records.values()), policy, lookedAt, startedAt)
    await remove(old, 'age')
    if (bytesToFree > 0) await free(fs!, fill!.usedPercent, bytesToFree, lookedAt)
    else if (old.length > 0) options.onCollected?.([...records.keys()], lookedAt)
  }

  async function free(fs: { readonly capacityBytes: number }, usedPercent: number, bytes: number, lookedAt: Instant): Promise<void> {
    log.info('the disk with the images fills up', { usedPercent, bytesToFree: bytes })
    const freed = await remove(enoughFor(bytes, removable(records.values()), policy, lookedAt), 'space')
    options.onCollected?.([...records.keys()], lookedAt)
    if (freed >= bytes) return
    const message =
      `Insufficient free disk space on the node's image filesystem (${usedPercent}% of ${sizeText(fs.capacityBytes)} used). ` +
      `Failed to free sufficient space by deleting unused images (freed ${freed} bytes). ` +
      'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.'
    events.record({ regarding: node, type: 'Warning', reason: 'FreeDiskSpaceFailed', message })
    throw new WherryError('InternalError', message)
  }

  function lookLater(ms: number): void {
    if (isStopped) return
    forgetLook = clock.schedule(clock.now() + ms, () => void periodic())
  }

  async function periodic(): Promise<void> {
    try {
      await inTurn(collect)
      failures = 0
    } catch (error) {
      failures += 1
      log.warn('images could not be collected', { error })
      // The first failure may pass; from the second on it is one that people should know of.
      const message = error instanceof Error ? error.message : String(error)
      if (failures > 1) events.record({ regarding: node, type: 'Warning', reason: 'ImageGCFailed', message })
    }
    lookLater(PERIOD_MS)
  }

  return {
    start() {
      forgetPods = pods.onChange(() => void (isChanged = true))
      lookLater(0)
    },
    async stop() {
      isStopped = true
      forgetLook()
      forgetPods()
      await working
    },
    collect: () => inTurn(collect),
    removeUnused: () =>
      inTurn(async () => {
        const lookedAt = await look()
        await remove(enoughFor(Infinity, removable(records.values()), policy, lookedAt), 'space')
        options.onCollected?.([...records.keys()], lookedAt)
      }),
  }
}

/** KubeletConfiguration has no setting for it: the reference's ImageGCPeriod. */
const PERIOD_MS = 5 * 60_000

/** Told to the one who asked. */
const handled = (): void => {}

/** Images that pods of this node are about to use, of containers that are not made yet, and of volumes. */
function wantedNames(pods: PodLookup): string[] {
  return pods.list().flatMap(({ pod: { spec }, withStatus: { status } }) => {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
    const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ image }) => image)
    const volumes = (spec.volumes ?? []).map(({ image }) => image?.reference)
    return [...containers, ...volumes].flatMap((name) => (name ? (listedName(name) ?? []) : []))
  })
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
