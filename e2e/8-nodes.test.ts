/** Further nodes of this machine: added, used, lost, healed and removed, as real ones would be. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { killShims, unmountBeneath } from '#host/clean.ts'
import { ensureUp, freshNamespace, home, kubectl, kubectlSaid, kubectlWithInput, root, until, wherry } from './support/cluster.ts'
import { archiveFile, busyboxArchive, nginxArchive } from './support/images.ts'

const namespace = 'nodes'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)
const field = (object: string, path: string): string => inside('get', object, '-o', `jsonpath=${path}`)

interface Listed {
  readonly name: string
  readonly address: string
  readonly ready: boolean
  readonly place: string
  readonly agent?: { readonly running: boolean; readonly pid?: number }
  readonly containerdSocket?: string
}

const listed = (): readonly Listed[] => JSON.parse(wherry('node', 'list', '--json').out)
let first: string
let second: string

before(async () => {
  ensureUp()
  const archives = [
    archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')),
    archiveFile('busybox', busyboxArchive('docker.io/library/busybox:1.36')),
  ]
  assert.equal(wherry('image', 'import', ...archives).code, 0)
  freshNamespace(namespace)
  first = listed().find(({ place }) => place === 'host')!.name
  second = `${first}-2`
})

test('one command adds a node that is a machine of its own', () => {
  const said = wherry('node', 'add')
  assert.equal(said.code, 0, said.out + said.err)
  const node = listed().find(({ name }) => name === second)!
  assert.deepEqual(
    { ...node, agent: node.agent?.running },
    {
      name: second,
      address: '10.243.0.2',
      ready: true,
      schedulable: true,
      place: 'namespaces',
      agent: true,
      containerdSocket: `/run/wherry/nodes/${second}/containerd/containerd.sock`,
    },
  )
  assert.equal(wherry('status').code, 0)
  assert.equal(kubectl('get', 'node', second, '-o', 'jsonpath={.status.addresses[?(@.type=="Hostname")].address}'), second)
  // At its own bridge, which stays where it is when the machine's address becomes another.
  assert.match(readFileSync(`/var/lib/wherry/nodes/${second}/config.yaml`, 'utf8'), /^server: https:\/\/10\.243\.0\.1:\d+$/m)
  // What was imported before it came, it has as well.
  assert.doesNotMatch(wherry('image', 'list').out, /only on/)
  assert.equal(wherry('node', 'add', second).code, 1, 'a name is taken once')
})

test('its token is gone once it is in', () => assert.doesNotMatch(secrets(), /bootstrap-token-/))

test('a Deployment spreads over both, and everybody reaches everybody', async () => {
  create(deployment('web', 'nginx:1.7.9', 4))
  for (const name of [first, second]) create(asker(name))
  inside('expose', 'deployment', 'web', '--port=80', '--type=NodePort')
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
  inside('wait', '--for=condition=Ready', 'pod', '-l', 'app=asker', '--timeout=60s')
  const places = field('pods', '{.items[?(@.metadata.labels.app=="web")].spec.nodeName}').split(' ').sort()
  assert.deepEqual(places, [first, first, second, second])
  const addresses = field('pods', '{.items[?(@.metadata.labels.app=="web")].status.podIP}').split(' ')
  for (const from of [first, second]) {
    for (const address of addresses) assert.match(fetchFrom(from, `http://${address}`), /Welcome to nginx!/, `${from} to ${address}`)
    // By name: the name server of each node answers, and the rules of each lead to all pods.
    await until(`all four from ${from}`, () => new Set(fetchFrom(from, 'http://web', 24).trim().split('\n')).size === 4)
  }
  const port = field('service/web', '{.spec.ports[0].nodePort}')
  for (const { address } of listed()) assert.equal((await fetch(`http://${address}:${port}`)).status, 200, address)
})

test('pods of different nodes see each other by their own addresses', () => {
  const [pod, address] = inside(
    'get',
    'pods',
    '-l',
    'app=web',
    '-o',
    `jsonpath={range .items[?(@.spec.nodeName=="${second}")]}{.metadata.name} {.status.podIP}{"\\n"}{end}`,
  )
    .split('\n')[0]!
    .split(' ') as [string, string]
  fetchFrom(first, `http://${address}/seen`)
  const own = field(`pod/${askerOf(first)}`, '{.status.podIP}')
  assert.match(inside('logs', pod), new RegExp(`^${own.replaceAll('.', '\\.')} .*GET /seen`, 'm'))
})

test('kubectl logs and exec, and the proxy of the API server, reach pods of the further node', async () => {
  const pod = askerOf(second)
  assert.equal(inside('exec', pod, '--', '/usr/bin/node', '-e', 'console.log(process.env.HOSTNAME)').trim(), pod)
  inside(
    'run',
    'speaker',
    '--image=busybox:1.36',
    `--overrides=${JSON.stringify({ spec: { nodeName: second, terminationGracePeriodSeconds: 0 } })}`,
    '--',
    'sh',
    '-c',
    'echo spoken; sleep 1000',
  )
  inside('wait', '--for=condition=Ready', 'pod/speaker', '--timeout=60s')
  assert.equal(inside('logs', 'speaker'), 'spoken\n')
  assert.equal(inside('exec', 'speaker', '--', 'hostname').trim(), 'speaker')
  assert.match(kubectl('get', '--raw', `/api/v1/nodes/${second}/proxy/healthz`), /ok/)
  inside('delete', 'pod', 'speaker', '--now')
})

test('a pod on the network of its node has the name and address of that machine', async () => {
  create({
    kind: 'Pod',
    metadata: { name: 'of-the-node' },
    spec: {
      nodeName: second,
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 1000'] }],
    },
  })
  inside('wait', '--for=condition=Ready', 'pod/of-the-node', '--timeout=60s')
  assert.equal(field('pod/of-the-node', '{.status.podIP}'), '10.243.0.2')
  assert.equal(inside('exec', 'of-the-node', '--', 'hostname').trim(), second)
  assert.match(inside('exec', 'of-the-node', '--', 'ls', '/sys/class/net'), /^eth0$/m)
  inside('delete', 'pod', 'of-the-node')
})

test('an agent that was killed comes back by "wherry up", its containers never knew', () => {
  const starts = () => field('pods', '{.items[*].status.containerStatuses[*].containerID}')
  const containers = starts()
  const { agent } = listed().find(({ name }) => name === second)!
  process.kill(agent!.pid!, 'SIGKILL')
  assert.match(wherry('status').out, /its agent does not run/)
  assert.match(fetchFrom(first, 'http://web'), /Welcome/)
  ensureUp()
  assert.notEqual(listed().find(({ name }) => name === second)!.agent?.pid, agent!.pid)
  assert.equal(starts(), containers)
  assert.match(wherry('logs', 'agent', '--node', second, '-n', '5').out, /"process":"agent"/)
})

test('a cable that is cut parts the nodes, and heals by itself when it is joined', async (t) => {
  const address = webOf(second)
  ip('link', 'set', 'wherry-n2', 'down')
  assert.doesNotMatch(fetchFrom(first, `http://${address}`), /Welcome/)
  ip('link', 'set', 'wherry-n2', 'up')
  const joinedAt = performance.now()
  await until('they reach each other', () => /Welcome/.test(fetchFrom(first, `http://${address}`)), 20_000)
  t.diagnostic(`they reach each other after ${Math.round(performance.now() - joinedAt)} ms`)
  assert.match(fetchFrom(second, `http://${webOf(first)}`), /Welcome/)
})

test('a node that was switched off comes back with its name, its address and its pods', async () => {
  const run = `/run/wherry/nodes/${second}`
  const names = podsOf(second)
  const { agent, containerdSocket } = listed().find(({ name }) => name === second)!
  // Everything that is only in memory: processes, containers, namespaces with all their devices and mounts.
  process.kill(agent!.pid!, 'SIGKILL')
  process.kill(JSON.parse(readFileSync(`${run}/containerd/containerd.pid`, 'utf8')).pid, 'SIGKILL')
  killShims(containerdSocket!)
  await unmountBeneath([run])
  rmSync(run, { recursive: true })
  await until('its devices are gone', () => !existsSync('/sys/class/net/wherry-n2'), 10_000)
  const said = wherry('up')
  assert.equal(said.code, 0, said.out + said.err)
  assert.match(said.out, new RegExp(`Machine ${second}: made`))
  assert.equal(listed().find(({ name }) => name === second)!.address, '10.243.0.2')
  await until('its pods answer again', () => {
    inside('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
    return /Welcome/.test(fetchFrom(first, `http://${webOf(second)}`)) && /Welcome/.test(fetchFrom(second, 'http://web'))
  })
  assert.deepEqual(podsOf(second), names)
})

test('a node is emptied before it goes, and disruption budgets are kept', () => {
  inside('delete', 'pod', '-l', 'app=asker', '--now')
  create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web' },
    spec: { minAvailable: 4, selector: { matchLabels: { app: 'web' } } },
  })
  inside('wait', '--for=jsonpath={.status.currentHealthy}=4', 'poddisruptionbudget/web', '--timeout=30s')
  const refused = wherry('node', 'remove', second, '--timeout', '1s')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /disruption budget.*--force/)
  assert.equal(podsOf(second).length, 2, 'nobody went')
  inside('delete', 'poddisruptionbudget', 'web')
  inside(
    'run',
    'lonely',
    '--image=busybox:1.36',
    `--overrides=${JSON.stringify({ spec: { nodeName: second, terminationGracePeriodSeconds: 0 } })}`,
  )
  inside('wait', '--for=condition=Ready', 'pod/lonely', '--timeout=60s')
  assert.match(wherry('node', 'remove', second).err, /nobody would make these pods .*nodes\/lonely; with --force/)
  assert.equal(wherry('node', 'remove', first).code, 2, 'the server runs beside the first')
  const said = wherry('node', 'remove', second, '--force')
  assert.equal(said.code, 0, said.err)
  assert.deepEqual(traces(), [])
  assert.equal(kubectlSaid('get', 'node', second).code, 1)
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
  assert.deepEqual([...new Set(field('pods', '{.items[*].spec.nodeName}').split(' '))], [first])
})

test('a call that was killed at any point is finished by the next one', async () => {
  for (const ms of [150, 350, 600, 900]) await killed(ms, 'node', 'add', 'crashed')
  const up = wherry('up')
  assert.equal(up.code, 0, up.out + up.err)
  assert.equal(listed().find(({ name }) => name === 'crashed')?.ready, true)
  assert.doesNotMatch(secrets(), /bootstrap-token-/, 'tokens of killed calls are gone, too')
  // Once it is written down that the node goes, it goes.
  const record = '/var/lib/wherry/nodes/crashed/machine.json'
  const isLeaving = () => !existsSync(record) || /"isLeaving":true/.test(readFileSync(record, 'utf8'))
  const call = start('node', 'remove', 'crashed')
  await until('it is written down', isLeaving, 20_000)
  call.kill('SIGKILL')
  await once(call, 'close')
  assert.equal(wherry('up').code, 0)
  assert.deepEqual(traces(), [])
  assert.equal(kubectlSaid('get', 'node', 'crashed').code, 1)
})

function start(...words: string[]) {
  return spawn(join(root, 'wherry'), words, { stdio: 'ignore', env: { ...process.env, HOME: home } })
}

async function killed(afterMs: number, ...words: string[]): Promise<void> {
  const call = start(...words)
  const ended = once(call, 'close')
  await Promise.race([delay(afterMs), ended])
  call.kill('SIGKILL')
  await ended
}

/** What a further node adds to a machine. */
function traces(): readonly string[] {
  const devices = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout
  const groups = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => (/^cgroup/.test(line) ? [line.split(' ')[1]!] : []))
  return [
    ...[...devices.matchAll(/wherry-n\w+/g)].map(([name]) => name),
    ...['/var/lib/wherry/nodes', '/run/wherry/nodes'].filter((path) => existsSync(join(path, second)) || existsSync(join(path, 'crashed'))),
    ...groups.flatMap((path) => [second, 'crashed'].map((name) => `${path}/wherry-${name}`)).filter((path) => existsSync(path)),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(' /run/wherry/nodes/')),
    ...spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.endsWith(' wherry-nodes')),
  ]
}

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

