import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import { listener, route } from '../testing/models.ts'
import { settingsAt } from '../testing/settings.ts'
import { writeConfiguration } from './write-configuration.ts'

/** Who has a host of a port that ends TLS for some and passes it on for others. */

const settings = settingsAt('192.0.2.1')

const named = (hostname: string, createdMs: number, more: Partial<Route> = {}): Route =>
  route({ name: `r/ns/${createdMs}/0`, hostname, age: { createdMs, object: `ns/${createdMs}`, index: 0 }, ...more })

function check(name: string, ended: Partial<Listener>, passed: Route, hostname: string, whose: 'ended' | 'passed') {
  test(name, () => {
    const listeners = [
      listener({ name: 'ingress/https', port: 443, protocol: 'HTTPS', ...ended }),
      listener({
        name: 'gateway/ns/g/tls',
        group: 'gateway/ns/g',
        port: 443,
        protocol: 'TLS',
        wildcards: 'many labels',
        hostsFallThrough: true,
        routes: [{ ...passed, action: { do: 'forward', backends: [{ to: 'ns/db:443/tcp', weight: 1 }] } }],
      }),
    ]
    const { maps } = writeConfiguration({ listeners, backends: [], certificates: [] }, settings).configuration
    assert.equal(maps.get('maps/p443-names-prefixes.map')!.get(`${hostname}/`), whose === 'ended' ? 't_p443' : 'b_ns_db:443.tcp')
  })
}

const shown = (...hostnames: string[]) => ({ certificates: [{ certificate: 'ns/tls', hostnames }] })
check('the older route has a host', { ...shown('a.example'), routes: [named('a.example', 1)] }, named('a.example', 2), 'a.example', 'ended')
check('whichever it is', { ...shown('a.example'), routes: [named('a.example', 2)] }, named('a.example', 1), 'a.example', 'passed')
check(
  'the oldest of several speaks for all',
  { ...shown('a.example'), routes: [named('a.example', 3), named('a.example', 1)] },
  named('a.example', 2),
  'a.example',
  'ended',
)
check(
  'a certificate of a Secret may be for whatever host',
  { ...shown(), routes: [named('a.example', 1)] },
  named('a.example', 2),
  'a.example',
  'ended',
)
check('or for one label', { ...shown('*.example'), routes: [named('a.example', 1)] }, named('a.example', 2), 'a.example', 'ended')
check(
  'a host without a certificate is passed on',
  { ...shown('b.example'), routes: [named('a.example', 1)] },
  named('a.example', 2),
  'a.example',
  'passed',
)
check(
  'what the object itself names more precisely comes first',
  { ...shown('a.example'), routes: [named('a.example', 1, { rank: [4] })] },
  named('a.example', 2),
  'a.example',
  'passed',
)
check('a listener alone is what is left over', { ...shown(), hostname: 'a.example' }, named('a.example', 2), 'a.example', 'passed')
