import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '#client/http.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { now, worldOf } from './gateway/testing.ts'
import { createGatewayTranslator } from './gateway/translate-gateways.ts'
import { createProxy } from './haproxy/proxy.ts'
import type { ProxyHost } from './haproxy/proxy-host.ts'
import { startRouter } from './router.ts'
import { settingsAt } from './testing/settings.ts'

/** What the proxy says of a model leads to another look, and that one must come to the same model, or there is no end to it. */

const manifests = (port: number, path = '/') => `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: other, port: ${port}, protocol: HTTP }
---
kind: HTTPRoute
metadata: { name: r }
spec: { parentRefs: [{ name: web }], rules: [{ matches: [{ path: { type: PathPrefix, value: ${path} } }] }] }
---
kind: HTTPRoute
metadata: { name: good }
spec: { parentRefs: [{ name: web }], hostnames: [good.example] }
`

function check(
  name: string,
  text: string,
  wanted: { readonly problem?: string; readonly refused?: readonly string[]; readonly bound?: RegExp },
) {
  test(name, async (t) => {
    const { router, proxy, host, looks, pass } = start(text)
    t.after(() => router.stop())
    await pass(5_000)
    const before = [looks(), host.tries()]
    await pass(60_000)
    assert.deepEqual([looks(), host.tries()], before, 'looks, and starts or reloads, while nothing changes')
    assert.ok(looks() < 8, `${looks()} looks`)
    assert.equal(proxy.portProblem(443) ?? proxy.portProblem(6443), wanted.problem)
    assert.deepEqual([...proxy.refusals.keys()], wanted.refused ?? [])
    assert.match(host.serves(), /good\.example/)
    assert.match(host.serves(), wanted.bound ?? /bind 192\.0\.2\.2:80$/m)
    assert.doesNotMatch(host.serves(), /bind 192\.0\.2\.1:443$/m)
  })
}

check('a port that is free is had', manifests(81), {})
check('a reserved port is told of once', manifests(6443), { problem: 'port 6443 is reserved for the API server' })
check('a port of another program is told of once', manifests(443), { problem: 'another has it' })
check('a route that is refused is left out once', manifests(81, '/bad'), { refused: ['httproute/default/r'] })
check('a route that is refused, at a port of another program as well', manifests(443, '/bad'), {
  problem: 'another has it',
  refused: ['httproute/default/r'],
})

const narrow = `---
kind: Gateway
metadata: { name: narrow }
spec:
  gatewayClassName: wherry
  addresses: [{ type: IPAddress, value: 192.0.2.2 }]
  listeners: [{ name: http, port: 443, protocol: HTTP }]
`
check('a port that another program has at one address is had at the other', manifests(443) + narrow, {
  problem: 'another has it',
  bound: /bind 192\.0\.2\.2:443$/m,
})

function start(text: string) {
  const clock = createVirtualClock(0)
  const host = testHost()
  const settings = settingsAt('192.0.2.1', '192.0.2.2')
  const proxy = createProxy({ host, settings, clock, log: silentLog, reservedPorts: new Map([[6443, 'the API server']]) })
  const translate = createGatewayTranslator()
  const world = worldOf(text)
  let looks = 0
  const router = startRouter({
    parts: [
      {
        name: 'gateway',
        synced: async () => {},
        isNeeded: true,
        onChange: () => () => {},
        translate(view) {
          looks += 1
          // What goes round without waiting for anything would keep the test from ever failing.
          if (looks > 200) void router.stop()
          return translate({ ...world, ...view }, now)
        },
        close: async () => {},
      },
    ],
    proxy,
    client: createClient(createStubServer().transport),
    recorder: { record() {} },
    clock,
    random: seededRandom(1),
    log: silentLog,
    addresses: settings.addresses,
  })
  return {
    router,
    proxy,
    host,
    looks: () => looks,
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 500) {
        for (let turn = 0; turn < 20; turn += 1) await turnOver()
        await clock.advance(500)
      }
    },
  }
}

/** Takes everything but the path `/bad`; another program has port 443 of the first address. */
function testHost(): ProxyHost & { tries(): number; serves(): string } {
  const isBad = (files: ReadonlyMap<string, string>): boolean => files.values().some((text) => text.includes('/bad'))
  let files: ReadonlyMap<string, string> = new Map()
  let served: ReadonlyMap<string, string> | undefined
  let tries = 0
  const takeUp = async (): Promise<void> => {
    tries += 1
    await turnOver()
    if (isBad(files)) throw new Error('refused')
    served = files
  }
  return {
    isRunning: () => served !== undefined,
    applied: () => undefined,
    noteApplied() {},
    async writeFiles(next) {
      files = next
    },
    start: takeUp,
    reload: takeUp,
    async adopt() {},
    refusal: async (filesAt) => (isBad(await filesAt('/trial')) ? 'it is bad' : undefined),
    async stop() {
      served = undefined
    },
    command: async () => '',
    async portHolder(address, port) {
      await turnOver()
      return address === '192.0.2.1' && port === 443 ? 'another has it' : undefined
    },
    onExit: () => () => {},
    tries: () => tries,
    serves: () => [...(served ?? [])].map(([name, text]) => `${name}\n${text}`).join('\n'),
  }
}

const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
