/** Processes killed at any time, and a machine that was switched off: containers run on or come back, and nothing acknowledged is lost. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { before, test } from 'node:test'
import { killShims, unmountBeneath } from '#host/clean.ts'
import { ensureUp, freshNamespace, kubectl, kubectlSaid, kubectlWithInput, until, wherry } from './support/cluster.ts'
import { archiveFile, nginxArchive } from './support/images.ts'

const namespace = 'survives'
const socket = '/run/wherry/containerd/containerd.sock'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)

before(async () => {
  ensureUp()
  wherry('image', 'import', archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')))
  freshNamespace(namespace)
  inside('create', 'deployment', 'web', '--image=nginx:1.7.9', '--replicas=2')
  inside('expose', 'deployment', 'web', '--port=80')
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
})

for (const victims of [['server'], ['agent'], ['server', 'agent']]) {
  test(`kill -9 of ${victims.join(' and ')}: containers run on, and the new one adopts them`, async () => {
    const before = containers()
    const address = `http://${clusterIP()}`
    assert.ok(before.length >= 4)
    for (const name of victims) kill(name)
    assert.equal((await fetch(address)).status, 200, 'the Service goes on meanwhile')
    ensureUp()
    assert.equal((await fetch(address)).status, 200)
    // A pod made now is looked after by whoever came back, so the old ones were looked at before.
    inside('run', `after-${victims.join('-')}`, '--image=nginx:1.7.9')
    inside('wait', '--for=condition=Ready', `pod/after-${victims.join('-')}`, '--timeout=60s')
    for (const id of before) assert.ok(containers().includes(id), `container ${id} was lost`)
    assert.deepEqual(restarts(), [0, 0])
  })
}

test('kill -9 amidst writes: what was acknowledged is there', async () => {
  const acknowledged: string[] = []
  for (let round = 0; round < 3; round += 1) {
    const names = Array.from({ length: 20 }, (_, index) => `written-${round}-${index}`)
    const timer = setTimeout(() => kill('server'), 300 + round * 150)
    for (const name of names) {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { round: String(round) } }
      const said = kubectlWithInput(JSON.stringify(object), '-n', namespace, 'create', '-f', '-')
      if (said.code !== 0) break
      acknowledged.push(name)
      // Lets the timer's turn come: the calls before hold the loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
    clearTimeout(timer)
    ensureUp()
    const found = new Set(inside('get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}').split(' '))
    assert.deepEqual(
      acknowledged.filter((name) => !found.has(name)),
      [],
    )
  }
  assert.ok(acknowledged.length > 0)
})

test('a machine that was switched off brings its workloads back', async () => {
  const names = inside('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')
  for (const name of ['agent', 'server']) kill(name)
  switchOff()
  await unmountBeneath(['/run/wherry', '/var/lib/wherry'])
  rmSync('/run/wherry', { recursive: true, force: true })
  ensureUp()
  await until(
    'both replicas are ready again',
    () => inside('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}') === '2' && restarts().every((count) => count === 1),
  )
  assert.equal(inside('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}'), names, 'the same pods')
  await until('the Service answers', async () => (await fetch(`http://${clusterIP()}`)).status === 200)
  assert.match(inside('describe', 'pod', names.split(' ')[0]!), /SandboxChanged/)
})

test('a container runtime that dies comes back by itself', async () => {
  const { pid } = JSON.parse(readFileSync('/run/wherry/containerd/containerd.pid', 'utf8'))
  process.kill(pid, 'SIGKILL')
  await until('a pod starts again', () => {
    kubectlSaid('-n', namespace, 'run', 'later', '--image=nginx:1.7.9')
    return inside('get', 'pod', 'later', '-o', 'jsonpath={.status.phase}') === 'Running'
  })
})

const clusterIP = (): string => inside('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
const restarts = (): number[] =>
  inside('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.containerStatuses[0].restartCount}').split(' ').map(Number)

function containers(): string[] {
  const { stdout } = spawnSync('ctr', ['--address', socket, '--namespace', 'k8s.io', 'tasks', 'list', '--quiet'], { encoding: 'utf8' })
  return stdout.trim().split('\n')
}

function kill(name: string): void {
  process.kill(JSON.parse(readFileSync(`/run/wherry/${name}.pid`, 'utf8')).pid, 'SIGKILL')
}

/** Everything at once: containerd, its shims and all containers; then what lives in memory only is gone. */
function switchOff(): void {
  const { pid } = JSON.parse(readFileSync('/run/wherry/containerd/containerd.pid', 'utf8'))
  process.kill(pid, 'SIGKILL')
  killShims(socket)
  spawnSync('ip', ['link', 'delete', 'wherry0'])
  spawnSync('ip', ['link', 'delete', 'wherry-svc'])
  spawnSync('nft', ['delete', 'table', 'ip', 'wherry'])
  for (const name of readdirSync('/run/netns')) if (ownNamespaces.has(name)) spawnSync('ip', ['netns', 'delete', name])
}

/** Network namespaces that this cluster's sandboxes hold, told apart from those of others by the bridge that they hang on. */
const ownNamespaces = {
  has: (name: string): boolean => /10\.244\./.test(spawnSync('ip', ['-n', name, '-o', '-4', 'address'], { encoding: 'utf8' }).stdout),
}
