import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { createKubeletServer, type KubeletServer, type KubeletServerOptions } from './kubelet-server.ts'
import { routeOf } from './routes.ts'
import { testServerOptions } from './test-server-options.ts'

const checkpoints: string[] = []
async function checkpointContainer(id: string, location: string, timeoutMs: number): Promise<void> {
  if (timeoutMs === 7000) throw new Error('no CRIU here')
  checkpoints.push(`${id} ${location.replace(/-2\d{3}-.*Z/, '-<time>')} ${timeoutMs}`)
}
const execSync = async (_id: string, command: readonly string[]) => ({
  exitCode: command[0] === 'fail' ? 3 : 0,
  stdout: Buffer.from('out'),
  stderr: Buffer.from('err'),
})

const options: KubeletServerOptions = {
  ...testServerOptions({ checkpointContainer, execSync }),
  checkpointDirectory: '/checkpoints',
  flags: { 'root-dir': '/var/lib/kubelet', 'node-ip': '192.0.2.1' },
}

let server: KubeletServer
let port = 0
before(async () => {
  server = createKubeletServer(options)
  port = await server.listen(0, '127.0.0.1')
})
after(() => server.close())

test('TLS is spoken in the versions and suites that are named', async (t) => {
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'
  for (const [tls, version, expected] of [
    [{ tlsMinVersion: 'VersionTLS13' }, 'TLSv1.2', 'refused'],
    [{ tlsMinVersion: 'VersionTLS13' }, 'TLSv1.3', /^TLS_/],
    [{ tlsCipherSuites: [suite] }, 'TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    [{ tlsCipherSuites: [suite] }, 'TLSv1.3', /^TLS_/],
  ] as const) {
    const other = createKubeletServer({ ...options, serving: tls })
    t.after(() => other.close())
    const where = { host: '127.0.0.1', port: await other.listen(0, '127.0.0.1'), rejectUnauthorized: false }
    const socket = connect({ ...where, minVersion: version, maxVersion: version })
    const met = await once(socket, 'secureConnect').then(
      () => socket.getCipher().name,
      () => 'refused',
    )
    socket.destroy()
    assert.match(met, typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected, `${JSON.stringify(tls)} ${version}`)
  }
})

const token = 'Authorization: Bearer good'
const upgrade = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1'
check('a stranger is not let in', 'GET /pods', [], 401)
check('who is known gets what there is', 'GET /pods', [token], 200)
// An error here would end the agent, and with it the node: anybody could ask for it.
check('a path that is no address', 'GET //', [], 401)
check('a path that is no address, from somebody known', 'GET //', [token], 404)
check('a broken host in the path', 'GET //[', [token], 404)
check('a whole address', 'GET http://[::/pods', [token], 404)
check('no path at all', 'OPTIONS *', [token], 404)
check('a broken escape', 'GET /containerLogs/%zz/a/b', [token], 400)
check('an upgrade of a path that is no address', 'GET //[', [token, upgrade], 404)
check('an upgrade with a broken escape', 'GET /exec/%zz/a/b', [token, upgrade], 400)
check('and it still serves', 'GET /pods', [token], 200)
check('health', 'GET /healthz', [token], 200, /\r\n\r\n(2\r\n)?ok/)
check('one check of it', 'GET /healthz/syncloop', [token], 200, /ok/)
check('no such check', 'GET /healthz/nothing', [token], 404)
check('all checks', 'GET /healthz?verbose', [token], 200, /\[\+\]ping ok\n\[\+\]log ok\n\[\+\]syncloop ok\nhealthz check passed\n/)
check('all but one', 'GET /healthz?verbose&exclude=log', [token], 200, /\[\+\]ping ok\n\[\+\]syncloop ok\n/)
check('a checkpoint', 'POST /checkpoint/ns/p/c?timeout=1&timeout=2', [token], 200, /"\/checkpoints\/checkpoint-p_ns-c-2.*\.tar"/)
check('a checkpoint of no pod', 'POST /checkpoint/ns/q/c', [token], 404, /pod does not exist/)
check('a checkpoint of no container', 'POST /checkpoint/ns/p/d', [token], 404, /container d does not exist/)
check(
  'a checkpoint of what does not run',
  'POST /checkpoint/ns/p/waiting',
  [token],
  500,
  /ns\/p\/waiting failed \(container waiting not found\)/,
)
check('a checkpoint with a wrong time', 'POST /checkpoint/ns/p/c?timeout=x', [token], 404, /cannot parse value of timeout parameter/)
check('a checkpoint that fails', 'POST /checkpoint/ns/p/c?timeout=7', [token], 500, /checkpointing of ns\/p\/c failed \(no CRIU here\)/)
check('a checkpoint by reading', 'GET /checkpoint/ns/p/c', [token], 404)
check('a command', 'POST /run/ns/p/c?cmd=ls', [token], 200, /application\/json[\s\S]*outerr/)
check('a command that fails', 'POST /run/ns/p/c?cmd=fail+now', [token], 500, /command 'fail now' exited with 3: err\n/)
check('how checks went', 'GET /metrics/slis', [token], 200, /kubernetes_healthcheck\{name="syncloop",type="healthz"\} 1\n/)
check('status for people', 'GET /statusz', [token], 200, /text\/plain[\s\S]*kubelet statusz\r?\n[\s\S]*Paths: \/configz \/flagz \/healthz/)
check('flags for people', 'GET /flagz', [token], 200, /kubelet flagz\n[\s\S]*node-ip:192.0.2.1\nroot-dir:\/var\/lib\/kubelet\n/)
const accept = (kind: string, version = 'v1beta1') => `Accept: application/json;v=${version};g=config.k8s.io;as=${kind}`
check('status for programs', 'GET /statusz', [token, accept('Statusz')], 200, /"kind":"Statusz","apiVersion":"config.k8s.io\/v1beta1"/)
check('flags for old programs', 'GET /flagz', [token, accept('Flagz', 'v1alpha1')], 200, /warning: 299[\s\S]*"root-dir"/i)
check('status in a form that there is not', 'GET /statusz', [token, 'Accept: application/json'], 406)
check('something below status', 'GET /statusz/more', [token], 404)
check('status for a stranger', 'GET /statusz', [], 401)
check('logs of a machine that shows none', 'GET /logs/', [token], 404)

test('one stream too many is told to come again', async (t) => {
  const full = createKubeletServer({ ...options, maxStreams: 0 })
  const socket = connect({ host: '127.0.0.1', port: await full.listen(0, '127.0.0.1'), rejectUnauthorized: false })
  t.after(() => full.close())
  await once(socket, 'secureConnect')
  socket.write(`${['GET /exec/ns/p/c HTTP/1.1', 'Host: node', upgrade, token].join('\r\n')}\r\n\r\n`)
  assert.match(await text(socket), /^HTTP\/1.1 429 .*[\s\S]*serves 0 streams already/)
})

test('a stream that nobody uses is ended', async (t) => {
  const impatient = createKubeletServer({
    ...options,
    serving: { streamingConnectionIdleTimeout: '50ms' },
    // Never answers: the connection stays as silent as it began.
    authenticate: () => new Promise(() => {}),
  })
  const socket = connect({ host: '127.0.0.1', port: await impatient.listen(0, '127.0.0.1'), rejectUnauthorized: false })
  t.after(() => impatient.close())
  await once(socket, 'secureConnect')
  socket.write(`${['GET /exec/ns/p/c HTTP/1.1', 'Host: node', upgrade, token].join('\r\n')}\r\n\r\n`)
  assert.equal(await text(socket), '')
})

test('a checkpoint gets the container, its place, and the last of the times', () =>
  assert.deepEqual(checkpoints, ['c-id /checkpoints/checkpoint-p_ns-c-<time>.tar 2000']))

test('what an operator turned off is refused', () => {
  for (const path of ['/run/a/b/c', '/exec/a/b/c', '/containerLogs/a/b/c', '/runningpods/', '/logs/', '/statusz', '/flagz'])
    assert.throws(() => routeOf('GET', path, { enableDebuggingHandlers: false }), { message: 'Debug endpoints are disabled.' })
  for (const path of ['/pods', '/healthz', '/metrics', '/stats/summary'])
    assert.ok(routeOf('GET', path, { enableDebuggingHandlers: false }))
  const off = routeOf('GET', '/logs/', { enableSystemLogHandler: false })
  assert.throws(() => off({ serving: { enableSystemLogHandler: false } } as never), { message: 'logs endpoint is disabled.' })
})

/** Sends this request line as it stands: a client library would put it right first. */
function check(name: string, line: string, headers: readonly string[], status: number, body = /^/): void {
  test(name, async () => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const close = headers.includes(upgrade) ? [] : ['Connection: close']
    socket.write(`${[`${line} HTTP/1.1`, 'Host: node', ...close, ...headers].join('\r\n')}\r\n\r\n`)
    const answer = await text(socket)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(answer, body)
  })
}
