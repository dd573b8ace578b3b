/** The real HAProxy on loopback, with real backends: what it decides, and what becomes of requests while it changes. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { request as httpsRequest, type Agent as TlsAgent } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { silentLog } from '#lib/log.ts'
import { configurationFiles } from '#router/haproxy/configuration-files.ts'
import { createProxy, type RoutingProxy } from '#router/haproxy/proxy.ts'
import { writeConfiguration } from '#router/haproxy/write-configuration.ts'
import type { Backend } from '#router/model/backend.ts'
import type { Certificate } from '#router/model/certificate.ts'
import type { Listener } from '#router/model/listener.ts'
import { routeProblem } from '#router/model/route-problem.ts'
import { emptyModel, type RouterModel } from '#router/model/router-model.ts'
import { decide } from '#router/testing/decide.ts'
import { haproxyPlacesIn } from '#router/testing/haproxy-places.ts'
import { anyRequest, backend, listener, modelsOver, route, type TestRequest } from '#router/testing/models.ts'
import { systemClock as clock } from './clock.ts'
import { startDaemon } from './daemon.ts'
import { createHaproxyHost, haproxySettings, haproxySockets, stopHaproxy } from './haproxy.ts'
import { askHaproxy } from './haproxy-socket.ts'
import { makeCertificate } from './pki/certificate.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-router-'))
const places = haproxyPlacesIn(folder)
const open = (settings = {}) => {
  const host = createHaproxyHost({ ...places, clock, log: silentLog })
  const proxy = createProxy({
    host,
    settings: { ...haproxySettings(places, ['127.0.0.1']), threads: 2, ...settings },
    clock,
    log: silentLog,
    reloadGapMs: 0,
  })
  return { host, proxy }
}
let { host, proxy } = open()
const bring = async (model: RouterModel, by: RoutingProxy = proxy): Promise<void> => {
  by.want(model)
  await by.settled()
  assert.ok(by.isServing, readFileSync(places.programLog, 'utf8'))
}

/** Backends that say who they are, and what they were asked. */
const servers: Server[] = []
async function serve(name: string, delayMs = 0): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    setTimeout(() => {
      outgoing.setHeader('x-backend', name)
      outgoing.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }))
    }, delayMs)
  })
  server.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return (server.address() as AddressInfo).port
}
const freePort = async (): Promise<number> => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}
/** On a connection of its own, unless an agent keeps some: a kept one may still belong to a worker that ends. */
function ask(port: number, request: Partial<TestRequest> = {}, agent: Agent | false = false): Promise<Answer> {
  const { host: name = 'a.example', path = '/', method = 'GET', headers = {}, query = {} } = request
  const search = Object.entries(query).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path: `${path}${search.length > 0 ? `?${search.join('&')}` : ''}`,
        method,
        headers: { ...headers, host: name },
        agent,
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.once('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

let ports: readonly number[] = []
let front = 0
before(async () => {
  ports = await Promise.all(['one', 'two', 'three'].map((name) => serve(name)))
  front = await freePort()
})
after(async () => {
  await proxy.close()
  await host.close()
  await stopHaproxy(places)
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(folder, { recursive: true, force: true })
})

const to = (...names: readonly string[]) => ({ do: 'forward', backends: names.map((name) => ({ to: name, weight: 1 })) }) as const
const model = (backends: readonly Backend[], ...listeners: readonly Partial<Listener>[]): RouterModel => ({
  backends,
  certificates: [],
  listeners: listeners.map((one) => listener({ port: front, ...one })),
})

describe('what HAProxy decides', () => {
  test('is what asking every route would decide, whatever it had to decide before', async () => {
    const backends = ['one', 'two', 'three'].map((name, index) => backend(`ns/${name}:80`, [ports[index]!]))
    const samples = fc.sample(modelsOver(backends, front), { numRuns: 25, seed: 8 })
    for (const [round, sample] of samples.entries()) {
      await bring(sample)
      for (const request of fc.sample(anyRequest, { numRuns: 40, seed: round })) {
        const wanted = decide(sample, front, request)
        const answer = await ask(front, request)
        const name = wanted?.action.do === 'forward' ? (wanted.action.backends[0]!.to as string).slice(3, -3) : undefined
        assert.equal(answer.headers['x-backend'], name, JSON.stringify({ request, wanted, status: answer.status }))
        if (name === undefined) assert.equal(answer.status, 404)
      }
    }
    assert.ok(proxy.counters.reloads > 5)
  })

  test('headers, paths and redirects are changed as they are told, and nothing in them is expanded', async () => {
    const value = `it's 100% "quoted" \\ $HOME %[src] #`
    const changes = { set: [{ name: 'x-set', value }], add: [{ name: 'x-add', value: '2' }], remove: ['x-gone'] }
    const rewritten = (path: string, change: { type: 'ReplaceFull' | 'ReplacePrefix'; value: string }) =>
      route({
        name: path,
        path: { type: 'Prefix', value: path },
        action: { ...to('ns/one:80'), rewrite: { hostname: 'inner.example', path: change } },
      })
    const redirected = (path: string, more: object) =>
      route({ name: path, path: { type: 'Prefix', value: path }, action: { do: 'redirect', status: 302, ...more } })
    await bring(
      model([backend('ns/one:80', [ports[0]!])], {
        routes: [
          route({ name: 'headers', action: { ...to('ns/one:80'), requestHeaders: changes, responseHeaders: changes } }),
          rewritten('/full', { type: 'ReplaceFull', value: '/new%20%5b' }),
          rewritten('/foo', { type: 'ReplacePrefix', value: '/xyz/' }),
          rewritten('/cut/', { type: 'ReplacePrefix', value: '/' }),
          redirected('/tls', { scheme: 'https' }),
          redirected('/there', { hostname: 'there.example', port: 8443, scheme: 'https', path: { type: 'ReplacePrefix', value: '/else' } }),
          redirected('/status', { status: 308, responseHeaders: changes }),
        ],
      }),
    )
    const seen = async (path: string, more = {}) => {
      const answer = await ask(front, { path, query: { q: '1' }, ...more })
      return { ...answer, ...(JSON.parse(answer.text) as { url: string; headers: Record<string, string> }), response: answer.headers }
    }
    const plain = await seen('/x', {
      headers: {
        'x-set': 'old',
        'x-add': '1',
        'x-gone': 'here',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        proxy: 'http://6.6.6.6',
      },
    })
    assert.equal(plain.headers['x-set'], value)
    assert.equal(plain.response['x-set'], value)
    assert.equal(plain.headers['x-add'], '1, 2')
    assert.equal(plain.headers['x-gone'], undefined)
    assert.deepEqual(
      ['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'proxy'].map((name) => plain.headers[name]),
      ['127.0.0.1', '127.0.0.1', 'http', 'a.example', undefined, undefined],
    )
    const urls = {
      '/full/x': '/new%20%5b',
      '/foo': '/xyz',
      '/foo/': '/xyz/',
      '/foo/bar': '/xyz/bar',
      '/cut': '/',
      '/cut/': '/',
      '/cut/b': '/b',
    }
    for (const [from, wanted] of Object.entries(urls)) assert.equal((await seen(from)).url, `${wanted}?q=1`, from)
    assert.equal((await seen('/foo')).headers.host, 'inner.example')
    const location = async (path: string) => (await ask(front, { path, query: { q: '1' } })).headers['location']
    assert.equal(await location('/tls/x'), 'https://a.example/tls/x?q=1')
    assert.equal(await location('/there/x'), 'https://there.example:8443/else/x?q=1')
    const answer = await ask(front, { path: '/status' })
    assert.deepEqual([answer.status, answer.headers['location'], answer.headers['x-set']], [308, `http://a.example:${front}/status`, value])
  })

  test('weights share out requests, and others need no reload', async () => {
    const backends = ['one', 'two'].map((name, index) => backend(`ns/${name}:80`, [ports[index]!]))
    const weighted = (one: number, two: number) =>
      model(backends, {
        routes: [
          route({
            name: 'weighted',
            action: {
              do: 'forward',
              backends: [
                { to: 'ns/one:80', weight: one },
                { to: 'ns/two:80', weight: two },
              ],
            },
          }),
          ...['one', 'two'].map((name) => route({ name, path: { type: 'Prefix', value: `/${name}` }, action: to(`ns/${name}:80`) })),
        ],
      })
    const share = async () => {
      const answers = await Promise.all(Array.from({ length: 400 }, () => ask(front)))
      return answers.filter(({ headers }) => headers['x-backend'] === 'two').length / answers.length
    }
    await bring(weighted(9, 1))
    const before = proxy.counters.reloads
    assert.ok(Math.abs((await share()) - 0.1) < 0.07)
    await bring(weighted(3, 7))
    assert.ok(Math.abs((await share()) - 0.7) < 0.1)
    await bring(weighted(0, 1))
    assert.equal(await share(), 1)
    assert.equal(proxy.counters.reloads, before)
    await bring(weighted(0, 0))
    assert.equal((await ask(front)).status, 500)
  })

  test('HTTP/2 without TLS comes in, and goes on to backends that speak it', async () => {
    const server = createHttp2Server((incoming, outgoing) => outgoing.end(`${incoming.httpVersion} ${incoming.headers[':authority']}`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const grpc: Backend = { name: 'ns/grpc:80/h2c', protocol: 'h2c', endpoints: [{ address: '127.0.0.1', port, state: 'ready' }] }
    await bring(
      model([grpc], { routes: [route({ name: 'grpc', action: { ...to('ns/grpc:80/h2c'), rewrite: { hostname: 'inner.example' } } })] }),
    )
    const session = connectHttp2(`http://127.0.0.1:${front}`)
    try {
      const text = await new Promise<string>((resolve, reject) => {
        const stream = session.request({ ':path': '/package.Service/Method', ':method': 'POST', ':authority': 'a.example' })
        let all = ''
        stream.setEncoding('utf8').on('data', (part: string) => {
          all += part
        })
        stream.once('end', () => resolve(all))
        stream.once('error', reject)
        stream.end()
      })
      assert.equal(text, '2.0 inner.example')
    } finally {
      session.close()
      server.close()
    }
  })

  test('a backend that is silent for too long is given up with 504, and a patient route waits longer than others', async () => {
    const slow = await serve('slow', 700)
    await proxy.close()
    await host.close()
    ;({ host, proxy } = open({ timeouts: { ...haproxySettings(places, []).timeouts, clientMs: 300, serverMs: 300 } }))
    const patient = (path: string, requestMs?: number) =>
      route({
        name: path,
        path: { type: 'Prefix', value: path },
        action: { ...to('ns/slow:80'), ...(requestMs !== undefined && { timeouts: { requestMs } }) },
      })
    await bring(
      model([backend('ns/slow:80', [slow])], {
        routes: [patient('/usual'), patient('/patient', 5_000), patient('/endless', 0), patient('/short', 50)],
      }),
    )
    const statusOf = async (path: string) => (await ask(front, { path })).status
    assert.deepEqual(await Promise.all(['/usual', '/patient', '/endless', '/short'].map(statusOf)), [504, 200, 200, 504])
    await proxy.close()
    await host.close()
    ;({ host, proxy } = open())
  })
})

describe('while it changes', () => {
  /** Requests one after the other on several connections, from now until told to end. */
  function load(
    t: TestContext,
    port: number,
    connections = 8,
  ): { stop(): Promise<{ readonly count: number; readonly bad: readonly string[] }> } {
    const agent = new Agent({ keepAlive: true, maxSockets: connections })
    const bad: string[] = []
    let count = 0
    let isOver = false
    t.after(() => {
      isOver = true
    })
    const clients = Array.from({ length: connections }, async () => {
      while (!isOver) {
        const said = await ask(port, {}, agent).then(
          ({ status }) => (status === 200 ? undefined : `status ${status}`),
          (error: Error) => error.message,
        )
        count += 1
        if (said !== undefined) bad.push(said)
      }
    })
    return {
      async stop() {
        isOver = true
        await Promise.all(clients)
        agent.destroy()
        return { count, bad }
      },
    }
  }

  test('endpoints come, drain and go without a reload and without a failed request', async (t) => {
    const all = (endpoints: readonly number[], draining: readonly number[] = []) =>
      model([backend('ns/web:80', endpoints, draining)], { routes: [route({ name: 'web', action: to('ns/web:80') })] })
    await bring(all([ports[0]!]))
    const { reloads } = proxy.counters
    const running = load(t, front)
    for (let round = 0; round < 5; round += 1) {
      const going = await serve(`going ${round}`, 5)
      const server = servers.at(-1)!
      await bring(all([ports[0]!, going]))
      await waitFor(async () => (await ask(front)).headers['x-backend'] === `going ${round}`)
      await bring(all([ports[0]!, going], [going]))
      await bring(all([ports[0]!]))
      // As a pod ends: no new connections, and what is under way is finished.
      let isClosed = false
      server.close(() => {
        isClosed = true
      })
      await waitFor(() => {
        server.closeIdleConnections()
        return isClosed
      })
    }
    const { count, bad } = await running.stop()
    assert.deepEqual(bad, [])
    assert.ok(count > 200, String(count))
    assert.equal(proxy.counters.reloads, reloads)
    await waitFor(
      async () =>
        !(await askHaproxy(join(places.runDirectory, 'admin.sock'), 'show servers state b_ns_web:80')).includes(' b_ns_web:80 2 '),
    )
  })

  test('a request under way at a draining endpoint is finished, and no new one gets there', async () => {
    const slow = await serve('slow', 600)
    const all = (draining: readonly number[]) =>
      model([backend('ns/web:80', [ports[0]!, slow], draining)], { routes: [route({ name: 'web', action: to('ns/web:80') })] })
    await bring(all([ports[0]!]))
    const early = ask(front)
    await waitFor(async () =>
      / b_ns_web:80 \d+ 127\.0\.0\.1-\d+/.test(await askHaproxy(join(places.runDirectory, 'admin.sock'), 'show servers state b_ns_web:80')),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    await bring(all([slow]))
    for (let count = 0; count < 20; count += 1) assert.equal((await ask(front)).headers['x-backend'], 'one')
    assert.equal((await early).headers['x-backend'], 'slow')
  })

  test('a connection that does not come about is tried at another endpoint', async () => {
    const nobody = await freePort()
    await bring(model([backend('ns/web:80', [nobody, ports[0]!])], { routes: [route({ name: 'web', action: to('ns/web:80') })] }))
    for (let count = 0; count < 10; count += 1) assert.equal((await ask(front)).status, 200)
    await bring(model([backend('ns/web:80', [])], { routes: [route({ name: 'web', action: to('ns/web:80') })] }))
    assert.equal((await ask(front)).status, 503)
  })

  test('reloads lose neither a request nor an upgraded connection', async (t) => {
    const more = (count: number) =>
      model(
        [backend('ns/web:80', [ports[0]!]), ...Array.from({ length: count }, (_, index) => backend(`ns/more${index}:80`, [ports[1]!]))],
        {
          routes: [
            route({ name: 'web', action: to('ns/web:80') }),
            ...Array.from({ length: count }, (_, index) =>
              route({ name: `${index}`, hostname: `m${index}.example`, action: to(`ns/more${index}:80`) }),
            ),
          ],
        },
      )
    await bring(more(0))
    const before = proxy.counters.reloads
    const socket = connect(front, '127.0.0.1')
    let echoed = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      echoed += part
    })
    socket.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    await waitFor(() => echoed.includes('101'))
    const running = load(t, front)
    for (let count = 1; count <= 5; count += 1) {
      await bring(more(count))
      assert.equal((await ask(front, { host: `m${count - 1}.example` })).headers['x-backend'], 'two')
      const said = `still there ${count}`
      socket.write(said)
      await waitFor(() => echoed.includes(said))
    }
    const { count, bad } = await running.stop()
    socket.destroy()
    assert.deepEqual(bad, [])
    assert.ok(count > 100)
    assert.equal(proxy.counters.reloads, before + 5)
  })
})

describe('what users may write', () => {
  test('regular expressions that RE2 takes are taken, or refused before they get to HAProxy', async () => {
    const nasty = [
      ...[
        '[[=a=]]',
        '[[.a.]]',
        '\\x{10FFFF}',
        '[^\\x{100}]',
        '\\p{Kawi}',
        `(?P<${'n'.repeat(40)}>a)`,
        `(?:${'abcdefgh'.repeat(60)}){1000}`,
      ],
      ...[
        `(?:${'ab'.repeat(100)}){20}`,
        '(?i)a',
        '(?U)a+',
        'a{,5}',
        `${'(a|'.repeat(120)}b${')'.repeat(120)}`,
        "'",
        '"',
        '#',
        '%[src]',
        '$',
        '\\\\',
      ],
    ]
    const routes = nasty
      .map((value, index) =>
        route({ name: `ingress/ns/nasty${index}/0`, path: { type: 'RegularExpression', value: `/${value}` }, action: to('ns/web:80') }),
      )
      .filter((one) => routeProblem(one) === undefined)
    assert.ok(routes.length >= 12)
    await bring(model([backend('ns/web:80', [ports[0]!])], { routes }))
    assert.equal((await ask(front, { path: '/=]' })).status, 200)
    assert.equal((await ask(front, { path: '/x' })).status, 404)
    const { configuration } = writeConfiguration(
      model([backend('ns/web:80', [ports[0]!])], { routes }),
      haproxySettings(places, ['127.0.0.1']),
    )
    const refusal = await host.refusal(async (directory) => {
      const there = [...configurationFiles(configuration, directory)]
      return new Map(there.map(([name, text]) => [name, text.replaceAll(places.directory, directory)]))
    })
    assert.equal(refusal, undefined)
  })

  test('a path with whatever characters comes and goes by commands', async () => {
    const plain = route({ name: 'ingress/ns/plain/0', path: { type: 'Exact', value: '/plain' }, action: to('ns/web:80') })
    const paths = ['/a<<', '/<<b', '/a;b', "/a'b", '/a"b', '/a\\', '/a\\b', '/$HOME', '/a%20b', '/a,b|c', '/<<']
    await bring(model([backend('ns/web:80', [ports[0]!])], { routes: [plain] }))
    const { reloads } = proxy.counters
    for (const value of paths) {
      const own = route({ name: 'ingress/ns/own/0', path: { type: 'Exact', value }, action: to('ns/web:80') })
      await bring(model([backend('ns/web:80', [ports[0]!])], { routes: [plain, own] }))
      assert.equal((await ask(front, { path: value })).status, 200, value)
      await bring(model([backend('ns/web:80', [ports[0]!])], { routes: [plain] }))
      assert.equal((await ask(front, { path: value })).status, 404, value)
    }
    assert.equal(proxy.counters.reloads, reloads)
  })

  test('no client changes over to HTTP/2 behind the back of the routes', async () => {
    const server = createServer()
    // Whatever it is asked to change over to, it says what that was, and stays with HTTP/1.1.
    server.on('upgrade', ({ headers }, socket) => {
      socket.on('error', () => {})
      const text = JSON.stringify([headers['upgrade'], headers['http2-settings'] ?? ''])
      socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    const port = (server.address() as AddressInfo).port
    await bring(model([backend('ns/web:80', [port])], { routes: [route({ name: 'web', action: to('ns/web:80') })] }))
    const asked = async (upgrade: string) => {
      const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade, 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' }
      const { status, text } = await ask(front, { headers })
      return [status, ...(JSON.parse(text) as string[])]
    }
    for (const upgrade of ['h2c', 'H2C', 'h2c, echo']) assert.deepEqual(await asked(upgrade), [200, 'none', ''], upgrade)
    assert.deepEqual(await asked('echo'), [200, 'echo', ''])
  })
})

describe('TLS', () => {
  const dayMs = 86_400_000
  const authority = makeCertificate({ commonName: 'test', usage: 'ca', notBefore: Date.now() - dayMs, notAfter: Date.now() + dayMs })
  const certificate = (name: string, dnsNames: readonly string[], commonName = name): Certificate => {
    const pair = makeCertificate(
      { commonName, dnsNames, usage: 'server', notBefore: Date.now() - dayMs, notAfter: Date.now() + dayMs },
      authority,
    )
    return { name: `ns/${name}`, chain: `${pair.certificate}${authority.certificate}`, key: pair.key }
  }
  /** Who a client of this name is shown, and how they speak. */
  const shown = (port: number, servername: string, agent?: TlsAgent): Promise<{ readonly name: string; readonly status: number }> =>
    new Promise((resolve, reject) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          servername,
          headers: { host: servername },
          ca: authority.certificate,
          rejectUnauthorized: false,
          agent: agent ?? false,
        },
        (answer) => {
          const { subject } = (answer.socket as TLSSocket).getPeerCertificate()
          answer.resume()
          answer.once('end', () => resolve({ name: subject.CN as string, status: answer.statusCode! }))
        },
      )
      sent.once('error', reject)
      sent.end()
    })

  test('names choose certificates; they come and change without a reload, and without a failed request', async () => {
    const port = await freePort()
    const secure = (certificates: readonly Certificate[], names: Readonly<Record<string, readonly string[]>>): RouterModel => ({
      ...model([backend('ns/web:80', [ports[0]!])], {}),
      certificates,
      listeners: [
        listener({
          port,
          protocol: 'HTTPS',
          certificates: Object.entries(names).map(([name, hostnames]) => ({ certificate: `ns/${name}`, hostnames })),
          routes: [route({ name: 'web', action: to('ns/web:80') })],
        }),
      ],
    })
    const [a, wild] = [certificate('a', ['a.example']), certificate('wild', ['*.b.example'])]
    await bring(secure([a], { a: ['a.example'] }))
    const { reloads } = proxy.counters
    assert.deepEqual(await shown(port, 'a.example'), { name: 'a', status: 200 })
    assert.equal((await shown(port, 'x.b.example')).name, 'wherry router default certificate')
    await bring(secure([a, wild], { a: ['a.example'], wild: ['*.b.example'] }))
    assert.equal((await shown(port, 'x.b.example')).name, 'wild')
    assert.equal((await shown(port, 'y.x.b.example')).name, 'wherry router default certificate')

    let isOver = false
    const bad: string[] = []
    const names = new Set<string>()
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver)
        await shown(port, 'a.example').then(
          ({ name, status }) => (status === 200 ? names.add(name) : bad.push(`status ${status}`)),
          (error: Error) => bad.push(error.message),
        )
    })
    for (let turn = 1; turn <= 5; turn += 1) {
      await bring(secure([certificate('a', ['a.example'], `a ${turn}`), wild], { a: ['a.example'], wild: ['*.b.example'] }))
      assert.equal((await shown(port, 'a.example')).name, `a ${turn}`)
    }
    isOver = true
    await Promise.all(clients)
    assert.deepEqual(bad, [])
    assert.ok(names.size >= 4)
    assert.equal(proxy.counters.reloads, reloads)

    const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'a.example', rejectUnauthorized: false })
    const status = await new Promise((resolve, reject) => {
      session.once('error', reject)
      const stream = session.request({ ':path': '/', ':authority': 'a.example' })
      stream.once('response', (headers) => resolve(headers[':status']))
      stream.resume()
      stream.end()
    })
    session.close()
    assert.equal(status, 200)

    // What is taken away is shown no more.
    await bring(secure([wild], { wild: ['*.b.example'] }))
    assert.equal((await shown(port, 'a.example')).name, 'wherry router default certificate')
  })

  test('what the program refuses is left out alone, the rest is served, and it is tried again once it changed', async () => {
    const port = await freePort()
    const good = { ...certificate('a', ['a.example']), name: 'ns/broken' }
    const using = (shownOne: Certificate, endpoint: number): RouterModel => ({
      backends: [backend('ns/web:80', [endpoint])],
      certificates: [shownOne],
      listeners: [
        listener({ port: front, routes: [route({ name: 'ingress/ns/web/0', action: to('ns/web:80') })] }),
        listener({
          name: 'tls',
          port,
          protocol: 'HTTPS',
          certificates: [{ certificate: 'ns/broken', hostnames: [] }],
          routes: [route({ name: 'ingress/ns/tls/0', action: to('ns/web:80') })],
        }),
      ],
    })
    // Nothing of the kind gets into a model; whatever does one day is met like this.
    const broken = { ...good, chain: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }
    await bring(using(broken, ports[0]!))
    assert.equal((await shown(port, 'a.example')).name, 'wherry router default certificate')
    assert.ok(!existsSync(`${places.directory}.trial`))
    assert.deepEqual([...proxy.refusals.keys()], ['certificate ns/broken'])
    // Whoever it belongs to reads it: no paths and numbers of ours.
    assert.match(proxy.refusals.get('certificate ns/broken')!, /^The proxy does not take it\. (?!.*(ALERT|\/tmp|trial)).*certificate/)
    await bring(using(broken, ports[1]!))
    assert.equal((await ask(front)).headers['x-backend'], 'two')
    await bring(using(good, ports[1]!))
    assert.equal((await shown(port, 'a.example')).name, 'a')
    assert.equal(proxy.refusals.size, 0)
  })

  test('what a trial that was cut short left behind is not read with the next one', async () => {
    await bring(model([], { routes: [route({ name: 'web' })] }))
    const left = join(`${places.directory}.trial`, 'backends')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, '99.cfg'), 'backend left\n  no such word\n')
    const { configuration } = writeConfiguration(model([], { routes: [] }), haproxySettings(places, ['127.0.0.1']))
    assert.equal(await host.refusal(async (directory) => configurationFiles(configuration, directory)), undefined)
    mkdirSync(left, { recursive: true })
    await bring(model([], { routes: [route({ name: 'other', hostname: 'b.example' })] }))
    assert.ok(!existsSync(left))
  })

  test('a route that the program refuses is named with its rule, and is served once it changed', async () => {
    // Longer than any line that HAProxy reads; `routeProblem` knows nothing of the sum of many values.
    const values = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, type: 'Exact' as const, value: 'v'.repeat(3_000) }))
    const routes = (count: number) => [
      route({ name: 'httproute/ns/web/0/0/', action: to('ns/web:80') }),
      route({ name: 'httproute/ns/long/0/0/a.example', hostname: 'a.example', action: to('ns/web:80') }),
      route({ name: 'httproute/ns/long/1/0/b.example', hostname: 'b.example', headers: values(count), action: to('ns/web:80') }),
    ]
    const told: number[] = []
    const forget = proxy.onChange(() => told.push(proxy.refusals.size))
    await bring(model([backend('ns/web:80', [ports[0]!])], { routes: routes(900) }))
    assert.deepEqual([...proxy.refusals.keys()], ['httproute/ns/long'])
    assert.match(proxy.refusals.get('httproute/ns/long')!, /^The proxy does not take it\. spec\.rules\[1\]: ./)
    assert.equal((await ask(front)).status, 200)
    await bring(model([backend('ns/web:80', [ports[0]!])], { routes: routes(1) }))
    assert.equal(proxy.refusals.size, 0)
    assert.deepEqual([told.at(0), told.at(-1)], [1, 0])
    forget()
  })
})

