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

export const adminKubeconfig = '/var/lib/wherry/admin.kubeconfig'

/** One kubectl against the cluster. `kubectl` throws with all it said unless it exits with 0; the others hand over what was said. */
export function kubectlWith(program: string) {
  const kubectlSaid = (...words: string[]): Said => call(program, ['--kubeconfig', adminKubeconfig, ...words])
  return {
    kubectl(...words: string[]): string {
      const said = kubectlSaid(...words)
      if (said.code !== 0) throw new Error(`kubectl ${words.join(' ')} exited with ${said.code}:\n${said.err}${said.out}`)
      return said.out
    },
    kubectlSaid,
    kubectlWithInput: (input: string, ...words: string[]): Said => call(program, ['--kubeconfig', adminKubeconfig, ...words], input),
    /** Starts it in the background; ended by `stop`. */
    inBackground(...words: string[]): { output: () => string; stop: () => void } {
      const child = spawn(program, ['--kubeconfig', adminKubeconfig, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
      let output = ''
      const keep = (bytes: Buffer) => void (output += bytes)
      child.stdout.on('data', keep)
      child.stderr.on('data', keep)
      return { output: () => output, stop: () => void child.kill('SIGTERM') }
    },
  }
}

export const { kubectl, kubectlSaid, kubectlWithInput, inBackground } = kubectlWith('kubectl')

/** Runs one line of shell in a terminal of its own (script(1)), and returns what it shows. */
export const inTerminal = (line: string): string => call('script', ['--quiet', '--return', '--command', line, '/dev/null']).out

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
