import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceStatus } from '#api/core/v1/types.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { ResourceManager } from '../interfaces.ts'
import { type CheckpointFile, createSaver } from '../plugins/checkpoint.ts'
import type { PluginHandler } from '../plugins/plugin-watcher.ts'
import type { DialRpc } from '../plugins/rpc.ts'
import { type AnyContainer, containerNamed } from '../pod/containers.ts'
import { createKeyedLock } from '../volumes/keyed-lock.ts'
import { type ClaimEntry, type ClaimRecord, cdiDevices, createClaimRecords, fromEntry, toEntry } from './claim-records.ts'
import { claimStatus } from './claim-status.ts'
import { createDeviceHealth } from './device-health.ts'
import { createDraDrivers } from './dra-drivers.ts'
import { containerClaims, podClaims, refusalOfClaim } from './pod-claims.ts'
import { prepareClaims, unprepareClaims } from './prepare-claims.ts'
import { createSliceWiper } from './slice-wiper.ts'

/**
 * The node's part of dynamic resource allocation (KEP-4381): lets drivers prepare the claims of a pod before its first container starts, gives
 * containers the devices that came of it, and lets drivers undo it when the last pod that used a claim is over.
 */
export interface DraManager {
  readonly manager: ResourceManager
  /** Plug-ins of the type `DRAPlugin`. */
  readonly plugins: PluginHandler
  /** Reads which claims were prepared before, and removes the node's ResourceSlices: drivers that are here offer theirs anew. */
  start(): Promise<void>
  close(): void
  /** Undoes what was prepared for pods that there are not any more. To be called once all pods of the node are known. */
  sweep(): void
  /** The claims that a container uses, with their devices. */
  claims(pod: Pod, container: AnyContainer): readonly ClaimRecord[]
  /** How many claims are prepared, by driver; '' for all of them. */
  claimsInUse(): ReadonlyMap<string, number>
}

export interface DraManagerOptions {
  readonly nodeName: string
  readonly client: Client
  readonly dial: DialRpc
  readonly checkpoint: CheckpointFile
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** UIDs of the pods that are not over; undefined while they are not known yet. */
  readonly activePods: () => ReadonlySet<string> | undefined
  readonly metrics?: DraMetrics
}

export interface DraMetrics {
  /** `PrepareResources` or `UnprepareResources`, for a whole pod. */
  operation(name: string, isError: boolean, seconds: number): void
  /** One call to a driver; `code` as Go names gRPC's. */
  call(driver: string, method: string, code: string, seconds: number): void
}

