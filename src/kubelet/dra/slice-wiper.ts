import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'

/** Takes back what drivers offer on this node, so that no pod is sent here for devices that nobody could prepare. */
export interface SliceWiper {
  /** Deletes the node's ResourceSlices of a driver, or of all; tries until it has. */
  wipe(driver: string | undefined): void
  /** The driver is here again: what was not deleted by now is offered rightly. */
  spare(driver: string): void
  close(): void
}

export interface SliceWiperOptions {
  readonly nodeName: string
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export function createSliceWiper({ nodeName, client, clock, random, log }: SliceWiperOptions): SliceWiper {
  const ending = new AbortController()
  /** By driver, what ends the attempts. */
  const wiping = new Map<string, AbortController>()

  async function wipeOnce(driver: string | undefined): Promise<void> {
    const selector = [`spec.nodeName=${nodeName}`, ...(driver === undefined ? [] : [`spec.driver=${driver}`])]
    const { items } = await client.list(ResourceSlice, { fieldSelector: selector.join(',') })
    for (const { metadata } of items)
      await client.delete(ResourceSlice, metadata.name, { preconditions: { uid: metadata.uid } }).catch((error: unknown) => {
        // Deleted meanwhile, or made anew by a driver that is here again.
        if (!isError(error, 'NotFound', 'Conflict')) throw error
      })
    if (items.length > 0) log.info('deleted the ResourceSlices of drivers that are not here', { driver, count: items.length })
  }

  async function wipe(driver: string | undefined, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await wipeOnce(driver)
      } catch (error) {
        log.info('ResourceSlices could not be deleted', { driver, error })
        await sleep(clock, backoff(again, attempt, random), signal)
      }
    }
  }

  return {
    wipe(driver) {
      const called = new AbortController()
      if (driver !== undefined) {
        wiping.get(driver)?.abort(new Error('it begins anew'))
        wiping.set(driver, called)
      }
      const signal = AbortSignal.any([ending.signal, called.signal])
      wipe(driver, signal)
        .catch((error: unknown) => {
          if (!signal.aborted) log.error('ResourceSlices are not deleted', { driver, error })
        })
        .finally(() => {
          if (driver !== undefined && wiping.get(driver) === called) wiping.delete(driver)
        })
    },
    spare(driver) {
      wiping.get(driver)?.abort(new Error('the driver is here again'))
      wiping.delete(driver)
    },
    close: () => ending.abort(new Error('the kubelet stops')),
  }
}

const again: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 300_000, jitter: 0.2 }
