import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { machineNameServers, nameServersOf } from './resolv-conf.ts'

test('name servers of a resolv.conf(5)', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nameserver 192.0.2.1\n', ['192.0.2.1']],
    ['# nameserver 192.0.2.9\n;nameserver 192.0.2.8\n nameserver\t192.0.2.1 \nsearch example', ['192.0.2.1']],
    ['nameserver 2001:db8::1\nnameserver fe80::1%eth0', ['2001:db8::1', 'fe80::1%eth0']],
    ['nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4', ['1.1.1.1', '1.1.1.2', '1.1.1.3']],
    ['nameserver dns.example\nnameserver 192.0.2.1:54\nnameserver [2001:db8::1]:53', []],
    ['', []],
  ]
  for (const [text, expected] of cases) assert.deepEqual(nameServersOf(text), expected, text)
})

test('a network that becomes another brings other name servers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'resolv-conf-'))
  const file = join(folder, 'resolv.conf')
  writeFileSync(file, 'nameserver 192.0.2.1\n')
  const servers = machineNameServers(silentLog, file)
  assert.deepEqual(servers.current(), ['192.0.2.1'])
  const changed = Promise.withResolvers<void>()
  const stop = servers.watch(changed.resolve)
  writeFileSync(`${file}.new`, 'nameserver 192.0.2.2\n')
  renameSync(`${file}.new`, file)
  await changed.promise
  assert.deepEqual(servers.current(), ['192.0.2.2'])
  stop()
  rmSync(folder, { recursive: true })
  assert.deepEqual(machineNameServers(silentLog, join(folder, 'gone')).current(), [])
})
