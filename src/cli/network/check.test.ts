import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Node } from '#api/core/v1/node.ts'
import { createClient } from '#client/http.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { checkNetwork } from './check.ts'

const reason = new Error('stopped')
const isPod = (request: string): boolean => request.startsWith('POST') && request.endsWith('/pods')
const isNamespace = (request: string): boolean => request === 'POST /api/v1/namespaces'

check('while it waits for its pods', isPod)
check('while its first object is made', isNamespace)

/** Is stopped at the first request that is so: its namespace has to go, and nothing may come after that. */
function check(what: string, isMoment: (request: string) => boolean): void {
  test(`stopped ${what}, it leaves nothing behind`, { timeout: 20_000 }, async () => {
    const server = createStubServer()
    const client = createClient(server.transport)
    await client.create(Node, {
      metadata: { name: 'a' },
      status: { conditions: [{ type: 'Ready', status: 'True' }], addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
    })
    const stopping = new AbortController()
    const running = checkNetwork({
      client,
      transport: server.transport,
      clock: systemClock,
      random: systemRandom,
      image: 'probe:1',
      clusterDomain: 'cluster.local',
      mode: 'vxlan',
      patienceMs: 60_000,
      signal: stopping.signal,
    })
    const ended = assert.rejects(running, reason)
    while (!server.requests.some(isMoment)) await delay(1)
    stopping.abort(reason)
    await ended
    assert.deepEqual(server.objects('/api/v1/namespaces'), [])
    assert.match(
      server.requests.findLast((request) => !request.startsWith('GET')) ?? '',
      /^DELETE \/api\/v1\/namespaces\/wherry-network-check-/,
    )
  })
}
