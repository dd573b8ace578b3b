import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { systemClock } from '#host/clock.ts'
import { logFiles } from '#host/files.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { statsHost } from '#host/stats/stats-host.ts'
import { SpdyConnection } from '#kubelet/streams/spdy-connection.ts'
import { silentLog } from '#lib/log.ts'
import { cgroupPath, podCgroup } from '../cgroups/cgroup-names.ts'
import { qosClass } from '../pod/qos.ts'
import { createStatsProvider } from '../stats/stats-provider.ts'
import type { Summary } from '../stats/summary.ts'
import { createAuthenticate } from './authentication.ts'
import { apiServerUser, createAuthorize } from './authorization.ts'
import type { KubeletServer } from './kubelet-server.ts'
import { createKubeletServer } from './kubelet-server.ts'
import { missingForNode, startNode } from './test-node-fixture.ts'

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 }
const ca = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
const otherCa = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
const serving = makeCertificate({ commonName: 'node', usage: 'server', addresses: ['127.0.0.1'], ...validity }, ca)
const apiServer = makeCertificate({ commonName: apiServerUser, usage: 'client', ...validity }, ca)
const stranger = makeCertificate({ commonName: apiServerUser, usage: 'client', ...validity }, otherCa)
const viewer = makeCertificate({ commonName: 'viewer', organizations: ['readers', 'others'], usage: 'client', ...validity }, ca)

const skip = missingForNode()
let node: Awaited<ReturnType<typeof startNode>>
let server: KubeletServer
let port = 0
const reviews: string[] = []

before(async () => {
  if (skip) return
  node = await startNode()
  // One service that only the pod itself can reach, one that sends back what it gets.
  await node.runPod(
    'main',
    'mkdir /www; echo hello > /www/index.html; httpd -p 127.0.0.1:8080 -h /www; echo started; nc -ll -p 8081 -e cat',
  )
  server = createKubeletServer({
    nodeName: 'node',
    pods: node.lookup,
    runtime: node.runtime,
    stats: createStatsProvider({
      nodeName: 'node',
      host: statsHost(systemClock),
      runtime: node.runtime,
      pods: node.lookup,
      volumes: {},
      rootDirectory: node.folder,
      podLogsDirectory: node.folder,
      groups: {
        pods: cgroupPath(['kubepods'], 'cgroupfs', node.cgroupRoot),
        ofPod: (pod) => cgroupPath(podCgroup(pod.metadata.uid, qosClass(pod)), 'cgroupfs', node.cgroupRoot),
      },
      clock: systemClock,
      log: silentLog,
    }),
    logFiles,
    authenticate: createAuthenticate({
      clock: systemClock,
      reviewToken: async (token) => {
        reviews.push(`token ${token}`)
        return token === 'good' ? { name: 'someone', groups: ['system:authenticated'] } : undefined
      },
    }),
    authorize: createAuthorize({
      clock: systemClock,
      review: async (user, verb, subresource) => {
        reviews.push(`${user.name} ${verb} ${subresource}`)
        return subresource === 'metrics' || subresource === 'healthz'
      },
    }),
    certificate: { current: () => ({ ...serving, clientCa: ca.certificate }) },
    clock: systemClock,
    log: silentLog,
  })
  port = await server.listen(0, '127.0.0.1')
})
after(async () => {
  if (skip) return
  await server.close()
  await node.close()
})

test('lets in whom it knows, and asks about nobody twice', { skip }, async () => {
  assert.equal((await get('/pods', {})).status, 401)
  assert.equal((await get('/pods', { key: stranger.key, cert: stranger.certificate })).status, 401)
  assert.equal((await get('/pods', {}, 'bad')).status, 401)
  assert.equal((await get('/metrics', {}, 'good')).status, 200)
  assert.equal((await get('/metrics', {}, 'good')).status, 200)
  assert.equal((await get('/pods', {}, 'good')).status, 403)
  assert.equal((await get('/healthz', { key: viewer.key, cert: viewer.certificate })).body, 'ok')
  assert.deepEqual(reviews, [
    'token bad',
    'token good',
    'someone get metrics',
    'someone get pods',
    'someone get proxy',
    'viewer get healthz',
  ])
  assert.equal((await get('/pods')).status, 200)
  assert.equal(reviews.length, 6, 'the API server itself is not asked about')
  assert.equal((await get('/nothing')).status, 404)
  const { status } = await upgradeFails('/exec/default/main/main?command=true&output=1', {})
  assert.equal(status, 401)
})

