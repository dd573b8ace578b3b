/** Names and addresses as pods see them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { ensureUp, freshNamespace, home, kubectl, kubectlWithInput, root, until, wherry } from './support/cluster.ts'
import { archiveFile, nginxArchive } from './support/images.ts'

const namespace = 'network'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)

before(async () => {
  ensureUp()
  wherry('image', 'import', archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')))
  freshNamespace(namespace)
  // The welcome image holds Node: a client with a real resolver.
  create({
    kind: 'Pod',
    metadata: { name: 'asker' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'wherry.local/welcome:1', command: ['/usr/bin/node', '-e', 'setInterval(() => {}, 1e9)'] }],
    },
  })
  inside('create', 'deployment', 'web', '--image=nginx:1.7.9', '--replicas=2')
  inside('expose', 'deployment', 'web', '--port=80')
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
  inside('wait', '--for=condition=Ready', 'pod/asker', '--timeout=60s')
})

test('a Service by its short, middle and full name', async () => {
  for (const name of ['web', `web.${namespace}`, `web.${namespace}.svc`, `web.${namespace}.svc.cluster.local`])
    assert.match(await fetchInside(`http://${name}`), /Welcome to nginx!/, name)
})

test('the API server by its name, with the token that every pod has', () => {
  const program = `
    const fs = require('fs'), root = '/var/run/secrets/kubernetes.io/serviceaccount/'
    require('https').get({ host: 'kubernetes.default.svc', path: '/api/v1/namespaces/${namespace}/pods', ca: fs.readFileSync(root + 'ca.crt'),
      headers: { authorization: 'Bearer ' + fs.readFileSync(root + 'token') } }, (answer) => { console.log(answer.statusCode); answer.resume() })`
  // Authenticated by the token, refused by RBAC: the name, the certificate and the token are all right.
  assert.equal(node(program), '403\n')
})

test('a headless Service has its pods, and each pod a name', async () => {
  create({
    kind: 'Service',
    metadata: { name: 'each' },
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
  })
  const addresses = inside('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.podIP}').split(' ').sort()
  await until('both addresses', () => resolve('resolve4', `each.${namespace}.svc.cluster.local`) === JSON.stringify(addresses))
  assert.match(resolve('resolveSrv', `_http._tcp.each.${namespace}.svc.cluster.local`), /"port":80/)
  assert.deepEqual(
    resolve('resolve4', `${addresses[0]!.replaceAll('.', '-')}.${namespace}.pod.cluster.local`),
    JSON.stringify([addresses[0]]),
  )
  assert.equal(resolve('resolve4', `nothing.${namespace}.svc.cluster.local`), 'ENOTFOUND')
})

test('a change is answered within a second', async () => {
  inside('create', 'service', 'externalname', 'elsewhere', `--external-name=web.${namespace}.svc.cluster.local`)
  await until('the alias', () => resolve('resolveCname', `elsewhere.${namespace}.svc.cluster.local`).includes('web.'), 1_000)
  inside('delete', 'service', 'elsewhere')
  await until('it is gone', () => resolve('resolveCname', `elsewhere.${namespace}.svc.cluster.local`) === 'ENOTFOUND', 1_000)
})

test('session affinity: a client stays with its pod', async () => {
  create({
    kind: 'Service',
    metadata: { name: 'sticky' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], sessionAffinity: 'ClientIP' },
  })
  await until('it answers', () => fetchInside('http://sticky').includes('Welcome'))
  const seen = new Set(Array.from({ length: 8 }, () => fetchInside('http://sticky')))
  assert.equal(seen.size, 1)
})

test('a Service without pods refuses at once', async () => {
  inside('create', 'service', 'clusterip', 'empty', '--tcp=80:80')
  const startedAt = performance.now()
  await until('it refuses', () => fetchInside('http://empty').includes('ECONNREFUSED'))
  assert.ok(performance.now() - startedAt < 5_000)
})

test('a pod reaches itself through its Service', () => {
  const [pod] = kubectl('-n', 'welcome', 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}').split(' ')
  const program = `(async () => {
    const seen = new Set()
    for (let round = 0; round < 12; round += 1) seen.add((await fetch('http://welcome', { signal: AbortSignal.timeout(4000) })).headers.get('x-replica'))
    console.log([...seen].sort().join(' '))
  })()`
  const replicas = kubectl('-n', 'welcome', 'exec', pod!, '--', '/usr/bin/node', '-e', program).trim().split(' ')
  assert.ok(replicas.includes(pod!) && replicas.length === 2, replicas.join())
})

test('host ports and the host network', async () => {
  const address = JSON.parse(wherry('status', '--json').out).nodes[0].address
  create({
    kind: 'Pod',
    metadata: { name: 'on-the-host' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'nginx:1.7.9', ports: [{ containerPort: 80, hostPort: 18_088 }] }],
    },
  })
  inside('wait', '--for=condition=Ready', 'pod/on-the-host', '--timeout=60s')
  await until('the host port answers', async () => (await fetch(`http://${address}:18088`)).status === 200)
  create({
    kind: 'Pod',
    metadata: { name: 'of-the-host' },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'nginx:1.7.9', command: ['sh', '-c', 'sleep 1000 & wait'] }],
    },
  })
  await until('it has the address of the node', () => inside('get', 'pod', 'of-the-host', '-o', 'jsonpath={.status.podIP}') === address)
  inside('delete', 'pod', 'on-the-host')
  await until('the host port is free again', () =>
    fetch(`http://${address}:18088`).then(
      () => false,
      () => true,
    ),
  )
})

test('the network checks itself, also where nobody brought the image', () => {
  wherry('image', 'remove', 'wherry.local/welcome:1')
  const said = wherry('network', 'check', '--json')
  assert.equal(said.code, 0, said.out + said.err)
  assert.ok(JSON.parse(said.out).checks.length > 0)
})

test('a check that is stopped removes what it made', async () => {
  const checks = () => kubectl('get', 'namespaces', '-o', 'name').match(/wherry-network-check-\w+/g) ?? []
  await until('that of an earlier one is gone', () => checks().length === 0, 20_000)
  const call = spawn(join(root, 'wherry'), ['network', 'check'], { stdio: 'ignore', env: { ...process.env, HOME: home } })
  const ended = once(call, 'close')
  await until('it makes its namespace', () => checks().length === 1)
  call.kill('SIGINT')
  assert.deepEqual(await ended, [1, null])
  await until('its namespace is gone', () => checks().length === 0, 20_000)
})

/** Runs a program in the asking pod. */
function node(program: string): string {
  return inside('exec', 'asker', '--', '/usr/bin/node', '-e', program)
}

function fetchInside(url: string): string {
  return node(
    `fetch('${url}', { signal: AbortSignal.timeout(4000) }).then((answer) => answer.text()).then(console.log, (error) => console.log(error.cause?.code ?? String(error)))`,
  )
}

function resolve(what: 'resolve4' | 'resolveSrv' | 'resolveCname', name: string): string {
  return node(
    `require('dns').promises.${what}('${name}').then((found) => console.log(JSON.stringify(found.sort())), (error) => console.log(error.code))`,
  ).trim()
}

function create(object: object): void {
  const said = kubectlWithInput(JSON.stringify({ apiVersion: 'v1', ...object }), '-n', namespace, 'create', '-f', '-')
  assert.equal(said.code, 0, said.err)
}