describe('its life', () => {
  const one = () => model([backend('ns/web:80', [ports[0]!])], { routes: [route({ name: 'web', action: to('ns/web:80') })] })
  const pidOf = () => (JSON.parse(readFileSync(places.pidFile, 'utf8')) as { pid: number }).pid

  test('who comes after us finds it at work, and reads nothing anew', async () => {
    await bring(one())
    const pid = pidOf()
    await proxy.close()
    await host.close()
    assert.equal((await ask(front)).status, 200)
    ;({ host, proxy } = open())
    await bring(one())
    assert.deepEqual([pidOf(), proxy.counters.starts, proxy.counters.reloads], [pid, 0, 0])
    // One that was left to us as we do not know it is brought there by a reload.
    rmSync(join(places.runDirectory, 'applied'))
    await proxy.close()
    await host.close()
    ;({ host, proxy } = open())
    await bring(one())
    assert.deepEqual([pidOf(), proxy.counters.starts, proxy.counters.reloads], [pid, 0, 1])
  })

  test('one that was told of other files is started anew: it would read those again', async () => {
    await bring(one())
    await proxy.close()
    await host.close()
    await stopHaproxy(places)
    rmSync(join(places.runDirectory, 'applied'))
    const { adminSocket, masterSocket } = haproxySockets(places)
    const other = join(folder, 'other.cfg')
    writeFileSync(
      other,
      `global\n  stats socket ${adminSocket} mode 600 level admin expose-fd listeners\nlisten other\n  mode http\n  bind 127.0.0.1:${await freePort()}\n`,
    )
    const args = ['-W', '-f', other, '-S', `${masterSocket},mode,600`]
    const { pid } = startDaemon({ command: 'haproxy', args, pidFile: places.pidFile, logFile: places.programLog })
    await waitFor(async () => existsSync(masterSocket) && existsSync(adminSocket))
    ;({ host, proxy } = open())
    await bring(one())
    assert.notEqual(pidOf(), pid)
    assert.equal((await ask(front)).status, 200)
  })

  test('one that died is started anew; one that has nothing to serve ends', async () => {
    await bring(one())
    const pid = pidOf()
    process.kill(pid, 'SIGKILL')
    await waitFor(
      async () =>
        existsSync(places.pidFile) &&
        pidOf() !== pid &&
        (await ask(front).then(
          ({ status }) => status === 200,
          () => false,
        )),
    )
    await bring(emptyModel)
    assert.ok(!existsSync(places.pidFile))
    assert.ok(!existsSync(join(places.directory, 'certificates')), 'keys of users')
    await assert.rejects(ask(front))
    await bring(one())
    assert.equal((await ask(front)).status, 200)
  })

  test('a reserved port is never had, a clock that was set back delays nothing, and a log that cannot be kept neither', async () => {
    const [reserved, port] = [await freePort(), await freePort()]
    const elsewhere = join(folder, 'elsewhere')
    const own = {
      directory: join(elsewhere, 'configuration'),
      runDirectory: join(elsewhere, 'run'),
      pidFile: join(elsewhere, 'run', 'pid'),
      // A folder stands where the file should.
      accessLog: folder,
      programLog: join(elsewhere, 'haproxy.log'),
    }
    let behindMs = 0
    const strange = {
      monotonicMs: () => clock.monotonicMs(),
      now: () => clock.now() - behindMs,
      schedule: (at: number, then: () => void) => clock.schedule(at + behindMs, then),
    }
    const host = createHaproxyHost({ ...own, clock: strange, log: silentLog })
    const reservedPorts = new Map([[reserved, 'tests']])
    const proxy = createProxy({
      host,
      settings: { ...haproxySettings(own, ['127.0.0.1']), threads: 1 },
      clock: strange,
      log: silentLog,
      reloadGapMs: 300,
      reservedPorts,
    })
    const at = (name: string): RouterModel => ({
      ...one(),
      backends: [backend(name, [ports[0]!])],
      listeners: [port, reserved].map((each) =>
        listener({ name: String(each), port: each, routes: [route({ name: 'ingress/ns/web/0', action: to(name) })] }),
      ),
    })
    try {
      await bring(at('ns/a:80'), proxy)
      assert.equal(proxy.portProblem(reserved), `port ${reserved} is reserved for tests`)
      assert.equal((await ask(port)).status, 200)
      await assert.rejects(ask(reserved))
      await bring(at('ns/b:80'), proxy)
      behindMs = 3_600_000
      await bring(at('ns/c:80'), proxy)
      assert.equal(proxy.counters.reloads, 2)
    } finally {
      await proxy.close()
      await host.close()
      await stopHaproxy(own)
    }
  })

  test('a port of another program is named, the others serve, and it is had once it is free', async () => {
    const other = createTcpServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const both = { ...one(), listeners: [...one().listeners, listener({ ...one().listeners[0]!, name: 'other', port })] }
    await bring(both)
    assert.match(proxy.portProblem(port) ?? '', /is in use by another program \(.*process \d+\)/)
    assert.equal(proxy.portProblem(front), undefined)
    assert.equal((await ask(front)).status, 200)
    await new Promise((resolve) => other.close(resolve))
    await bring({ ...both })
    assert.equal(proxy.portProblem(port), undefined)
    assert.equal((await ask(port)).status, 200)
  })

  test('each request is a line of JSON, whatever clients write; metrics are at a socket', async () => {
    await bring(one())
    const path = '/log"\\%0a%ff\u007f'
    await ask(front, { path, host: 'x"y\\.example' }).catch(() => {})
    await ask(front, { path: '/log/last' })
    const lines = () =>
      readFileSync(places.accessLog, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    await waitFor(() => lines().some(({ uri }) => uri === '/log/last'))
    const last = lines().find(({ uri }) => uri === '/log/last')!
    assert.deepEqual(
      [last['client'], last['method'], last['host'], last['status'], last['backend'], last['endpoint']],
      ['127.0.0.1', 'GET', 'a.example', 200, 'b_ns_web:80', `127.0.0.1-${ports[0]}`],
    )
    const metrics = await new Promise<string>((resolve, reject) => {
      httpRequest({ socketPath: join(places.runDirectory, 'metrics.sock'), path: '/metrics' }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.once('end', () => resolve(text))
      })
        .once('error', reject)
        .end()
    })
    assert.match(metrics, /haproxy_backend_http_responses_total\{proxy="b_ns_web:80",code="2xx"\} \d+/)
  })

  test('the certificate of names that have none is a file of ours alone', () => {
    assert.match(readFileSync(join(places.directory, 'certificates', 'default.pem'), 'utf8'), /BEGIN CERTIFICATE/)
  })
})

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 8_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (await condition()) return
  throw new Error(`never came true: ${condition}`)
}