test('answers plain requests', { skip }, async () => {
  const pods = JSON.parse((await get('/pods')).body)
  assert.equal(pods.kind, 'PodList')
  assert.equal(pods.items[0].status.phase, 'Running')
  assert.match((await get('/metrics')).body, /kubelet_running_containers\{container_state="running"\} 1\n/)
  assert.equal((await get('/containerLogs/default/main/main')).body, 'started\n')
  assert.match((await get('/containerLogs/default/main/main?timestamps=true&tailLines=1')).body, /^\d{4}-.*Z started\n$/)
  assert.deepEqual(await get('/containerLogs/default/main/main?previous=true'), {
    status: 400,
    body: 'previous terminated container "main" in pod "main" not found\n',
  })
  assert.equal((await get('/containerLogs/default/none/main')).status, 404)
  assert.equal((await get('/containerLogs/default/main/none')).body, 'container "none" not found in pod "main"\n')
  assert.equal((await get('/containerLogs/default/main/main?tailLines=-1')).status, 422)
  assert.equal((await get('/exec/default/main/main?command=true&output=1')).status, 400)
  assert.equal((await get('/run/default/main/main?cmd=echo+hi', undefined, undefined, 'POST')).body, 'hi\n')
})

test('tells what node and pods use', { skip }, async () => {
  const { node: machine, pods } = JSON.parse((await get('/stats/summary')).body) as Summary
  const [pod] = pods
  const [container] = pod!.containers
  assert.deepEqual([machine.nodeName, pod!.podRef.name, container!.name], ['node', 'main', 'main'])
  assert.deepEqual(
    machine.systemContainers?.map(({ name }) => name),
    ['pods'],
  )
  for (const [what, value] of Object.entries({
    'the machine’s memory': machine.memory?.availableBytes,
    'its processors': machine.cpu?.usageCoreNanoSeconds,
    'its processors now': machine.cpu?.usageNanoCores,
    'its disk': machine.fs?.availableBytes,
    'its inodes': machine.fs?.inodesFree,
    'its images': machine.runtime?.imageFs?.capacityBytes,
    'its processes': machine.rlimit?.curproc,
    'the container’s memory': container!.memory?.workingSetBytes,
    'its processor time': container!.cpu?.usageCoreNanoSeconds,
    'its log': container!.logs?.usedBytes,
    'the pod’s memory': pod!.memory?.workingSetBytes,
    'its processes too': pod!.process_stats?.process_count,
  }))
    assert.ok(value! > 0, `${what}: ${value}`)
  assert.equal(typeof container!.cpu?.usageNanoCores, 'number')
  assert.equal(pod!.network?.name, 'eth0')
  assert.ok(pod!.memory!.workingSetBytes! >= container!.memory!.workingSetBytes!, 'the pod is at least its container')
  assert.ok(machine.systemContainers![0]!.memory!.usageBytes! >= pod!.memory!.usageBytes!, 'all pods are at least this one')
  const short = JSON.parse((await get('/stats/summary?only_cpu_and_memory=true')).body) as Summary
  assert.ok(short.pods[0]!.containers[0]!.memory!.workingSetBytes! > 0)
  assert.deepEqual([short.node.fs, short.pods[0]!.network, short.pods[0]!['ephemeral-storage']], [undefined, undefined, undefined])
  assert.equal((await get('/stats/container')).status, 404)
})