const secrets = (): string => kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'jsonpath={.items[*].metadata.name}')

const podsOf = (node: string): readonly string[] =>
  field('pods', `{.items[?(@.spec.nodeName=="${node}")].metadata.name}`).split(' ').filter(Boolean).sort()

const webOf = (node: string): string =>
  inside('get', 'pods', '-l', 'app=web', '-o', `jsonpath={.items[?(@.spec.nodeName=="${node}")].status.podIP}`).split(' ')[0]!

const askerOf = (node: string): string => `asker-${node === first ? 'first' : 'second'}`

/** What a pod of the node is answered, a line each time. */
function fetchFrom(node: string, url: string, times = 1): string {
  const program = `(async () => {
    for (let round = 0; round < ${times}; round += 1)
      await fetch('${url}', { signal: AbortSignal.timeout(3000), headers: { connection: 'close' } }).then((answer) => answer.text())
        .then((text) => console.log(text.trim()), (error) => console.log(error.cause?.code ?? String(error)))
    process.exit()
  })()`
  return inside('exec', askerOf(node), '--', '/usr/bin/node', '-e', program)
}

/** The welcome image holds Node: a client with a real resolver. */
const asker = (node: string) => ({
  kind: 'Pod',
  metadata: { name: askerOf(node), labels: { app: 'asker' } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'wherry.local/welcome:1', command: ['/usr/bin/node', '-e', 'setInterval(() => {}, 1e9)'] }],
  },
})

const deployment = (name: string, image: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: { app: name } },
          },
        ],
        containers: [{ name, image, readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }],
      },
    },
  },
})

function create(object: object): void {
  const said = kubectlWithInput(JSON.stringify({ apiVersion: 'v1', ...object }), '-n', namespace, 'create', '-f', '-')
  assert.equal(said.code, 0, said.err)
}
