import { Node } from '#api/core/v1/node.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Csi } from './csi-plugin.ts'
import { checked, createLocalDriver, type LocalDirectories, localDriver } from './local-driver.ts'

export interface LocalVolumesOptions {
  readonly nodeName: string
  readonly client: Client
  readonly csi: Pick<Csi, 'drivers' | 'onDriverObject'>
  readonly directories: LocalDirectories
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * This node's half of the class `local`: as long as there is a CSIDriver of its name, the driver is served, and directories of volumes that the
 * Node's annotations want removed are (`delete.local.wherry.dev/<volume>`: `wanted`, then `done`).
 */
export function serveLocalVolumes(options: LocalVolumesOptions): { close(): Promise<void> } {
  const { nodeName, client, csi, directories, clock, random, log } = options
  const { drivers } = csi
  const removing = new Set<string>()
  let isClosed = false
  let forget = (): void => {}
  let node: Informer<Node> | undefined

  csi.onDriverObject(({ metadata }) => {
    if (metadata.name === localDriver) begin(0)
  })

  /** A class that was taken away leaves its volumes, and so its driver. */
  function begin(attempt: number): void {
    forget()
    if (isClosed || drivers.has(localDriver)) return
    drivers.add(localDriver, createLocalDriver(directories, nodeName)).then(
      () => {
        if (isClosed) return
        node ??= createInformer(client, Node, { clock, random, log, fieldSelector: `metadata.name=${nodeName}` })
        node.onChange(({ metadata }, _previous, change) => {
          if (change !== 'deleted') for (const volume of wantedOf(metadata.annotations)) remove(volume, 0)
        })
      },
      (error: unknown) => {
        if (isClosed) return
        // At the first start there is no Node yet.
        if (attempt > ATTEMPTS_QUIET) log.warn('local volumes cannot be served', { error })
        forget = clock.schedule(clock.now() + backoff(again, attempt, random), () => begin(attempt + 1))
      },
    )
  }

  function remove(volume: string, attempt: number): void {
    if (isClosed || removing.has(volume)) return
    removing.add(volume)
    removeNow(volume).then(
      () => void removing.delete(volume),
      (error: unknown) => {
        if (isClosed) return
        log.warn('the directory of a local volume could not be removed', { volume, error })
        clock.schedule(clock.now() + backoff(again, attempt, random), () => {
          removing.delete(volume)
          // Another may have seen to it.
          if (wantedOf(node?.get(nodeName)?.metadata.annotations).includes(volume)) remove(volume, attempt + 1)
        })
      },
    )
  }

  async function removeNow(volume: string): Promise<void> {
    await directories.remove(checked(volume))
    log.info('the directory of a local volume is removed', { volume })
    await client.patch(Node, nodeName, { type: 'merge', body: { metadata: { annotations: { [`${prefix}${volume}`]: 'done' } } } })
  }

  return {
    async close() {
      isClosed = true
      forget()
      await node?.close()
    },
  }
}

const prefix = `delete.${localDriver}/`

export const wantedOf = (annotations: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.entries(annotations ?? {}).flatMap(([key, value]) =>
    key.startsWith(prefix) && value === 'wanted' ? [key.slice(prefix.length)] : [],
  )

const again: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 60_000, jitter: 0.1 }
const ATTEMPTS_QUIET = 5