test('shows all four pages of metrics', { skip }, async () => {
  const page = async (path: string) => (await get(path)).body
  const resource = await page('/metrics/resource')
  assert.match(resource, /^node_memory_working_set_bytes \d\S* \d{13}$/m)
  assert.match(resource, /^container_cpu_usage_seconds_total\{container="main",namespace="default",pod="main"\} \S+ \d{13}$/m)
  assert.match(resource, /^pod_memory_working_set_bytes\{namespace="default",pod="main"\} \S+ \d{13}$/m)
  assert.match(resource, /^resource_scrape_error 0$/m)
  const cadvisor = await page('/metrics/cadvisor')
  assert.match(cadvisor, /^machine_memory_bytes\{boot_id="[^"]+",/m)
  assert.match(
    cadvisor,
    /^container_memory_working_set_bytes\{container="main",id="\/wherry-node-\d+\/kubepods\/besteffort\/poduid-main\/[0-9a-f]{64}",image="[^"]*",name="[0-9a-f]{64}",namespace="default",pod="main"\} \S+ \d{13}$/m,
  )
  assert.match(cadvisor, /^container_network_receive_bytes_total\{container="",id="[^"]+",image="",interface="eth0",name="[0-9a-f]{64}",/m)
  assert.match(cadvisor, /^container_cpu_usage_seconds_total\{container="",cpu="total",id="\/",image="",name="",namespace="",pod=""\} /m)
  assert.match(cadvisor, /^container_processes\{container="main",.*\} [1-9]/m)
  assert.match(await page('/metrics'), /^kubelet_container_log_filesystem_used_bytes\{/m)
  assert.match(await page('/metrics/probes'), /^process_start_time_seconds \S+$/m)
  assert.equal((await get('/metrics/other')).status, 404)
})

test('refuses an upgrade with the reference’s words', { skip }, async () => {
  const said = async (path: string) => (await upgradeFails(path)).body.trim()
  assert.equal(await said('/exec/default/none/main?command=true&output=1'), 'pod does not exist')
  assert.equal(await said('/exec/default/main/none?command=true&output=1'), 'container not found ("none")')
  assert.equal(await said('/exec/default/main/main?command=true'), 'you must specify at least 1 of stdin, stdout, stderr')
  assert.equal(await said('/exec/default/main/other-uid/main?command=true&output=1'), 'pod not found')
  const forwarding = await upgradeFails('/portForward/default/main?port=none', undefined, 'portforward.k8s.io')
  assert.match(forwarding.body, /"port" is required/)
})

for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', '']) {
  test(`exec over WebSocket ${protocol || 'without a protocol'}`, { skip }, async () => {
    const run = await webSocketExec(protocol, ['sh', '-c', 'echo out; echo err >&2; exit 3'])
    assert.equal(run.stdout, 'out\n')
    assert.equal(run.stderr, 'err\n')
    if (protocol.startsWith('v')) {
      const status = JSON.parse(run.error)
      assert.equal(status.reason, 'NonZeroExitCode')
      assert.deepEqual(status.details.causes, [{ reason: 'ExitCode', message: '3' }])
    } else assert.match(run.error, /command terminated with non-zero exit code/)
    assert.equal(run.code, 1000)
  })
}

test('WebSocket version 5 ends input of a running command', { skip }, async () => {
  const run = await webSocketExec('v5.channel.k8s.io', ['md5sum'], (socket) => {
    socket.send(Buffer.from([0, ...Buffer.from('hello')]))
    socket.send(Buffer.from([255, 0]))
  })
  assert.equal(run.stdout, '5d41402abc4b2a76b9719d911017c592  -\n')
  assert.equal(JSON.parse(run.error).status, 'Success')
})

for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', undefined]) {
  test(`exec over SPDY ${protocol ?? 'without a protocol'}`, { skip }, async () => {
    const run = await spdyExec(protocol, ['sh', '-c', 'cat; echo err >&2; exit 7'], 'input text')
    assert.equal(run.stdout, 'input text')
    assert.equal(run.stderr, 'err\n')
    if (/^v[45]/.test(protocol ?? '')) assert.deepEqual(JSON.parse(run.error).details.causes, [{ reason: 'ExitCode', message: '7' }])
    else assert.match(run.error, /exit code 7/)
  })
}

test('a client without a common protocol is told so', { skip }, async () => {
  assert.equal((await upgradeFails('/exec/default/main/main?command=true&output=1', undefined, 'v9.channel.k8s.io')).status, 403)
})

test('a terminal takes its size from the client', { skip }, async () => {
  const connection = await spdy('/exec/default/main/main?command=sh&input=1&output=1&tty=1', 'v4.channel.k8s.io')
  const error = connection.open({ streamtype: 'error' })
  const stdin = connection.open({ streamtype: 'stdin' })
  const stdout = connection.open({ streamtype: 'stdout' })
  const resize = connection.open({ streamtype: 'resize' })
  let shown = ''
  stdout.on('data', (part: Buffer) => (shown += part))
  resize.write('{"Width":123,"Height":45}\n')
  await until(() => shown.includes('#'))
  await delay(100)
  stdin.write('stty size; exit 4\n')
  const outcome = JSON.parse(await text(error))
  assert.match(shown, /45 123/)
  assert.equal(outcome.details.causes[0].message, '4')
  connection.close()
})

test('attach sees what the process writes and feeds what it reads', { skip }, async () => {
  await node.runPod('reader', 'while read line; do echo "got $line"; done; sleep 1000000', { stdin: true })
  const connection = await spdy('/attach/default/reader/main?input=1&output=1&error=1', 'v4.channel.k8s.io')
  connection.open({ streamtype: 'error' }).resume()
  const stdin = connection.open({ streamtype: 'stdin' })
  const stdout = connection.open({ streamtype: 'stdout' })
  connection.open({ streamtype: 'stderr' }).resume()
  let shown = ''
  stdout.on('data', (part: Buffer) => (shown += part))
  stdin.write('one\n')
  await until(() => shown === 'got one\n')
  stdin.write('two\n')
  await until(() => shown === 'got one\ngot two\n')
  connection.destroy()
})

test('a fast command does not fill memory while its client does not read', { skip }, async () => {
  const connection = await spdy('/exec/default/main/main?command=yes&output=1', 'v4.channel.k8s.io')
  connection.open({ streamtype: 'error' }).resume()
  const stdout = connection.open({ streamtype: 'stdout' })
  const before = process.memoryUsage().rss
  await delay(700)
  assert.ok(process.memoryUsage().rss - before < 64 << 20, 'back-pressure reaches the command')
  let sizeBytes = 0
  stdout.on('data', (part: Buffer) => (sizeBytes += part.length))
  await until(() => sizeBytes > 32 << 20)
  connection.destroy()
})

test('100 MB go through whole, in both directions', { skip }, async () => {
  const connection = await spdy('/exec/default/main/main?command=cat&input=1&output=1', 'v4.channel.k8s.io')
  const error = connection.open({ streamtype: 'error' })
  const stdin = connection.open({ streamtype: 'stdin' })
  const stdout = connection.open({ streamtype: 'stdout' })
  let sizeBytes = 0
  stdout.on('data', (part: Buffer) => (sizeBytes += part.length))
  const began = performance.now()
  const piece = Buffer.alloc(1 << 20, 'x')
  for (let i = 0; i < 100; i += 1) if (!stdin.write(piece)) await once(stdin, 'drain')
  stdin.end()
  assert.equal(JSON.parse(await text(error)).status, 'Success')
  assert.equal(sizeBytes, 100 << 20)
  console.log(`100 MB to a command and back: ${Math.round(performance.now() - began)} ms`)
  connection.close()
})

test('port-forward reaches a service on the pod’s loopback, and says when nobody listens', { skip }, async () => {
  const spdyConnection = await spdy('/portForward/default/main', 'portforward.k8s.io')
  assert.deepEqual(await forward(spdyConnection, '8080', '0'), { data: 'hello\n', error: '' })
  assert.deepEqual(await forward(spdyConnection, '8080', '1'), { data: 'hello\n', error: '' })
  const refused = await forward(spdyConnection, '9', '2')
  assert.match(refused.error, /connection refused/)
  spdyConnection.close()
})

test('port-forward by channels, ports in the query', { skip }, async () => {
  const socket = webSocket('/portForward/default/main?ports=8080&ports=9', 'v4.channel.k8s.io')
  const received: Buffer[] = [0, 1, 2, 3].map(() => Buffer.alloc(0))
  socket.on('message', (data: Buffer) => (received[data[0]!] = Buffer.concat([received[data[0]!]!, data.subarray(1)])))
  socket.once('open', () => socket.send(Buffer.from([0, ...Buffer.from('GET / HTTP/1.0\r\n\r\n')])))
  await until(() => received[0]!.length > 2 && received[3]!.length > 2)
  assert.equal(received[0]!.readUInt16LE(), 8080)
  await until(() => received[0]!.toString().endsWith('hello\n'))
  assert.equal(received[3]!.readUInt16LE(), 9)
  assert.match(received[3]!.toString('utf8', 2), /refused/)
  socket.terminate()
})

test('a followed log ends with its container, and a client that leaves is let go', { skip }, async () => {
  const pod = await node.runPod('talker', 'echo a; sleep 0.3; echo b; sleep 1000000')
  const following = get('/containerLogs/default/talker/main?follow=true')
  await delay(600)
  await node.runtime.stopContainer(pod.id, 0)
  pod.ended()
  assert.equal((await following).body, 'a\nb\n')
})

test('a thousand commands leave nothing behind', { skip, timeout: 300_000 }, async () => {
  const use = () => {
    globalThis.gc?.()
    return process.memoryUsage().rss
  }
  const rounds = Number(process.env.WHERRY_ROUNDS ?? 200)
  const { id } = await node.runPod('waiting', 'sleep 1000000', { stdin: true })
  const attach = async () => {
    const connection = await spdy('/attach/default/waiting/main?input=1&output=1', 'v4.channel.k8s.io')
    for (const type of ['error', 'stdout']) connection.open({ streamtype: type }).resume()
    await new Promise<void>((resolve) => connection.open({ streamtype: 'stdin' }).write('x', () => resolve()))
    connection.destroy()
  }
  for (let i = 0; i < 50; i += 1) await spdyExec('v4.channel.k8s.io', ['true'], '')
  const [before, handles] = [use(), process.getActiveResourcesInfo().length]
  const began = performance.now()
  for (let i = 0; i < rounds; i += 1) await (i % 2 === 0 ? spdyExec('v4.channel.k8s.io', ['true'], '') : attach())
  const tookMs = performance.now() - began
  await until(() => process.getActiveResourcesInfo().length <= handles + 5)
  const grownMb = (use() - before) / 1e6
  console.log(`${rounds} exec and attach: ${(tookMs / rounds).toFixed(1)} ms each, resident memory ${grownMb.toFixed(1)} MB more`)
  assert.ok(grownMb < 60, `grew by ${grownMb} MB`)
  assert.equal((await node.runtime.containerStatus(id)).state, 'running')
})

test('clients that break off in the middle are forgotten', { skip }, async () => {
  const handles = process.getActiveResourcesInfo().length
  for (let i = 0; i < 30; i += 1) {
    const connection = await spdy('/exec/default/main/main?command=cat&input=1&output=1', 'v4.channel.k8s.io')
    if (i % 3 > 0) connection.open({ streamtype: 'error' }).resume()
    if (i % 3 > 1) for (const type of ['stdin', 'stdout']) connection.open({ streamtype: type }).write('x')
    await delay(i % 3 > 1 ? 20 : 0)
    connection.destroy()
  }
  await until(() => process.getActiveResourcesInfo().length <= handles + 3)
})

// --- clients -----------------------------------------------------------------------------------------------------------------------

interface Identity {
  readonly key?: string
  readonly cert?: string
}
const apiIdentity: Identity = { key: apiServer.key, cert: apiServer.certificate }
const tls = (identity: Identity) => ({ host: '127.0.0.1', port, ca: ca.certificate, agent: false as const, ...identity })

async function get(path: string, identity = apiIdentity, token?: string, method = 'GET') {
  const ask = request({ ...tls(identity), path, method, headers: token ? { authorization: `Bearer ${token}` } : {} })
  ask.end()
  const [answer] = await once(ask, 'response')
  return { status: answer.statusCode as number, body: await text(answer) }
}

function upgradeRequest(path: string, identity: Identity, protocol: string | undefined) {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', ...(protocol !== undefined && { 'x-stream-protocol-version': protocol }) }
  const ask = request({ ...tls(identity), path, method: 'POST', headers })
  ask.end()
  return ask
}

async function upgradeFails(path: string, identity = apiIdentity, protocol = 'v4.channel.k8s.io') {
  const [answer] = await once(upgradeRequest(path, identity, protocol), 'response')
  return { status: answer.statusCode as number, body: await text(answer) }
}

async function spdy(path: string, protocol: string | undefined): Promise<SpdyConnection> {
  const ask = upgradeRequest(path, apiIdentity, protocol)
  const [answer, socket, head] = (await once(ask, 'upgrade')) as [{ headers: Record<string, string> }, Duplex, Buffer]
  assert.equal(answer.headers['x-stream-protocol-version'], protocol)
  return new SpdyConnection(socket, { side: 'client', clock: systemClock }, head)
}

async function spdyExec(protocol: string | undefined, command: readonly string[], input: string) {
  const query = command.map((part) => `command=${encodeURIComponent(part)}`).join('&')
  const connection = await spdy(`/exec/default/main/main?${query}&stdin=true&stdout=true&stderr=true`, protocol)
  const error = connection.open({ streamtype: 'error' })
  const stdin = connection.open({ streamtype: 'stdin' })
  const stdout = connection.open({ streamtype: 'stdout' })
  const stderr = connection.open({ streamtype: 'stderr' })
  stdin.end(input)
  const [out, err, outcome] = await Promise.all([text(stdout), text(stderr), text(error)])
  connection.close()
  return { stdout: out, stderr: err, error: outcome }
}

function webSocket(path: string, protocol: string): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${port}${path}`, protocol === '' ? [] : [protocol], { ca: ca.certificate, ...apiIdentity })
}

async function webSocketExec(protocol: string, command: readonly string[], opened: (socket: WebSocket) => void = () => {}) {
  const query = command.map((part) => `command=${encodeURIComponent(part)}`).join('&')
  const socket = webSocket(`/exec/default/main/main?${query}&stdin=true&stdout=true&stderr=true`, protocol)
  const channels = ['', '', '', '', '']
  socket.on('message', (data: Buffer) => {
    const base64 = protocol.includes('base64')
    const channel = base64 ? data[0]! - 48 : data[0]!
    channels[channel] += base64 ? Buffer.from(data.toString('latin1', 1), 'base64').toString() : data.toString('utf8', 1)
  })
  socket.once('open', () => opened(socket))
  const [code] = await once(socket, 'close')
  return { stdout: channels[1]!, stderr: channels[2]!, error: channels[3]!, code: code as number }
}

async function forward(connection: SpdyConnection, forwardedPort: string, requestId: string) {
  const headers = { port: forwardedPort, requestid: requestId }
  const error = connection.open({ ...headers, streamtype: 'error' })
  error.end()
  const data = connection.open({ ...headers, streamtype: 'data' })
  data.write('GET / HTTP/1.0\r\n\r\n')
  const [received, message] = await Promise.all([text(data).catch(() => ''), text(error)])
  return { data: received.slice(-6), error: message }
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000
  while (!condition()) {
    assert.ok(Date.now() < giveUpAt, 'waited 10 s in vain')
    await delay(5)
  }
}
