/** The rules of the house, guarded by an ordinary test: who may import whom, who may ask for the time, and what must not stand anywhere. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile())
const sources = tracked.filter((path) => path.startsWith('src/') && path.endsWith('.ts'))
const code = sources.filter((path) => !path.endsWith('.test.ts') && !isHelperOfTests(path))
const text = (path: string): string => readFileSync(join(root, path), 'utf8')

/** What each folder may see beside itself. Cores never see each other: they meet in API objects only. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  schema: ['lib'],
  api: ['lib', 'schema'],
  store: ['lib'],
  apiserver: ['lib', 'schema', 'api', 'store'],
  client: ['lib', 'schema', 'api'],
  loop: ['lib', 'schema', 'api', 'client'],
  controllers: ['lib', 'schema', 'api', 'client', 'loop'],
  scheduler: ['lib', 'schema', 'api', 'client', 'loop'],
  kubelet: ['lib', 'schema', 'api', 'client', 'loop'],
  network: ['lib', 'schema', 'api', 'client', 'loop'],
  router: ['lib', 'schema', 'api', 'client', 'loop'],
  // host and sim do what cores ask for in their interfaces; sim runs the whole control plane as main joins it.
  host: ['lib', 'schema', 'api', 'client', 'kubelet', 'network', 'router'],
  sim: ['lib', 'schema', 'api', 'client', 'loop', 'kubelet', 'network', 'store', 'apiserver', 'controllers', 'scheduler', 'main'],
  // The scheduler's core is pure: `why` and `plan` ask it what the server asks it.
  cli: ['lib', 'schema', 'api', 'client', 'host', 'scheduler'],
  main: [
    'lib',
    'schema',
    'api',
    'client',
    'loop',
    'store',
    'apiserver',
    'controllers',
    'scheduler',
    'kubelet',
    'network',
    'router',
    'host',
    'cli',
    'sim',
  ],
}

test('every folder sees only what it may', () => {
  const wrong: string[] = []
  for (const path of code) {
    const from = path.split('/')[1]!
    for (const [, target] of text(path).matchAll(/(?:from|import\()\s*'(#[^']+|\.[^']+)'/g)) {
      const to = target!.startsWith('#') ? target!.slice(1).split('/')[0]! : join(dirname(path), target!).split('/')[1]!
      if (to === 'package.json' || join(dirname(path), target!) === 'package.json') continue
      if (to !== from && !mayImport[from]?.includes(to)) wrong.push(`${path} imports ${target}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('time and chance are handed in', () => {
  const free = /^src\/(host|sim|main|cli)\//
  assert.deepEqual(
    lines(
      code.filter((path) => !free.test(path)),
      // Timers of sockets and signals are timers too; a socket's may only be turned off.
      /Date\.now\(|new Date\(\)|Math\.random\(|\bsetTimeout(?: as |\((?!0\)))|\bsetInterval\(|AbortSignal\.timeout\(|performance\.now\(/,
    ),
    [],
  )
})

test('shared code asks no kind by its name', () => {
  // Authorization and admission plug-ins each have one subject by nature; the path that every request takes has none.
  const shared = code.filter((path) => /^src\/(schema|client|loop|store|apiserver\/(cacher|registry|http|discovery|openapi))\//.test(path))
  // Status and the options of a call are no kinds that are stored.
  assert.deepEqual(lines(shared, /kind === ?'(?!Status'|\w+Options')[A-Z]|(?:resource|plural) === ?'[a-z]+s'/), [])
})

test('nothing is unfinished, silenced or swallowed', () => {
  const marks = /\bTODO\b|\bFIXME\b|\bXXX\b|@ts-ignore|@ts-nocheck|\bas any\b|catch *(\([^)]*\))? *\{ *\}|\.only\(|test\.todo/
  assert.deepEqual(
    lines(
      tracked.filter((path) => path.endsWith('.ts') && path !== 'src/house.test.ts'),
      marks,
    ),
    [],
  )
})

test('a file past 500 lines wants to be two, unless it is data', () => {
  const data = /\/(types|bootstrap[a-z-]*|messages)\.ts$/
  assert.deepEqual(
    code.filter((path) => !data.test(path) && text(path).split('\n').length > 501),
    [],
  )
})

test('TypeScript only; shell only in the launcher and in .ci', () => {
  const other = tracked.filter(
    (path) =>
      /\.(js|mjs|cjs|py|go|sh|rb|pl|c|rs)$/.test(path) || (text(path).startsWith('#!') && path !== 'wherry' && !path.startsWith('.ci/')),
  )
  assert.deepEqual(other, [])
})

test('files are named in lower case, with dashes', () => {
  assert.deepEqual(
    sources.filter((path) => !/^[a-z0-9./-]+$/.test(path)),
    [],
  )
})

test('every folder of code has tests', () => {
  const folders = new Set(code.filter((path) => !/^src\/(api|main)\//.test(path)).map((path) => dirname(path)))
  assert.deepEqual(
    [...folders].filter(
      (folder) => folder !== 'src' && !sources.some((path) => path.endsWith('.test.ts') && path.startsWith(`${folder}/`)),
    ),
    [],
  )
})

/** What tests share: never part of a running process. */
function isHelperOfTests(path: string): boolean {
  // That folder is what users get for their own tests.
  if (path.startsWith('src/sim/testing/')) return false
  return /\/(testing|contract|test-[a-z-]+|check-[a-z-]+)\.ts$/.test(path) || path.includes('/testing/')
}

function lines(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    text(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}
