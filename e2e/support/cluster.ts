/** One real cluster for all end-to-end tests, made by the command that users type. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(root, 'wherry')

/** A home of its own, so that tests never touch the developer's kubeconfig. */
export const home = process.env['WHERRY_E2E_HOME'] ?? mkdtempSync(join(tmpdir(), 'wherry-home-'))
process.on('exit', () => process.env['WHERRY_E2E_HOME'] ?? rmSync(home, { recursive: true, force: true }))

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `wherry` as a user would. */
export const wherry = (...words: string[]): Said => call(launcher, words)

/** Runs kubectl against the cluster; throws with all it said unless it exits with 0. */
export function kubectl(...words: string[]): string {
  const said = kubectlSaid(...words)
  if (said.code !== 0) throw new Error(`kubectl ${words.join(' ')} exited with ${said.code}:\n${said.err}${said.out}`)
  return said.out
}
export const kubectlSaid = (...words: string[]): Said => call(kubectlProgram, ['--kubeconfig', adminKubeconfig, ...words])
export const kubectlWithInput = (input: string, ...words: string[]): Said =>
  call(kubectlProgram, ['--kubeconfig', adminKubeconfig, ...words], input)

/** The kubectl under test; a second round may name another version. */
export const kubectlProgram = process.env['WHERRY_E2E_KUBECTL'] ?? 'kubectl'
export const adminKubeconfig = '/var/lib/wherry/admin.kubeconfig'

/** Starts kubectl in the background; ended by `stop`. */
export function kubectlInBackground(...words: string[]): { output: () => string; stop: () => void; ended: Promise<number | null> } {
  const child = spawn(kubectlProgram, ['--kubeconfig', adminKubeconfig, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes))
  child.stderr.on('data', (bytes: Buffer) => (output += bytes))
  return { output: () => output, stop: () => void child.kill('SIGTERM'), ended: new Promise((resolve) => child.once('close', resolve)) }
}

/** The cluster, up. */
export function ensureUp(...options: string[]): void {
  mkdirSync(join(home, '.kube'), { recursive: true })
  const said = wherry('up', ...options)
  if (said.code !== 0) throw new Error(`wherry up exited with ${said.code}:\n${said.out}${said.err}`)
}

/** Asks again until it holds; the last problem becomes the error. Conditions are asked of a real cluster, so there is nothing to be told by. */
export async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 60_000): Promise<NonNullable<T>> {
  let problem: unknown
  for (const end = Date.now() + withinMs; Date.now() < end; await delay(100)) {
    try {
      const found = await look()
      if (found) return found
      problem = `found ${JSON.stringify(found)}`
    } catch (error) {
      problem = error instanceof Error ? error.message : error
    }
  }
  throw new Error(`within ${withinMs / 1000} s: ${what}; last: ${problem}`)
}

/** A namespace for one file of tests; what is in it goes with it. */
export function freshNamespace(name: string): string {
  kubectlSaid('delete', 'namespace', name, '--ignore-not-found', '--wait=true', '--timeout=60s')
  kubectl('create', 'namespace', name)
  return name
}

function call(command: string, words: readonly string[], input?: string): Said {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: 300_000,
    env: { ...process.env, HOME: home },
    ...(input !== undefined && { input }),
  })
  if (error && status === null) throw error
  return { code: status ?? 1, out: stdout, err: stderr }
}
