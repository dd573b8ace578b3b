import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { systemClock } from '#host/clock.ts'
import { logFiles } from '#host/files.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { createAuthenticate } from './authentication.ts'
import { apiServerUser, createAuthorize } from './authorization.ts'
import { createKubeletServer } from './kubelet-server.ts'
import { missingForNode, startNode } from './test-node-fixture.ts'

/**
 * The real kubectl against the kubelet's server. Between them stands as little of an API server as it takes: it shows the pod and relays
 * the bytes of an upgrade with the path written anew.
 */
const run = promisify(execFile)
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 }
const ca = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
const serving = makeCertificate({ commonName: 'node', usage: 'server', addresses: ['127.0.0.1'], ...validity }, ca)
const apiServer = makeCertificate({ commonName: apiServerUser, usage: 'client', ...validity }, ca)

const skip =
  missingForNode() ||
  (await run('kubectl', ['version', '--client']).then(
    () => false as const,
    () => 'needs kubectl',
  ))
let node: Awaited<ReturnType<typeof startNode>>
let kubelet: ReturnType<typeof createKubeletServer>
let api: Awaited<ReturnType<typeof startApi>>

before(async () => {
  if (skip) return
  node = await startNode()
  await node.runPod(
    'web',
    'mkdir /www; echo hello > /www/index.html; httpd -p 127.0.0.1:8080 -h /www; while read line; do echo "got $line"; done; sleep 1000000',
    { stdin: true },
  )
  kubelet = createKubeletServer({
    nodeName: 'node',
    pods: node.lookup,
    runtime: node.runtime,
    logFiles,
    authenticate: createAuthenticate({ clock: systemClock, reviewToken: async () => undefined }),
    authorize: createAuthorize({ clock: systemClock, review: async () => false }),
    certificate: { current: () => ({ ...serving, clientCa: ca.certificate }) },
    clock: systemClock,
    log: silentLog,
  })
  api = await startApi(await kubelet.listen(0, '127.0.0.1'))
})
after(async () => {
  if (skip) return
  api.close()
  await kubelet.close()
  await node.close()
})

for (const webSockets of ['true', 'false']) {
  const how = webSockets === 'true' ? 'WebSocket' : 'SPDY'
  const env = { ...process.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets }
  const kubectl = (...args: string[]): string[] => [
    '--server',
    api.url,
    '--kubeconfig',
    '/dev/null',
    '--cache-dir',
    join(node.folder, 'cache'),
    ...args,
  ]

  test(`kubectl exec over ${how}: output, exit code, input to its end`, { skip }, async () => {
    const done = await run('kubectl', kubectl('exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2'), { env })
    assert.deepEqual([done.stdout, done.stderr], ['out\n', 'err\n'])
    const failed = await run('kubectl', kubectl('exec', 'web', '--', 'sh', '-c', 'exit 42'), { env }).catch((error) => error)
    assert.equal(failed.code, 42)
    assert.match(failed.stderr, /command terminated with exit code 42/)
    const counted = run('kubectl', kubectl('exec', '-i', 'web', '--', 'wc', '-c'), { env })
    counted.child.stdin!.end(Buffer.alloc(3_000_000))
    assert.equal((await counted).stdout.trim(), '3000000')
    assert.ok(api.upgrades.at(-1)!.startsWith(webSockets === 'true' ? 'websocket' : 'SPDY'), api.upgrades.at(-1) ?? 'no upgrade')
  })

  test(`kubectl cp over ${how}, there and back`, { skip }, async () => {
    const folder = join(node.folder, `cp-${how}`)
    mkdirSync(folder)
    const content = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 7919) & 255))
    writeFileSync(join(folder, 'there'), content)
    await run('kubectl', kubectl('cp', join(folder, 'there'), `web:/tmp/${how}`), { env })
    await run('kubectl', kubectl('cp', `web:/tmp/${how}`, join(folder, 'back')), { env })
    assert.ok(readFileSync(join(folder, 'back')).equals(content))
  })

  test(`kubectl attach over ${how}`, { skip }, async () => {
    const attached = spawn('kubectl', kubectl('attach', '-i', 'web'), { env })
    let shown = ''
    attached.stdout.on('data', (part: Buffer) => (shown += part))
    attached.stdin.write(`${how}\n`)
    await until(() => shown.includes(`got ${how}\n`))
    attached.kill()
    await once(attached, 'exit')
  })

  test(`kubectl port-forward over ${how}, several connections at once`, { skip }, async () => {
    const forwarding = spawn('kubectl', kubectl('port-forward', 'pod/web', ':8080'), { env })
    let shown = ''
    forwarding.stdout.on('data', (part: Buffer) => (shown += part))
    forwarding.stderr.on('data', (part: Buffer) => (shown += part))
    await until(() => /127\.0\.0\.1:(\d+) ->/.test(shown))
    const port = /127\.0\.0\.1:(\d+) ->/.exec(shown)![1]
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())))
    assert.deepEqual(answers, Array(8).fill('hello\n'))
    assert.ok(api.upgrades.at(-1)!.startsWith(webSockets === 'true' ? 'websocket' : 'SPDY'), api.upgrades.at(-1) ?? 'no upgrade')
    forwarding.kill()
    await once(forwarding, 'exit')
  })
}

async function startApi(kubeletPort: number) {
  const upgrades: string[] = []
  const sockets = new Set<Socket>()
  const resource = (name: string, kind: string, verbs: string[]) => ({ name, singularName: '', namespaced: true, kind, verbs })
  const documents: Readonly<Record<string, () => unknown>> = {
    '/api': () => ({ kind: 'APIVersions', versions: ['v1'] }),
    '/apis': () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: [] }),
    '/api/v1': () => ({
      kind: 'APIResourceList',
      groupVersion: 'v1',
      resources: [
        resource('pods', 'Pod', ['get', 'list']),
        ...['exec', 'attach', 'portforward', 'log'].map((name) => resource(`pods/${name}`, 'Pod', ['create', 'get'])),
      ],
    }),
    '/api/v1/namespaces/default/pods/web': () => node.lookup.get('default', 'web')!.withStatus,
  }
  const server = createServer((request, response) => {
    const document = documents[new URL(request.url!, 'http://api').pathname]
    const body = JSON.stringify(
      document ? document() : { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' },
    )
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' }).end(body)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url!, 'http://api')
    const action = { exec: 'exec', attach: 'attach', portforward: 'portForward' }[url.pathname.split('/').at(-1)!]
    upgrades.push(`${request.headers.upgrade} ${request.headers['sec-websocket-protocol']}`)
    const lines = request.rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${request.rawHeaders[i + 1]}`] : []))
    const path = `/${action}/default/web${action === 'portForward' ? '' : '/main'}?${url.searchParams}`
    const upstream = connect(
      { host: '127.0.0.1', port: kubeletPort, ca: ca.certificate, key: apiServer.key, cert: apiServer.certificate },
      () => {
        upstream.write(`${request.method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
        upstream.write(head)
        upstream.pipe(socket).pipe(upstream)
      },
    )
    for (const one of [upstream, socket]) one.on('error', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    upgrades,
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 15_000
  while (!condition()) {
    assert.ok(Date.now() < giveUpAt, 'waited 15 s in vain')
    await delay(10)
  }
}
