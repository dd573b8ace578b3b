import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Runtime } from '#kubelet/runtime.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { networkNamespaces, removeNetworkNamespace } from './clean.ts'
import { run } from './run.ts'

export interface LeakedAddressOptions {
  readonly runtime: Pick<Runtime, 'sandboxes'>
  /** Where host-local keeps what it gave out: a folder a network, in it a file an address. */
  readonly cniStateDirectory: string
  /** containerd's own, where it says which network namespaces its sandboxes have. */
  readonly containerdState: string
  readonly bridge: string
  readonly clock: Clock
  readonly log: Log
}

/** Looks for addresses and interfaces of pods that nobody will ever give back. */
export interface LeakedAddresses {
  /** containerd was started, or we were: what was forgotten shows a while later. */
  expect(): void
  close(): void
}

/**
 * A containerd that dies while it makes a sandbox forgets it, and with it the address that the sandbox was given: a node of 254 addresses would once
 * have none left. What belongs to no sandbox that containerd knows goes; what is being made just now belongs to none either, but is young.
 */
export function leakedAddresses(options: LeakedAddressOptions): LeakedAddresses {
  const { clock, log } = options
  let forget = (): void => {}
  let isClosed = false

  function later(): void {
    forget()
    if (isClosed) return
    forget = clock.schedule(clock.now() + youngMs, () => {
      collectLeaks(options).then(
        ({ hasYoung }) => hasYoung && later(),
        // Away again: its next start is a reason to look.
        (error: unknown) => isClosed || log.warn('cannot look for forgotten addresses of pods', { error }),
      )
    })
  }

  return {
    expect: later,
    close() {
      isClosed = true
      forget()
    },
  }
}

/** One look: releases what is older than any making takes, and says whether there was something younger. */
export async function collectLeaks(
  options: LeakedAddressOptions,
): Promise<{ readonly released: readonly string[]; readonly hasYoung: boolean }> {
  const { runtime, cniStateDirectory, containerdState, bridge, clock, log } = options
  // What is there now, and only then the sandboxes: one that was finished in between is among them.
  const reserved = reservations(cniStateDirectory)
  const namespaces = await namespacesOnBridge(bridge)
  const known = new Set((await runtime.sandboxes()).map(({ id }) => id))
  const used = new Set(networkNamespaces(containerdState).map((path) => basename(path)))
  const released: string[] = []
  let hasYoung = false
  for (const { file, sandboxId } of reserved) {
    if (known.has(sandboxId) || readReservation(file) !== sandboxId) continue
    if (isYoung(file, clock.now())) hasYoung = true
    else {
      rmSync(file, { force: true })
      released.push(basename(file))
      log.info('released an address whose sandbox is forgotten', { address: basename(file), sandboxId })
    }
  }
  for (const name of namespaces) {
    const path = join(namespaceDirectory, name)
    if (used.has(name) || !existsSync(path)) continue
    if (isYoung(path, clock.now())) hasYoung = true
    else {
      await removeNetworkNamespace(path)
      released.push(name)
      log.info('removed a network namespace whose sandbox is forgotten', { name })
    }
  }
  return { released, hasYoung }
}

/** The longest that a sandbox may be in the making: what the reference's kubelet waits for one, and a minute. */
const youngMs = 5 * 60_000

/** Where ip-netns(8) and container runtimes name them. */
const namespaceDirectory = '/run/netns'

function isYoung(path: string, now: Instant): boolean {
  // A file from the future was made before the clock was set back: nobody knows when.
  return existsSync(path) && Math.abs(now - statSync(path).mtimeMs) < youngMs
}

function reservations(directory: string): { readonly file: string; readonly sandboxId: string }[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap((network) =>
    readdirSync(join(directory, network)).flatMap((name) => {
      const file = join(directory, network, name)
      const sandboxId = isAddress(name) ? readReservation(file) : ''
      return sandboxId === '' ? [] : [{ file, sandboxId }]
    }),
  )
}

/** Beside them stand a lock and what was given last. */
const isAddress = (name: string): boolean => /^[0-9a-f.:]+$/i.test(name) && /[.:]/.test(name)

/** The sandbox's id is the first line, the interface the second. '' where the file is gone. */
function readReservation(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!.trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** The named namespaces at the other ends of the bridge's ports: only what hangs on our bridge may be ours. */
async function namespacesOnBridge(bridge: string): Promise<string[]> {
  if (!existsSync(`/sys/class/net/${bridge}`)) return []
  const [ports, names] = await Promise.all([
    json<{ readonly link_netnsid?: number }>('-json', 'link', 'show', 'master', bridge),
    json<{ readonly name: string; readonly id?: number }>('-json', 'netns', 'list'),
  ])
  const ids = new Set(ports.map(({ link_netnsid }) => link_netnsid))
  return names.filter(({ id }) => id !== undefined && ids.has(id)).map(({ name }) => name)
}

async function json<T>(...args: string[]): Promise<T[]> {
  const { stdout } = await run('ip', args, { timeoutMs: 10_000 })
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as T[])
}
