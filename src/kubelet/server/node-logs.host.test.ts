import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { nodeLogs } from '#host/node-logs.ts'
import { isError, statusOf } from '#lib/errors.ts'
import { serveNodeLogs } from './node-logs.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-node-logs-'))
const logs = join(folder, 'log')
let server: Server
let isQueryEnabled = true

before(async () => {
  mkdirSync(join(logs, 'svc'), { recursive: true })
  writeFileSync(join(folder, 'secret'), 'secret')
  writeFileSync(join(logs, 'syslog'), '<b>0123456789')
  writeFileSync(join(logs, 'other.log'), 'of other\n')
  writeFileSync(join(logs, 'svc', 'svc.log'), 'of svc\n')
  writeFileSync(join(logs, 'a<b'), '')
  symlinkSync(join(folder, 'secret'), join(logs, 'out'))
  symlinkSync('syslog', join(logs, 'in'))
  symlinkSync('..', join(logs, 'up'))
  // Stands for journalctl(1): knows one service, and says what it was asked.
  const journalctl = join(folder, 'journalctl')
  writeFileSync(journalctl, '#!/bin/sh\nif [ "$1" = --field ]; then echo known.service; else echo "journal: $*"; fi\n')
  chmodSync(journalctl, 0o755)
  const shown = nodeLogs(logs, journalctl)
  server = createServer((request, response) => {
    const url = new URL(`http://node${request.url}`)
    serveNodeLogs({ nodeLogs: shown, isQueryEnabled, request, response, url }).catch((error: unknown) =>
      response.writeHead(isError(error) ? statusOf[error.code] : 500).end((error as Error).message),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

check(
  'a folder',
  '/logs/',
  200,
  /<a href="a%3Cb">a&lt;b<\/a>\n<a href="in">in<\/a>\n<a href="other.log">other.log<\/a>\n[\s\S]*<a href="svc\/">svc\/<\/a>/,
)
check('a folder without its slash', '/logs/svc', 301, /^$/)
check('a file, as it stands', '/logs/syslog', 200, /^<b>0123456789$/, {}, 'text/plain; charset=utf-8')
check('a part of it', '/logs/syslog', 206, /^01$/, { range: 'bytes=3-4' })
check('its end', '/logs/syslog', 206, /^89$/, { range: 'bytes=-2' })
check('past its end', '/logs/syslog', 416, /invalid range/, { range: 'bytes=99-' })
check('an empty file', '/logs/a%3Cb', 200, /^$/)
check('a link inside', '/logs/in', 200, /^<b>/)
check('no link out', '/logs/out', 404, /not found/)
check('no way up', '/logs/%2e%2e%2fsecret', 404, /not found/)
check('no way up by a link', '/logs/up/secret', 404, /not found/)
check('what is not there', '/logs/nothing', 404, /not found/)
check('a service that keeps a journal', '/logs/?query=known&tailLines=2', 200, /^journal: --utc .*--lines=2 --unit=known\n$/)
check('a service by its file', '/logs/?query=other', 200, /^of other\n$/)
check('a service by its folder', '/logs/?query=svc', 200, /^of svc\n$/)
check('a service that is not there', '/logs/?query=none', 200, /^\nlog not found for none\n$/)
check(
  'options with a file of a service',
  '/logs/?query=other&tailLines=1',
  200,
  /options present and query resolved to log files for \[other\]/,
)
check('a file by its path', '/logs/?query=/syslog', 200, /^<b>/)
check('a path beside a query', '/logs/syslog?query=other', 406, /path not allowed in query mode/)

test('without the setting, a query is nothing', async () => {
  isQueryEnabled = false
  assert.match(await (await ask('/logs/?query=known')).text(), /<pre>/)
  isQueryEnabled = true
})

function check(title: string, path: string, status: number, body: RegExp, headers: Record<string, string> = {}, type?: string): void {
  test(`node logs: ${title}`, async () => {
    const response = await ask(path, headers)
    assert.equal(response.status, status)
    assert.match(await response.text(), body)
    if (type !== undefined) assert.equal(response.headers.get('content-type'), type)
  })
}

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers, redirect: 'manual' })
