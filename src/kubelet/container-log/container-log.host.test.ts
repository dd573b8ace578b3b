import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '#host/clock.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { isError } from '#lib/errors.ts'
import { createLogManager } from './log-manager.ts'
import type { LogQuery } from './read-log.ts'
import { readLog } from './read-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-log-'))
after(() => rmSync(folder, { recursive: true }))

const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, '0')}.123456789Z`
const three = `${at(1)} stdout F one\n${at(2)} stderr F two\n${at(3)} stdout P thr\n${at(4)} stdout F ee\n${at(5)} stdout F \n`
const plain: LogQuery = { follow: false, timestamps: false, stream: 'All' }

read('everything', three, {}, 'one\ntwo\nthree\n\n')
read('one stream', three, { stream: 'Stderr' }, 'two\n')
read('the tail, by entries', three, { tailLines: 3 }, 'three\n\n')
read('no line of the tail', three, { tailLines: 0 }, '')
read('a tail longer than the log', three, { tailLines: 100 }, 'one\ntwo\nthree\n\n')
read(
  'timestamps, once for a line in parts',
  three,
  { timestamps: true, since: Date.parse(at(2)) },
  `${at(2)} two\n${at(3)} three\n${at(5)} \n`,
)
read(
  'timestamps of one length, whatever zeros the runtime left away',
  '2026-01-02T03:04:05.12Z stdout F one\n2026-01-02T03:04:06Z stdout F two\n2026-01-02T03:04:07.000000001+02:00 stdout F three\n',
  { timestamps: true },
  '2026-01-02T03:04:05.120000000Z one\n2026-01-02T03:04:06.000000000Z two\n2026-01-02T03:04:07.000000001+02:00 three\n',
)
read('at most so many bytes', three, { limitBytes: 5 }, 'one\nt')
read('past what is no entry', `rubbish\n${at(1)} stdout F one\n${at(1)} nowhere F x\n`, {}, 'one\n')
read('nothing of an entry that is not complete', `${at(1)} stdout F one\n${at(2)} stdout F tw`, {}, 'one\n')
read('an empty log', '', { tailLines: 5 }, '')
read(
  'a tail across blocks',
  `${at(1)} stdout F ${'x'.repeat(100)}\n`.repeat(2000),
  { tailLines: 1500 },
  `${'x'.repeat(100)}\n`.repeat(1500),
)

test('says that there is no log', async () => {
  await assert.rejects(collect(join(folder, 'none.log'), plain), (error) => isError(error, 'NotFound'))
})

test('reads the end of a large log without reading the log', async () => {
  const path = join(folder, 'large.log')
  writeFileSync(path, `${at(1)} stdout F ${'y'.repeat(1000)}\n`.repeat(20_000))
  let readBytes = 0
  const counted = {
    ...logFiles,
    open: async (name: string) => {
      const log = await logFiles.open(name)
      return (
        log && {
          ...log,
          read: async (buffer: Uint8Array, position: number) => {
            const length = await log.read(buffer, position)
            readBytes += length
            return length
          },
        }
      )
    },
  }
  const parts = []
  for await (const part of readLog(counted, path, { ...plain, tailLines: 10 }, over, new AbortController().signal)) parts.push(part)
  assert.equal(Buffer.concat(parts).length, 10 * 1001)
  assert.ok(readBytes < 200_000, `read ${readBytes} bytes`)
})

test('what is written while it is read is for followers only', async () => {
  const path = join(folder, 'growing.log')
  writeFileSync(path, three)
  const growing = {
    ...logFiles,
    open: async (name: string) => {
      const log = await logFiles.open(name)
      return (
        log && {
          ...log,
          read: (buffer: Uint8Array, position: number) => {
            appendFileSync(path, `${at(9)} stdout F more\n`)
            return log.read(buffer, position)
          },
        }
      )
    },
  }
  let text = ''
  for await (const part of readLog(growing, path, { ...plain, tailLines: 2 }, over, new AbortController().signal)) text += Buffer.from(part)
  assert.equal(text, 'ee\n\n')
})

test('follows over a rotation until the container has ended', async () => {
  const path = join(folder, 'followed.log')
  writeFileSync(path, `${at(1)} stdout F one\n`)
  let running = true
  let changed = () => {}
  const source = {
    isRunning: () => running,
    onChange: (listener: () => void) => {
      changed = listener
      return () => {}
    },
  }
  let text = ''
  const reading = (async () => {
    for await (const part of readLog(logFiles, path, { ...plain, follow: true }, source, new AbortController().signal))
      text += Buffer.from(part)
  })()
  await until(() => text === 'one\n')
  appendFileSync(path, `${at(2)} stdout F two\n${at(2)} stdout F thr`)
  await until(() => text === 'one\ntwo\n')
  appendFileSync(path, `ee\n`)
  await until(() => text === 'one\ntwo\nthree\n')
  renameSync(path, `${path}.old`)
  appendFileSync(`${path}.old`, `${at(3)} stdout F last of old\n`)
  writeFileSync(path, `${at(4)} stdout F first of new\n`)
  await until(() => text.endsWith('first of new\n'))
  appendFileSync(path, `${at(5)} stdout F bye\n`)
  running = false
  changed()
  await reading
  assert.equal(text, 'one\ntwo\nthree\nlast of old\nfirst of new\nbye\n')
})

test('a follower that leaves stops at once', async () => {
  const path = join(folder, 'left.log')
  writeFileSync(path, `${at(1)} stdout F one\n`)
  const stop = new AbortController()
  const reading = collect(path, { ...plain, follow: true }, { ...over, isRunning: () => true }, stop.signal)
  setImmediate(() => stop.abort())
  assert.ok(['', 'one\n'].includes(await reading))
})

test('rotates what is too big, keeps five files, and reopens', async () => {
  const directory = join(folder, 'rotating')
  const path = join(directory, '0.log')
  await nodeFiles.makeDirectory(directory, 0o755)
  const clock = steppedClock()
  const reopened: string[] = []
  const failures: unknown[] = []
  const manager = createLogManager({
    files: logFiles,
    runtime: {
      reopenLog: async (id) => {
        reopened.push(id)
        writeFileSync(path, '')
      },
    },
    clock,
    report: (error) => failures.push(error),
    maxBytes: 1000,
  })
  writeFileSync(path, 'x'.repeat(500))
  manager.track('c1', path)
  await until(() => clock.waiting() === 1)
  assert.deepEqual(reopened, [])
  for (let round = 1; round <= 7; round += 1) {
    appendFileSync(path, 'x'.repeat(2000))
    clock.step(10_000)
    await until(() => reopened.length === round && clock.waiting() === 1)
  }
  // Compression goes on beside it; a file and its compressed self stand together for a moment.
  await until(async () => {
    const names = await logFiles.list(directory)
    const compressed = names.filter((name) => name.endsWith('.gz')).length
    return names.length <= 5 && compressed >= 2 && names.length === compressed + 2
  })
  assert.deepEqual(failures, [])

  // It falls silent: no deadline is left, only the kernel's watch; a write brings the deadline back.
  clock.step(10_000)
  await until(() => clock.waiting() === 0)
  await delay(20)
  appendFileSync(path, 'y')
  await until(() => clock.waiting() === 1)

  manager.forget('c1')
  assert.equal(clock.waiting(), 0)
  await manager.remove(path)
  assert.deepEqual(await logFiles.list(directory), [])
  await manager.close()
})

test('a flood is rotated as fast as it comes, and what cannot be compressed in time is dropped', async () => {
  const directory = join(folder, 'flooding')
  const path = join(directory, '0.log')
  await nodeFiles.makeDirectory(directory, 0o755)
  const clock = steppedClock()
  const slow = Promise.withResolvers<void>()
  let reopened = 0
  const manager = createLogManager({
    files: { ...logFiles, compress: () => slow.promise },
    runtime: {
      reopenLog: async () => {
        reopened += 1
        writeFileSync(path, '')
      },
    },
    clock,
    report: (error) => assert.fail(String(error)),
    maxBytes: 1000,
  })
  writeFileSync(path, 'x')
  manager.track('c1', path)
  await until(() => clock.waiting() === 1)
  for (let round = 1; round <= 12; round += 1) {
    appendFileSync(path, 'x'.repeat(20_000))
    // The first look is an ordinary one; what it found makes the following come twice a second.
    clock.step(round === 1 ? 10_000 : 500)
    await until(() => reopened === round && clock.waiting() === 1)
    assert.ok((await logFiles.list(directory)).length <= 5)
  }
  slow.resolve()
  await manager.close()
})

test('gives the log its name back when the runtime does not reopen it', async () => {
  const directory = join(folder, 'stubborn')
  const path = join(directory, '0.log')
  await nodeFiles.makeDirectory(directory, 0o755)
  writeFileSync(path, 'x'.repeat(2000))
  const failures: unknown[] = []
  const manager = createLogManager({
    files: logFiles,
    runtime: { reopenLog: () => Promise.reject(new Error('no such container')) },
    clock: steppedClock(),
    report: (error) => failures.push(error),
    maxBytes: 1000,
  })
  manager.track('c1', path)
  await until(() => failures.length === 1)
  assert.deepEqual(await logFiles.list(directory), ['0.log'])
  await manager.close()
})

test('tail gives the end without the prefixes', async () => {
  const manager = createLogManager({
    files: logFiles,
    runtime: { reopenLog: async () => {} },
    clock: systemClock,
    report: (error) => assert.fail(String(error)),
  })
  const path = join(folder, 'tail.log')
  writeFileSync(path, three)
  assert.equal(await manager.tail(path, { lines: 2, bytes: 100 }), 'ee\n\n')
  assert.equal(await manager.tail(path, { lines: 5, bytes: 3 }), 'e\n\n')
  assert.equal(await manager.tail(join(folder, 'none'), { lines: 2, bytes: 100 }), '')
})

const over = { isRunning: () => false, onChange: () => () => {} }

function read(name: string, content: string, query: Partial<LogQuery>, expected: string): void {
  test(`reads ${name}`, async () => {
    const path = join(folder, 'read.log')
    writeFileSync(path, content)
    assert.equal(await collect(path, { ...plain, ...query }), expected)
  })
}

async function collect(path: string, query: LogQuery, source = over, signal = new AbortController().signal): Promise<string> {
  const parts = []
  for await (const part of readLog(logFiles, path, query, source, signal)) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 5000
  while (!(await condition())) {
    assert.ok(Date.now() < giveUpAt, 'waited 5 s in vain')
    await delay(2)
  }
}

/** Time that moves only when told to. */
function steppedClock() {
  let now = Date.parse('2026-01-02T03:04:05Z')
  const waiting = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    monotonicMs: () => now,
    schedule(due: number, run: () => void) {
      const entry = { at: due, run }
      waiting.add(entry)
      return () => waiting.delete(entry)
    },
    step(ms: number) {
      now += ms
      for (const entry of [...waiting]) {
        if (entry.at > now) continue
        waiting.delete(entry)
        entry.run()
      }
    },
    waiting: () => waiting.size,
  }
}
