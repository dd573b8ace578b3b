import { WherryError } from '#lib/errors.ts'
import type { ClaimRecord, PreparedDevice } from './claim-records.ts'
import type { DraDrivers } from './dra-drivers.ts'
import type { DraClaim } from './dra-plugin-api.ts'

export interface CallOptions {
  readonly drivers: Pick<DraDrivers, 'get'>
  readonly signal?: AbortSignal
  /** Around each call, to measure it. */
  readonly call: <T>(driver: string, method: string, call: Promise<T>) => Promise<T>
}

/** Lets every driver of these claims prepare its part, one call a driver. Throws at the first that fails: nothing counts as prepared then. */
export async function prepareClaims(claims: readonly ClaimRecord[], options: CallOptions): Promise<readonly ClaimRecord[]> {
  const prepared = new Map(claims.map((claim) => [claim.uid, new Map(claim.drivers)]))
  for (const [driver, mine] of byDriver(claims)) {
    const { service, channel } = options.drivers.get(driver)
    const { path } = service.prepare
    const sent = channel.call(service.prepare, { claims: mine.map(asked) }, callOptions(options))
    const answer = await options.call(driver, path, sent).catch((cause: unknown) => {
      throw new WherryError('ServiceUnavailable', `NodePrepareResources: ${(cause as Error).message}`, { cause })
    })
    const results = Object.entries(answer.claims ?? {})
    for (const [uid, { error, devices }] of results) {
      const claim = mine.find((one) => one.uid === uid)
      if (claim === undefined) throw new WherryError('InternalError', `NodePrepareResources returned result for unknown claim UID ${uid}`)
      if (error) throw new WherryError('InternalError', `NodePrepareResources failed for ResourceClaim ${claim.name}: ${error}`)
      prepared.get(uid)!.set(
        driver,
        (devices ?? []).map(
          ({ poolName = '', deviceName = '', shareId, requestNames = [], cdiDeviceIds = [] }): PreparedDevice => ({
            poolName,
            deviceName,
            ...(shareId !== undefined && { shareId }),
            requestNames,
            cdiDeviceIds,
          }),
        ),
      )
    }
    const skipped = mine.length - results.length
    if (skipped !== 0) throw new WherryError('InternalError', `NodePrepareResources skipped ${skipped} ResourceClaims`)
  }
  return claims.map((claim) => ({ ...claim, drivers: prepared.get(claim.uid)!, isPrepared: true }))
}

/**
 * Lets every driver undo its part. Claims of which one driver fails stay, with the first failure to tell; those of others are undone all the
 * same, so that a driver that is gone holds up nobody else's devices.
 */
export async function unprepareClaims(
  claims: readonly ClaimRecord[],
  options: CallOptions,
): Promise<{ readonly undone: readonly ClaimRecord[]; readonly failure?: unknown }> {
  const failures = new Map<ClaimRecord, unknown>()
  for (const [driver, mine] of byDriver(claims)) {
    try {
      const { service, channel } = options.drivers.get(driver)
      const sent = channel.call(service.unprepare, { claims: mine.map(asked) }, callOptions(options))
      const answer = await options.call(driver, service.unprepare.path, sent).catch((cause: unknown) => {
        throw new WherryError('ServiceUnavailable', `NodeUnprepareResources: ${(cause as Error).message}`, { cause })
      })
      for (const claim of mine) {
        const result = answer.claims?.[claim.uid]
        if (result === undefined) failures.set(claim, new WherryError('InternalError', 'NodeUnprepareResources skipped 1 ResourceClaims'))
        else if (result.error)
          failures.set(
            claim,
            new WherryError('InternalError', `NodeUnprepareResources failed for ResourceClaim ${claim.name}: ${result.error}`),
          )
      }
    } catch (error) {
      for (const claim of mine) failures.set(claim, error)
    }
  }
  const [failure] = failures.values()
  return { undone: claims.filter((claim) => !failures.has(claim)), ...(failure !== undefined && { failure }) }
}

function byDriver(claims: readonly ClaimRecord[]): ReadonlyMap<string, readonly ClaimRecord[]> {
  const found = new Map<string, ClaimRecord[]>()
  for (const claim of claims) for (const driver of claim.drivers.keys()) found.set(driver, [...(found.get(driver) ?? []), claim])
  return found
}

const asked = ({ namespace, uid, name }: ClaimRecord): DraClaim => ({ namespace, uid, name })

/** Half of the time after which a pod is looked at again. */
const CALL_MS = 45_000
const callOptions = ({ signal }: CallOptions) => ({ timeoutMs: CALL_MS, ...(signal !== undefined && { signal }) })
