/** Addresses and namespaces that nobody gives back, beside those that somebody has. Needs root and iproute2. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Runtime } from '#kubelet/runtime.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { collectLeaks, leakedAddresses } from './leaked-addresses.ts'
import { run } from './run.ts'

const directory = mkdtempSync(join(tmpdir(), 'podnet-leaks-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const now = Date.parse('2026-01-01T00:00:00Z')
const [old, young] = [now - 3_600_000, now - 1_000]

test('an address goes when its sandbox is forgotten, and nothing else does', async () => {
  const { options, network } = room('addresses')
  put(join(network, '10.1.0.2'), 'known\r\neth0', old)
  put(join(network, '10.1.0.3'), 'forgotten\r\neth0', old)
  put(join(network, 'fd00::3'), 'forgotten\r\neth0', old)
  put(join(network, '10.1.0.4'), 'in the making\r\neth0', young)
  put(join(network, 'last_reserved_ip.0'), '10.1.0.4', old)
  put(join(network, 'lock'), '', old)
  assert.deepEqual(await collectLeaks(options), { released: ['10.1.0.3', 'fd00::3'], hasYoung: true })
  assert.deepEqual(readdirSync(network), ['10.1.0.2', '10.1.0.4', 'last_reserved_ip.0', 'lock'])
  assert.deepEqual(await collectLeaks({ ...options, clock: createVirtualClock(now + 3_600_000) }), {
    released: ['10.1.0.4'],
    hasYoung: false,
  })
})

test('a namespace on our bridge that no sandbox has goes with its interface', async (t) => {
  const { options } = room('namespaces')
  const [bridge, lost, other] = [`pn${process.pid}`, `podnetlost${process.pid}`, `podnetother${process.pid}`]
  t.after(async () => {
    await run('ip', ['link', 'delete', bridge])
    for (const name of [lost, other]) if (existsSync(`/run/netns/${name}`)) await run('ip', ['netns', 'delete', name])
  })
  await run('ip', ['link', 'add', bridge, 'type', 'bridge'])
  for (const name of [lost, other]) {
    await run('ip', ['netns', 'add', name])
    await run('ip', ['link', 'add', `v${name.slice(6, 9)}${process.pid}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
  }
  await run('ip', ['link', 'set', `vlos${process.pid}`, 'master', bridge])
  assert.deepEqual(await collectLeaks({ ...options, bridge, clock: createVirtualClock(Date.now()) }), { released: [], hasYoung: true })
  assert.deepEqual(await collectLeaks({ ...options, bridge, clock: createVirtualClock(Date.now() + 3_600_000) }), {
    released: [lost],
    hasYoung: false,
  })
  assert.ok(!existsSync(`/run/netns/${lost}`))
  assert.ok(existsSync(`/run/netns/${other}`), 'one that hangs elsewhere is not ours')
})

test('looks a while after containerd was started, again while something is young, and not at all otherwise', async () => {
  const { options, network, clock } = room('later')
  put(join(network, '10.1.0.3'), 'forgotten\r\neth0', now + 60_000)
  const leaks = leakedAddresses(options)
  await clock.advance(3_600_000)
  assert.deepEqual(readdirSync(network), ['10.1.0.3'], 'nobody expected anything')
  put(join(network, '10.1.0.3'), 'forgotten\r\neth0', clock.now() + 60_000)
  leaks.expect()
  for (let round = 0; round < 100 && readdirSync(network).length > 0; round += 1) {
    await clock.advance(60_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(readdirSync(network), [])
  leaks.close()
})

function room(name: string) {
  const network = join(directory, name, 'cni', 'wherry')
  mkdirSync(network, { recursive: true })
  const clock = createVirtualClock(now)
  const runtime = { sandboxes: async () => [{ id: 'known' }] } as unknown as Pick<Runtime, 'sandboxes'>
  const options = {
    runtime,
    cniStateDirectory: join(directory, name, 'cni'),
    containerdState: join(directory, name, 'containerd'),
    bridge: 'no-bridge',
    clock,
    log: silentLog,
  }
  return { options, network, clock }
}

function put(file: string, text: string, at: number): void {
  writeFileSync(file, text)
  utimesSync(file, new Date(at), new Date(at))
}