export function createDraManager(options: DraManagerOptions): DraManager {
  const { client, clock, log, metrics } = options
  const records = createClaimRecords()
  const health = createDeviceHealth()
  const listeners = new Set<(podUid: string) => void>()
  const inTurn = createKeyedLock()
  const save = createSaver(options.checkpoint, () => records.all().map(toEntry))
  const wiper = createSliceWiper(options)
  let forgetExpiry = () => {}
  let forgetSweep = () => {}
  let isClosed = false

  const drivers = createDraDrivers({
    dial: options.dial,
    clock,
    log,
    onRegistered: () => sweep(),
    onUnusable: (driver) => wiper.wipe(driver),
    onUsable: (driver) => wiper.spare(driver),
    onHealth(driver, devices) {
      const nowMs = clock.monotonicMs()
      const changed = devices === undefined ? health.clear(driver) : health.report(driver, devices, nowMs)
      tellOf((one, device) => one === driver && changed.has(device))
      expireNext(nowMs)
    },
  })

  /** Pods that use such a device show something else now. */
  function tellOf(isMeant: (driver: string, device: string) => boolean): void {
    const pods = new Set<string>()
    for (const { drivers: parts, podUids } of records.all())
      for (const [driver, devices] of parts)
        if (devices.some(({ poolName, deviceName }) => isMeant(driver, `${poolName}/${deviceName}`)))
          for (const uid of podUids) pods.add(uid)
    for (const uid of pods) for (const listener of listeners) listener(uid)
  }

  /**
   * What a driver has not repeated in time is known no more: one deadline, for the first that grows stale. `nowMs` is when pods were told of what
   * is known: what grows stale right after that must not be taken for told. By what passes, whatever becomes of the time of day.
   */
  function expireNext(nowMs: number): void {
    forgetExpiry()
    forgetExpiry = clock.schedule(clock.now() + health.nextExpiry(nowMs) - nowMs, () => {
      const thenMs = clock.monotonicMs()
      tellOf(() => true)
      expireNext(thenMs)
    })
  }

  /** No two prepare or undo the same claim at once. Locks are taken in order, so that nobody waits in a circle. */
  function withClaims<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = [...new Set(keys)].sort()
    return first === undefined ? work() : inTurn(first, () => withClaims(rest, work))
  }

  async function prepare(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, uid } = pod.metadata
    const wanted = podClaims(pod)
    // All is looked at before anything is noted, so that a pod that cannot start has nothing to be undone, should it be deleted.
    const claims = await Promise.all(
      wanted.map(async (one): Promise<ClaimRecord> => {
        const claim = await client.get(ResourceClaim, one.claimName, namespace).catch((cause: unknown) => {
          throw new WherryError('Conflict', `fetch ResourceClaim ${one.claimName}: ${(cause as Error).message}`, { cause })
        })
        const refusal = refusalOfClaim(pod, one, claim)
        if (refusal !== undefined) throw new WherryError('Forbidden', refusal)
        const parts = new Set(claim.status.allocation?.devices?.results?.map(({ driver }) => driver))
        for (const driver of parts) drivers.get(driver)
        return {
          uid: claim.metadata.uid,
          name: claim.metadata.name,
          namespace: namespace!,
          podUids: new Set([uid]),
          drivers: new Map([...parts].map((driver) => [driver, []])),
          isPrepared: false,
        }
      }),
    )
    signal.throwIfAborted()
    await withClaims(claims.map(keyOf), async () => {
      for (const claim of claims) {
        const known = records.get(claim.namespace, claim.name)
        if (known !== undefined && known.uid !== claim.uid)
          throw new WherryError(
            'Conflict',
            `old ResourceClaim with same name ${claim.name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
          )
      }
      let isNoted = true
      for (const claim of claims) {
        const known = records.get(claim.namespace, claim.name)
        if (known?.podUids.has(uid)) continue
        isNoted = false
        records.set(known === undefined ? claim : { ...known, podUids: new Set([...known.podUids, uid]) })
      }
      // On the disk before any driver hears of it: whatever happens next, somebody knows what there is to undo.
      if (!isNoted) await save()
      const current = claims.map(({ namespace: space, name }) => records.get(space, name)!)
      const pending = current.filter(({ isPrepared }) => !isPrepared)
      if (pending.length === 0) return
      const prepared = await prepareClaims(pending, { drivers, signal, call: timed })
      for (const claim of prepared) records.set({ ...claim, podUids: records.get(claim.namespace, claim.name)!.podUids })
      await save()
    })
  }

  async function release(podUid: string): Promise<void> {
    const mine = records.ofPod(podUid)
    if (mine.length === 0) return
    await withClaims(mine.map(keyOf), async () => {
      const current = records.ofPod(podUid)
      const last = current.filter(({ podUids }) => podUids.size === 1)
      for (const claim of current)
        if (claim.podUids.size > 1) records.set({ ...claim, podUids: new Set([...claim.podUids].filter((uid) => uid !== podUid)) })
      // Whatever comes of it: one driver may be done where another fails, and who uses the claim next needs both.
      for (const claim of last) records.set({ ...claim, isPrepared: false })
      const { undone, failure } = await unprepareClaims(last, { drivers, call: timed })
      for (const { namespace, name } of undone) records.delete(namespace, name)
      await save()
      if (failure !== undefined) throw failure
    })
  }

  /** The pods that are gone; what cannot be undone now is tried when a driver comes, and once a minute. */
  function sweep(): void {
    forgetSweep()
    const active = options.activePods()
    if (active === undefined || isClosed) return
    const gone = new Set(records.all().flatMap(({ podUids }) => [...podUids].filter((uid) => !active.has(uid))))
    if (gone.size === 0) return
    forgetSweep = clock.schedule(clock.now() + SWEEP_MS, sweep)
    for (const uid of gone)
      release(uid).catch((error: unknown) => log.info('the claims of a pod that is gone could not be given back', { uid, error }))
  }

  async function timed<T>(driver: string, method: string, call: Promise<T>): Promise<T> {
    const startedMs = clock.monotonicMs()
    let code = 'OK'
    try {
      return await call
    } catch (error) {
      code = /code = (\w+)/.exec((error as Error).message)?.[1] ?? 'Unknown'
      throw error
    } finally {
      metrics?.call(driver, method, code, (clock.monotonicMs() - startedMs) / 1000)
    }
  }

  async function operation(name: string, what: string, work: () => Promise<void>): Promise<void> {
    const startedMs = clock.monotonicMs()
    let isError = true
    try {
      await work()
      isError = false
    } catch (cause) {
      throw new WherryError('Conflict', `${what} dynamic resources: ${(cause as Error).message}`, { cause })
    } finally {
      metrics?.operation(name, isError, (clock.monotonicMs() - startedMs) / 1000)
    }
  }

  const hasClaims = (pod: Pod): boolean =>
    (pod.spec.resourceClaims ?? []).length > 0 || pod.status?.extendedResourceClaimStatus !== undefined

  function claimsOf(pod: Pod, container: AnyContainer): readonly (readonly [ClaimRecord, readonly string[]])[] {
    return [...containerClaims(pod, container)].map(([name, requests]) => {
      const record = records.get(pod.metadata.namespace!, name)
      if (record === undefined)
        throw new WherryError(
          'NotFound',
          `internal error: unable to get claim info for ResourceClaim ${name} in namespace ${pod.metadata.namespace}`,
        )
      return [record, requests] as const
    })
  }

  const manager: ResourceManager = {
    name: 'dynamic resources',
    // The scheduler has allocated them; what is left to do needs no admission.
    allocate: async () => {},
    async prepare(pod, signal) {
      if (hasClaims(pod)) await operation('PrepareResources', 'prepare', () => prepare(pod, signal))
    },
    grant: (pod, container) => ({
      cdiDevices: [
        ...new Set(claimsOf(pod, container).flatMap(([claim, requests]) => requests.flatMap((request) => cdiDevices(claim, request)))),
      ],
    }),
    status: (pod, name): readonly ResourceStatus[] => {
      const found = containerNamed(pod, name)
      if (found?.kind !== 'regular') return []
      const nowMs = clock.monotonicMs()
      return claimStatus(pod, found.container, {
        claim: (claimName) => records.get(pod.metadata.namespace!, claimName),
        health: (driver, pool, device) => health.of(driver, pool, device, nowMs),
      })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async release(podUid) {
      if (records.ofPod(podUid).length > 0) await operation('UnprepareResources', 'unprepare', () => release(podUid))
    },
  }

  return {
    manager,
    plugins: drivers.plugins,
    async start() {
      for (const entry of await readEntries(options.checkpoint)) records.set(fromEntry(entry))
      wiper.wipe(undefined)
    },
    close() {
      isClosed = true
      forgetExpiry()
      forgetSweep()
      wiper.close()
      drivers.close()
    },
    sweep,
    claims: (pod, container) => claimsOf(pod, container).map(([claim]) => claim),
    claimsInUse() {
      const counts = new Map([['', 0]])
      for (const { drivers: parts, isPrepared } of records.all())
        if (isPrepared) for (const key of ['', ...parts.keys()]) counts.set(key, (counts.get(key) ?? 0) + 1)
      return counts
    },
  }
}

/** Who forgot what drivers prepared would leave it prepared for ever: better that somebody looks. */
async function readEntries(checkpoint: CheckpointFile): Promise<readonly ClaimEntry[]> {
  try {
    return ((await checkpoint.read()) ?? []) as readonly ClaimEntry[]
  } catch (cause) {
    const message = `the record of resource claims cannot be read; drain the node and remove it: ${(cause as Error).message}`
    throw new WherryError('InternalError', message, { cause })
  }
}

const keyOf = ({ namespace, name }: Pick<ClaimRecord, 'namespace' | 'name'>): string => `${namespace}/${name}`
const SWEEP_MS = 60_000
