import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { findDaemon } from '#host/daemon.ts'
import { layoutFrom, paths } from '#host/layout.ts'
import { missing, nodeRequirements } from '#host/packages.ts'

const layout = layoutFrom(process.env)
const where = paths(layout)

/** Why this machine's own cluster cannot be measured; undefined when it can. */
export function clusterProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'for it needs root'
  const lacking = missing(nodeRequirements).map(({ needs }) => needs)
  return lacking.length > 0 ? `for the machine lacks ${lacking.join(', ')}; "wherry up" installs them` : undefined
}

/** This machine's cluster while it runs. */
export interface Cluster {
  readonly layout: typeof layout
  readonly serverPid: number
  readonly agentPid: number
}

/** Runs `use` with this machine's cluster up; afterwards the cluster is as it was: running, stopped, or not there at all. */
export async function withCluster<T>(use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const before = existsSync(where.config) ? (findDaemon(where.serverPid) ? 'running' : 'stopped') : 'absent'
  try {
    await wherry('up', '--no-welcome')
    return await use({
      layout,
      get serverPid() {
        return pidIn(where.serverPid)
      },
      get agentPid() {
        return pidIn(where.agentPid)
      },
    })
  } finally {
    if (before === 'absent') await wherry('reset')
    else if (before === 'stopped') await wherry('down')
    else await wherry('up', '--no-welcome')
  }
}

/** Why this machine can have no cluster for a measurement alone; undefined when it can. */
export const ownClusterProblem = (): string | undefined =>
  existsSync(where.config) ? 'for it needs settings of its own, and this machine has a cluster; "wherry reset" removes that' : undefined

/** Runs `use` with a cluster of these settings and this many nodes, which is removed afterwards. The machine must have none. */
export async function withOwnCluster<T>(settings: object, nodes: number, use: (of: typeof layout) => Promise<T>): Promise<T> {
  mkdirSync(dirname(where.config), { recursive: true, mode: 0o711 })
  writeFileSync(where.config, stringify(settings), { mode: 0o600 })
  try {
    await wherry('up', '--no-welcome', '--nodes', String(nodes))
    return await use(layout)
  } finally {
    await wherry('reset')
  }
}

function pidIn(file: string): number {
  const daemon = findDaemon(file)
  if (daemon === undefined) throw new Error(`the process of ${file} does not run`)
  return daemon.pid
}

const launcher = fileURLToPath(new URL('../../wherry', import.meta.url))

/** The command as users type it, but for their kubeconfig, which is left alone. Returns the milliseconds that it took. */
export async function wherry(...words: string[]): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'wherry-bench-home-'))
  const startedAt = performance.now()
  try {
    const child = spawn(launcher, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home, KUBECONFIG: '' } })
    let said = ''
    child.stdout.on('data', (part) => (said += part))
    child.stderr.on('data', (part) => (said += part))
    const code = await new Promise((resolve) => child.once('close', resolve))
    if (code !== 0) throw new Error(`wherry ${words.join(' ')} ended with ${code}:\n${said}`)
    return performance.now() - startedAt
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
