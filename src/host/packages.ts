import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { WherryError } from '#lib/errors.ts'
import { run } from './run.ts'

/** What a node needs of the machine: a program or file, and the Debian package that brings it. */
export interface Requirement {
  readonly needs: string
  readonly package: string
}

/** What containers, their networks and their volumes need of Debian. */
export const nodeRequirements: readonly Requirement[] = [
  { needs: 'containerd', package: 'containerd' },
  { needs: 'ctr', package: 'containerd' },
  { needs: 'runc', package: 'runc' },
  { needs: 'nft', package: 'nftables' },
  { needs: 'ip', package: 'iproute2' },
  { needs: 'conntrack', package: 'conntrack' },
  { needs: 'mount', package: 'mount' },
  { needs: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
  // Started by the router once there is an Ingress or a Gateway.
  { needs: 'haproxy', package: 'haproxy' },
]

/** Requirements that the machine does not meet yet. */
export const missing = (requirements: readonly Requirement[], has: (needs: string) => boolean = isThere): Requirement[] =>
  requirements.filter(({ needs }) => !has(needs))

/** Installs packages by name with apt; what is there already is left alone. Without apt the error names what to install by hand. */
export async function installPackages(wanted: readonly Requirement[], onOutput?: (text: string) => void): Promise<string[]> {
  const names = [...new Set(wanted.map((requirement) => requirement.package))]
  if (names.length === 0) return []
  if (!isThere('apt-get'))
    throw new WherryError(
      'ServiceUnavailable',
      `this machine lacks ${wanted.map(({ needs }) => needs).join(', ')} and has no apt-get to install them; install these by its own means, then try again (Debian's packages: ${names.join(' ')})`,
    )
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env: quiet, timeoutMs: 900_000, ...(onOutput && { onOutput }) }
  const install = ['install', '--yes', '--no-install-recommends', ...names]
  // Package lists are fetched only where the machine's own do not know the packages, or know versions that are gone.
  await withoutServices(
    quietServices.filter((name) => names.includes(name)),
    () =>
      run('apt-get', install, options).catch(async () => {
        await run('apt-get', ['update'], options)
        await run('apt-get', install, options)
      }),
  )
  const still = missing(wanted)
  if (still.length > 0)
    throw new WherryError(
      'ServiceUnavailable',
      `apt-get installed ${names.join(', ')}, but ${still.map(({ needs }) => needs).join(', ')} is still missing`,
    )
  return names
}

/** Packages whose programs we start ourselves: Debian would start a service of its own with each, now and at every start of the machine. */
const quietServices = ['containerd', 'haproxy']

/** Debian's way to keep a service from being started while its package is installed (policy-rc.d of invoke-rc.d). */
const servicePolicy = '/usr/sbin/policy-rc.d'

/**
 * Installs, and leaves the named services stopped and off. They were not on the machine before, so nobody relies on them; whoever wants one turns it on
 * as usual. A policy that the machine has already stays, and decides.
 */
async function withoutServices<T>(names: readonly string[], install: () => Promise<T>): Promise<T> {
  if (names.length === 0) return install()
  const isOurs = !existsSync(servicePolicy)
  if (isOurs) writeFileSync(servicePolicy, `#!/bin/sh\ncase "$1" in ${names.join('|')}) exit 101;; esac\nexit 0\n`, { mode: 0o755 })
  try {
    return await install()
  } finally {
    if (isOurs) rmSync(servicePolicy, { force: true })
    for (const name of names) {
      if (isThere('systemctl')) await run('systemctl', ['disable', name], { accept: [1] })
      if (isThere('update-rc.d')) await run('update-rc.d', [name, 'disable'], { accept: [1] })
    }
  }
}

/** Debian keeps some of these in sbin, which a user's PATH may lack. */
export function isThere(needs: string): boolean {
  if (needs.startsWith('/')) return existsSync(needs)
  return searchPath().some((folder) => isExecutable(join(folder, needs)))
}

/** The folders in which programs are looked for, each once. */
export const searchPath = (): string[] =>
  [...new Set([...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'])].filter(
    Boolean,
  )

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
