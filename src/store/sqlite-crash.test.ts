import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '#lib/random.ts'
import { openDatabase } from './sqlite-database.ts'
import { unpackEntries } from './sqlite-messages.ts'
import { createReads } from './sqlite-reads.ts'

const directory = mkdtempSync(join(tmpdir(), 'wherry-crash-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const writerFile = fileURLToPath(new URL('./crash-writer.ts', import.meta.url))
const environment = { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') }

// Who is killed leaves nothing compiled to the next one, and half the time of each would be that; one that ends in order does it for all.
before(async () => {
  const writer = spawn(process.execPath, [writerFile, join(directory, 'first.db')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment,
  })
  const [code] = await once(writer, 'close')
  assert.equal(code, 0)
})

const kills = 200

test(`nothing acknowledged is lost by ${kills} kills during writes`, async () => {
  const path = join(directory, 'crash.db')
  const random = seededRandom(20_26)
  let acknowledged = 0
  let newest = 1
  for (let round = 0; round < kills; round += 1) {
    const lines = await writeAndKill(path, round, random.below(40))
    acknowledged += lines.length
    newest = check(path, lines, newest, `kill ${round}`)
  }
  assert.ok(acknowledged > kills * 10, `only ${acknowledged} commits were acknowledged: the kills came too early to show anything`)
})

/** Kills the writer at some moment after `patience` acknowledged commits. */
async function writeAndKill(path: string, seed: number, patience: number): Promise<string[]> {
  const writer = spawn(process.execPath, [writerFile, path, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'], env: environment })
  let output = ''
  let lines = 0
  writer.stdout.setEncoding('utf8')
  writer.stdout.on('data', (part: string) => {
    output += part
    for (const character of part) if (character === '\n') lines += 1
    if (lines > patience) writer.kill('SIGKILL')
  })
  await new Promise<void>((resolve) => writer.once('close', () => resolve()))
  assert.equal(writer.signalCode, 'SIGKILL', output.slice(-500))
  // The last line may be torn: it was then not yet said.
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
}

/** Looks into the file as the next process finds it. Answers its revision. */
function check(path: string, lines: readonly string[], before: number, when: string): number {
  const database = openDatabase(path)
  try {
    const reads = createReads(database)
    const revision = reads.meta('revision')
    const compacted = reads.meta('compacted')
    assert.ok(revision >= before, when)
    assert.equal(Object.values(database.prepare('PRAGMA integrity_check').get()!)[0], 'ok', when)

    const history = new Map<number, Map<string, string | undefined>>()
    for (let from = compacted; from < revision; ) {
      const piece = reads.history('', from, revision)
      const entries = unpackEntries(piece.entries)
      piece.revisions.forEach((at, i) => {
        const entry = entries[2 * i]!
        const changes = history.get(at) ?? new Map<string, string | undefined>()
        history.set(at, changes.set(entry.key, entry.createRevision < 0 ? undefined : Buffer.from(entry.value).toString()))
      })
      from = piece.upTo
    }
    for (let at = compacted + 1; at <= revision; at += 1) {
      // Revision 1 is the empty store.
      if (at === 1) continue
      const changes = history.get(at)
      assert.ok(changes !== undefined, `${when}: revision ${at} of ${revision} is missing`)
      for (const [key, value] of changes)
        if (value !== undefined)
          assert.equal(changes.get(key.endsWith('/twin') ? key.slice(0, -5) : `${key}/twin`), value, `${when}: half a commit`)
    }
    for (const line of lines) {
      const [at, key, value] = line.split(' ') as [string, string, string | undefined]
      assert.ok(Number(at) <= revision, `${when}: acknowledged revision ${at} is missing`)
      if (Number(at) > compacted) {
        const change = history.get(Number(at))!
        assert.ok(
          value === undefined ? change.get(key) === undefined : change.get(key) === value,
          `${when}: revision ${at} has another value`,
        )
      } else assert.ok((reads.get(key)?.modRevision ?? Infinity) >= Number(at), `${when}: ${key} went back behind revision ${at}`)
    }
    return revision
  } finally {
    database.close()
  }
}
