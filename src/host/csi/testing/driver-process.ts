import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DriverCall, DriverFault, DriverSettings, FromDriver, ToDriver } from './driver.ts'

/** The driver of `driver.ts` in its own process. */
export interface DriverProcess {
  /** All calls so far but those of `NodeGetCapabilities`, oldest first. */
  readonly calls: DriverCall[]
  readonly registrations: string[]
  /** What happens to the next call of a method. Resolves once the driver knows. */
  fault(fault: DriverFault): Promise<void>
  setVolumesMax(volumesMax: number): Promise<void>
  /** Resolves once `condition` holds; asked after each word of the driver. */
  until(condition: () => boolean): Promise<void>
  /** Resolves once `calls` shows everything that was answered before: words and answers come by two ways. */
  settle(): Promise<void>
  /** As a crash: nothing is told, its sockets stay behind. */
  kill(): Promise<void>
}

/** Starts it; resolves once it listens. */
export async function startDriver(settings: DriverSettings): Promise<DriverProcess> {
  const child = fork(fileURLToPath(new URL('./driver.ts', import.meta.url)), [JSON.stringify(settings)], { stdio: 'inherit' })
  const waiting = new Set<() => void>()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const calls: DriverCall[] = []
  const registrations: string[] = []
  let isReady = false
  let pings = 0
  let pongs = 0
  child.on('message', (message: FromDriver) => {
    if ('call' in message && message.call.method !== 'NodeGetCapabilities') calls.push(message.call)
    if ('registration' in message) registrations.push(message.registration)
    if ('ready' in message) isReady = true
    if ('pong' in message) pongs = message.pong
    for (const look of waiting) look()
  })
  const send = (message: ToDriver): void => void child.send(message)
  const tell = (message: ToDriver): Promise<void> => {
    send(message)
    return driver.settle()
  }
  const driver: DriverProcess = {
    calls,
    registrations,
    fault: (fault) => tell({ fault }),
    setVolumesMax: (volumesMax) => tell({ volumesMax }),
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async settle() {
      if (!child.connected) return
      pings += 1
      const ping = pings
      send({ ping })
      await driver.until(() => pongs >= ping)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
  await driver.until(() => isReady)
  return driver
}
