/** The rules in a real kernel: a network namespace for the node, one for each pod and one for a client. Needs root and nft. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '#host/run.ts'
import { hostPortPiece, servicePiece } from './piece.ts'
import type { ServicePort } from './service-ports.ts'
import { mergePieces, tableChanges, wholeTable } from './table.ts'

const id = `wt${process.pid}`
const node = `${id}n`
const [client, ...pods] = [`${id}c`, `${id}a`, `${id}b`]
const servers: AbortController[] = []
const table = { name: 'test', clusterCIDR: '10.9.0.0/24', nodeAddresses: ['192.168.77.1'] }
const port: ServicePort = {
  key: 'shop/web/tcp/80',
  protocol: 'tcp',
  clusterIPs: ['10.8.0.7'],
  port: 80,
  nodePort: 30080,
  externalIPs: ['192.168.77.8'],
  balancerIPs: ['192.168.77.1'],
  sourceRanges: ['192.168.77.8/30', '10.0.0.5/8'],
  endpoints: [
    { address: '10.9.0.2', port: 8080, local: true },
    { address: '10.9.0.3', port: 8080, local: true },
  ],
  internalPolicy: 'Cluster',
  externalPolicy: 'Cluster',
  affinitySeconds: 0,
}

before(async () => {
  const ip = (...words: string[]) => run('ip', words)
  await ip('netns', 'add', node)
  await ip('-n', node, 'link', 'add', 'name', 'cbr0', 'type', 'bridge')
  await ip('-n', node, 'address', 'add', '10.9.0.1/24', 'dev', 'cbr0')
  await ip('-n', node, 'link', 'set', 'cbr0', 'up')
  await ip('-n', node, 'link', 'set', 'lo', 'up')
  for (const [index, pod] of pods.entries()) {
    await ip('netns', 'add', pod)
    await ip('link', 'add', `${pod}v`, 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod)
    await ip('-n', node, 'link', 'set', `${pod}v`, 'master', 'cbr0', 'up')
    // As the bridge plug-in does it (hairpinMode): a pod may be its own peer.
    await ip('-n', node, 'link', 'set', `${pod}v`, 'type', 'bridge_slave', 'hairpin', 'on')
    await ip('-n', pod, 'address', 'add', `10.9.0.${index + 2}/24`, 'dev', 'eth0')
    await ip('-n', pod, 'link', 'set', 'eth0', 'up')
    await ip('-n', pod, 'link', 'set', 'lo', 'up')
    await ip('-n', pod, 'route', 'add', 'default', 'via', '10.9.0.1')
  }
  await ip('netns', 'add', client)
  await ip('link', 'add', `${id}v`, 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client)
  await ip('-n', node, 'address', 'add', '192.168.77.1/24', 'dev', `${id}v`)
  await ip('-n', node, 'link', 'set', `${id}v`, 'up')
  await ip('-n', client, 'address', 'add', '192.168.77.9/24', 'dev', 'eth0')
  await ip('-n', client, 'link', 'set', 'eth0', 'up')
  await ip('-n', client, 'route', 'add', 'default', 'via', '192.168.77.1')
  // As the agent does it: Service addresses have a route, so that the node reaches them without a default route.
  await ip('-n', node, 'link', 'add', 'name', 'svc0', 'type', 'bridge')
  await ip('-n', node, 'link', 'set', 'svc0', 'up')
  await ip('-n', node, 'route', 'add', '10.8.0.0/24', 'dev', 'svc0', 'src', '192.168.77.1')
  await inside(
    node,
    'sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/ip_forward; if [ -e /proc/sys/net/bridge ]; then echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables; fi',
  )
  for (const pod of pods) await serve(pod)
})

after(async () => {
  for (const server of servers) server.abort()
  for (const namespace of [node, client, ...pods]) await run('ip', ['netns', 'delete', namespace], { accept: [1] })
})

test('the rules work, and every change of them', async () => {
  await nft(
    wholeTable(table, [
      servicePiece(port, table.clusterCIDR),
      hostPortPiece({ protocol: 'TCP', hostIP: '', hostPort: 81, podIP: '10.9.0.2', containerPort: 8080 }),
    ]),
  )
  assert.deepEqual(await whoAnswers(client, '10.8.0.7', 80), pods, 'a client through the Service address')
  assert.deepEqual(await whoAnswers(client, '192.168.77.1', 30080), pods, 'a client through the node port')
  assert.deepEqual(await whoAnswers(client, '192.168.77.1', 80), pods, 'a client through a balancer, at the node itself')
  assert.deepEqual(await whoAnswers(pods[0]!, '192.168.77.1', 80), pods, 'a pod through the balancer')
  assert.deepEqual(await whoAnswers(node, '192.168.77.8', 80), pods, 'the node through an external address')
  assert.deepEqual(await whoAnswers(pods[0]!, '10.8.0.7', 80), pods, 'a pod, itself among the endpoints')
  assert.deepEqual(await whoAnswers(node, '10.8.0.7', 80), pods, 'the node itself')
  assert.deepEqual(await whoAnswers(client, '192.168.77.1', 81), [pods[0]], 'a host port')

  let now = servicePiece(port, table.clusterCIDR)
  const change = async (to: Partial<ServicePort>): Promise<void> => {
    const next = servicePiece({ ...port, ...to }, table.clusterCIDR)
    await nft(tableChanges(table, now, next))
    now = next
  }
  await change({ sourceRanges: ['203.0.113.0/24'] })
  assert.deepEqual(await whoAnswers(client, '192.168.77.1', 80), ['silence'], 'a client that the ranges leave out')
  await change({ affinitySeconds: 60 })
  assert.equal((await whoAnswers(client, '10.8.0.7', 80)).length, 1, 'a client stays with its endpoint')
  await change({ endpoints: [port.endpoints[1]!] })
  assert.deepEqual(await whoAnswers(client, '10.8.0.7', 80), [pods[1]], 'an endpoint that left gets nothing')
  await change({ endpoints: [] })
  assert.deepEqual(await whoAnswers(client, '10.8.0.7', 80), ['refused'], 'nobody there: refused at once')
  await change({ endpoints: [{ ...port.endpoints[0]!, local: false }], externalPolicy: 'Local' })
  assert.deepEqual(await whoAnswers(client, '192.168.77.1', 30080), ['silence'], 'nobody here, and it must stay here')
  await nft(tableChanges(table, now, mergePieces([])))
  const { stdout } = await inside(node, 'nft', 'list', 'table', 'ip', 'test')
  assert.doesNotMatch(stdout, /shop/, 'nothing is left of a Service that is gone')
})

const inside = (namespace: string, command: string, ...words: string[]) =>
  run('ip', ['netns', 'exec', namespace, command, ...words], { timeoutMs: 20_000 })
const nft = (text: string) => run('ip', ['netns', 'exec', node, 'nft', '-f', '-'], { input: text })

/** A server that says its own name to everybody who connects. */
async function serve(name: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const abort = new AbortController()
  const program = `require('net').createServer((s) => { s.on('error', () => {}); s.end('${name}') }).listen(8080, () => console.log('up'))`
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', program], {
    signal: abort.signal,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.on('error', () => {})
  servers.push(abort)
  await new Promise((resolve) => child.stdout.once('data', resolve))
}

/** The different answers to twenty connections. */
async function whoAnswers(from: string, address: string, to: number): Promise<string[]> {
  const program = `
    const net = require('net')
    const one = () => new Promise((done) => {
      const socket = net.connect({ host: '${address}', port: ${to}, timeout: 700 })
      let text = ''
      socket.on('data', (bytes) => { text += bytes })
      socket.on('end', () => done(text))
      socket.on('error', (error) => done(error.code === 'ECONNREFUSED' ? 'refused' : error.message))
      socket.on('timeout', () => { socket.destroy(); done('silence') })
    })
    const seen = new Set()
    ;(async () => { for (let i = 0; i < 20; i += 1) { seen.add(await one()); if (seen.has('silence')) break } console.log(JSON.stringify([...seen].sort())) })()`
  return JSON.parse((await inside(from, process.execPath, '-e', program)).stdout)
}
