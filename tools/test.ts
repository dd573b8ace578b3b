/**
 * Everything that `npm test` does after `npm ci`: installs what the tests need, checks types, style and the house, runs the unit tests, those
 * that need the machine itself, and the end-to-end tests. A first argument chooses one part: check, unit, host, e2e.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPackages, isThere, missing, nodeRequirements, type Requirement, searchPath } from '#host/packages.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
process.env['PATH'] = searchPath().join(':')

/** What tests need beside what a node needs: images are made of Debian's own programs, and kubectl is the real one. */
const testRequirements: readonly Requirement[] = [
  ...nodeRequirements,
  { needs: '/usr/sbin/nginx', package: 'nginx-light' },
  { needs: '/bin/busybox', package: 'busybox-static' },
  { needs: '/usr/bin/catatonit', package: 'catatonit' },
  { needs: 'curl', package: 'curl' },
  { needs: 'openssl', package: 'openssl' },
  { needs: 'git', package: 'git' },
  { needs: 'pgrep', package: 'procps' },
  { needs: 'ping', package: 'iputils-ping' },
  { needs: 'dig', package: 'bind9-dnsutils' },
  { needs: '/usr/lib/python3/dist-packages/kubernetes/__init__.py', package: 'python3-kubernetes' },
]

interface Counts {
  readonly pass: number
  readonly fail: number
  readonly skipped: number
}

interface Part {
  readonly name: string
  readonly run: () => Promise<Counts>
}

const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const

const parts: readonly Part[] = [
  {
    name: 'check',
    run: () =>
      all(['types', ...node, 'node_modules/typescript/bin/tsc'], ['style', 'node_modules/.bin/biome', 'check', '--error-on-warnings']),
  },
  { name: 'unit', run: unitTests },
  { name: 'host', run: () => tests(globSync('src/**/*.host.test.ts'), 1) },
  { name: 'e2e', run: endToEnd },
]

const wanted = process.argv[2]
if (wanted !== undefined && !parts.some(({ name }) => name === wanted))
  throw new Error(`there is no part "${wanted}"; there are ${parts.map(({ name }) => name).join(', ')}`)
await installPackages(missing(testRequirements))
let sum: Counts = { pass: 0, fail: 0, skipped: 0 }
for (const { name, run } of parts) {
  if (wanted !== undefined && name !== wanted) continue
  const startedAt = performance.now()
  console.log(`\n== ${name}`)
  const counts = await run()
  console.log(`== ${name}: ${describe(counts)} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  sum = { pass: sum.pass + counts.pass, fail: sum.fail + counts.fail, skipped: sum.skipped + counts.skipped }
}
console.log(`\n${describe(sum)}`)
process.exitCode = sum.fail === 0 && sum.pass > 0 ? 0 : 1

/** Hundreds of files load the same modules, each in a process of its own: whoever is first strips their types and compiles them for all. */
async function unitTests(): Promise<Counts> {
  const compiled = mkdtempSync(join(tmpdir(), 'wherry-compiled-'))
  try {
    const files = globSync('{src,bench,docs,tools,examples}/**/*.test.ts', { exclude: ['**/*.host.test.ts'] })
    return await tests(files, availableParallelism(), { NODE_COMPILE_CACHE: compiled })
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

/** On the machine itself, whose cluster is made and removed; clients have API servers of their own and need none. */
async function endToEnd(): Promise<Counts> {
  const files = globSync('e2e/**/*.test.ts').sort()
  const reason = withoutCluster()
  if (reason === undefined) return tests(files, 1)
  const ofClients = files.filter((file) => file.startsWith('e2e/8-clients/'))
  console.log(`only clients without a cluster: ${reason}`)
  const counts = await tests(ofClients, 1)
  return { ...counts, skipped: counts.skipped + files.length - ofClients.length }
}

/** Why no cluster may be made here: one that somebody uses must not end by our tests. */
function withoutCluster(): string | undefined {
  if (!isThere('kubectl')) return 'kubectl (1.32 or newer) is not on this machine, and Debian has none of that age'
  if (existsSync('/var/lib/wherry/config.yaml') && process.env['CI'] !== 'true' && process.env['WHERRY_TEST_RESET'] !== '1')
    return 'this machine has a cluster, which the tests would remove; "wherry reset" it first, or set WHERRY_TEST_RESET=1'
  return undefined
}

function describe({ pass, fail, skipped }: Counts): string {
  return `${pass} passed, ${fail} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Programs one after another, each counting as one test. */
async function all(...programs: readonly (readonly string[])[]): Promise<Counts> {
  let fail = 0
  for (const [name, ...words] of programs) {
    const { code } = await start(words)
    console.log(`${code === 0 ? '✔' : '✖'} ${name}`)
    if (code !== 0) fail += 1
  }
  return { pass: programs.length - fail, fail, skipped: 0 }
}

/** Node's own runner over test files; its closing lines are the counts. */
async function tests(files: readonly string[], concurrency: number, environment: Readonly<Record<string, string>> = {}): Promise<Counts> {
  if (files.length === 0) return { pass: 0, fail: 0, skipped: 0 }
  const { code, output } = await start(
    [...node, '--test', `--test-concurrency=${concurrency}`, '--test-timeout=600000', '--test-reporter=spec', ...files],
    { isQuiet: true, environment },
  )
  const count = (name: string): number => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  const counts = { pass: count('pass'), fail: count('fail') + count('cancelled'), skipped: count('skipped') }
  // A runner that broke down without a failed test has failed all the same.
  return code !== 0 && counts.fail === 0 ? { ...counts, fail: 1 } : counts
}

interface StartOptions {
  /** Shows only what went wrong or was left out, and keeps everything for the counts. */
  readonly isQuiet?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

function start(
  [command, ...args]: readonly string[],
  { isQuiet = false, environment }: StartOptions = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment, FORCE_COLOR: '0' },
    })
    let output = ''
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes
      if (!isQuiet) process.stdout.write(bytes)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (isQuiet)
        process.stdout.write(
          code === 0
            ? output.replaceAll(/^\s*✔ .*\n/gm, '')
            : [...output.matchAll(/^\s*﹣ .*\n/gm), output.slice(Math.max(0, output.indexOf('✖ failing tests:')))].join(''),
        )
      resolve({ code: code ?? 1, output })
    })
  })
}
