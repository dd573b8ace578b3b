import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { createHaproxyHost, haproxySettings, stopHaproxy } from '#host/haproxy.ts'
import { silentLog } from '#lib/log.ts'
import { createProxy } from '../haproxy/proxy.ts'
import { haproxyPlacesIn } from '../testing/haproxy-places.ts'
import { listener, route } from '../testing/models.ts'

const address = '127.77.15.1'

/** Of a connection of its own; undefined: no answer within some seconds. */
const ask = (): Promise<number | undefined> =>
  new Promise((resolve) => {
    const options = {
      host: address,
      port: 443,
      servername: 'a.example',
      headers: { host: 'a.example' },
      rejectUnauthorized: false,
      agent: false,
    }
    const outgoing = request(options, (incoming) => incoming.resume().once('end', () => resolve(incoming.statusCode)))
    outgoing.setTimeout(8_000, () => outgoing.destroy())
    outgoing.once('error', () => resolve(undefined))
    outgoing.end()
  })

test('more clients at once than there may be are served one after the other, also where each comes in twice', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-crowd-'))
  const places = haproxyPlacesIn(folder)
  const host = createHaproxyHost({ ...places, clock: systemClock, log: silentLog })
  const settings = { ...haproxySettings(places, [address]), maxConnections: 40, threads: 1 }
  const proxy = createProxy({ host, settings, clock: systemClock, log: silentLog, reloadGapMs: 0 })
  t.after(async () => {
    await proxy.close()
    await host.close()
    await stopHaproxy(places)
    rmSync(folder, { recursive: true, force: true })
  })
  const ended = route({ name: 'ingress/ns/a/0', hostname: 'a.example', action: { do: 'answer', status: 503 } })
  proxy.want({
    backends: [],
    certificates: [],
    listeners: [
      listener({ name: 'ingress/https', port: 443, protocol: 'HTTPS', routes: [ended] }),
      listener({
        name: 'gateway/ns/g/tls',
        group: 'gateway/ns/g',
        port: 443,
        protocol: 'TLS',
        wildcards: 'many labels',
        hostname: 'b.example',
      }),
    ],
  })
  await proxy.settled()
  assert.ok(proxy.isServing)
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 80 }, ask))), new Set([503]))
})
