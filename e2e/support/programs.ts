/** Clients in other languages: their sources are fixtures, written into a folder and built with what this machine has. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isThere } from '#host/packages.ts'
import { root } from './cluster.ts'

/** Where the conformance kit builds its programs, and where a developer may put others that Debian does not have. */
export const kitPrograms = join(process.env['WHERRY_KIT_CACHE'] ?? join(homedir(), '.cache/wherry-kit'), 'bin')

/** A program of the PATH or of the kit; undefined where there is none. */
export function programNamed(name: string): string | undefined {
  if (isThere(name)) return name
  const inKit = join(kitPrograms, name)
  return isThere(inKit) ? inKit : undefined
}

/** Writes `e2e/clients/<name>.txt` as `<name>`. */
export function writeFixtures(folder: string, ...names: string[]): void {
  for (const name of names) copyFileSync(join(root, 'e2e/clients', `${name}.txt`), join(folder, name))
}

/** Runs a step of a build; undefined when it worked, else why not. */
export function problemOf(command: string, words: readonly string[], cwd: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd, encoding: 'utf8', timeout: 580_000 })
  return status === 0 ? undefined : `${command} ${words[0]}: ${error?.message ?? (stderr + stdout).trim().slice(-2000)}`
}

/** Debian's interpreter, or one with another version of the library. */
export const python = process.env['WHERRY_PYTHON'] ?? '/usr/bin/python3'
export const pythonHas = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0
export const pythonProblem = (): string | undefined =>
  pythonHas('kubernetes') ? undefined : `${python} has no module kubernetes (Debian: python3-kubernetes)`

/** Go, with the modules that the clients need; a reason where that is not to be had. */
export function goProblem(folder: string): string | undefined {
  const version = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout
  const minor = Number(/^go1\.(\d+)/.exec(version ?? '')?.[1] ?? 0)
  if (minor < 26) return 'Go 1.26 is not on this machine'
  writeFixtures(folder, 'main.go', 'streams.go', 'go.mod', 'go.sum')
  const problem = problemOf('go', ['mod', 'download'], folder)
  return problem && `Go's modules are neither here nor in reach (${problem})`
}

/** Builds the Go client of a folder that `goProblem` has prepared; returns the program. */
export function buildGo(folder: string): string {
  assert.equal(problemOf('go', ['build', '-trimpath', '-o', 'clients', '.'], folder), undefined)
  return join(folder, 'clients')
}

/** Java, with fabric8's library; a reason where that is not to be had. Prepares a folder for `javaWords`. */
export function javaProblem(folder: string): string | undefined {
  const missing = ['javac', 'mvn'].filter((name) => !isThere(name))
  if (missing.length > 0) return `${missing.join(' and ')} not on this machine`
  writeFixtures(folder, 'Client.java', 'Streams.java', 'pom.xml')
  const unresolved = problemOf('mvn', ['-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath'], folder)
  return unresolved && `Java's libraries are neither here nor in reach (${unresolved})`
}

/** Runs one of the two programs of a folder from its source. */
export const javaWords = (folder: string, source: 'Client.java' | 'Streams.java'): readonly string[] => [
  '-cp',
  readFileSync(join(folder, 'classpath'), 'utf8').trim(),
  join(folder, source),
]

/** Runs a script that says "ok STEP" or "failed STEP", and expects exactly these steps. */
export async function checkScript(steps: readonly string[], kubeconfig: string, command: string, ...words: string[]): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KUBECONFIG: kubeconfig } })
  let said = ''
  let aside = ''
  child.stdout.on('data', (bytes: Buffer) => void (said += bytes))
  child.stderr.on('data', (bytes: Buffer) => void (aside += bytes))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const done = [...said.matchAll(/^ok (.*)$/gm)].map(([, step]) => step)
  assert.deepEqual(
    done,
    steps,
    `it exited with ${code}: ${said
      .split('\n')
      .filter((line) => !line.startsWith('ok '))
      .join('\n')}\n${aside.slice(0, 4000)}`,
  )
  assert.equal(code, 0, aside.slice(0, 4000))
}
