import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { receiveLog } from './haproxy-log.ts'

test('lines of several senders do not mix, the file stays within its bounds, and only requests are kept', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-log-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [socket, file] = [join(folder, 'log.sock'), join(folder, 'access.log')]
  const errors: unknown[] = []
  const open = () => receiveLog({ socket, file, limitBytes: 4_000, onError: (error) => errors.push(error) })
  let receiver = await open()
  const send = async (...parts: readonly string[]) => {
    const sender = connect(socket)
    for (const part of parts) await new Promise((resolve) => sender.write(part, resolve))
    return sender
  }
  const kept = () => [`${file}.1`, file].flatMap((path) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []))
  const until = async (condition: () => boolean) => {
    for (const end = Date.now() + 5_000; Date.now() < end && !condition(); ) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.ok(condition())
  }
  const half = await send('{"half":')
  await send('{"n":0}\n', 'Proxy p80 stopped (cumulated conns: FE: 2, BE: 0).\n', '{"n":1}\n')
  await until(() => kept().includes('{"n":1}'))
  half.write('1}\n')
  await until(() => kept().includes('{"half":1}'))
  assert.deepEqual(
    kept().map((line) => Object.keys(JSON.parse(line))[0]),
    ['n', 'n', 'half'],
  )

  const line = `{"n":2,"uri":"${'x'.repeat(180)}"}\n`
  for (let count = 0; count < 100; count += 1) half.write(line)
  half.write('{"last":1}\n')
  await until(() => kept().includes('{"last":1}'))
  for (const path of [file, `${file}.1`]) assert.ok(statSync(path).size <= 24_000)
  assert.equal(statSync(file).mode & 0o777, 0o600)

  // Who comes after takes the place of one that crashed, and goes on in the same file.
  await receiver.close()
  receiver = await open()
  await send('{"after":1}\n')
  await until(() => kept().includes('{"after":1}'))
  await receiver.close()
  assert.deepEqual(errors, [])
})
