/** What goes wrong in a day, and heals without hands. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { before, test } from 'node:test'
import { ensureUp, freshNamespace, inBackground, kubectl, kubectlSaid, kubectlWithInput, until, wherry } from './support/cluster.ts'
import { archiveFile, busyboxArchive, nginxArchive } from './support/images.ts'

const namespace = 'healing'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)
const field = (name: string, path: string): string => inside('get', 'pod', name, '-o', `jsonpath=${path}`)

before(async () => {
  ensureUp()
  wherry(
    'image',
    'import',
    archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')),
    archiveFile('busybox', busyboxArchive('docker.io/library/busybox:1.36')),
  )
  freshNamespace(namespace)
})

test('a killed container is restarted, again and again with longer pauses', async () => {
  create(pod('victim', { command: ['sh', '-c', 'sleep 1000 & wait'] }))
  await running('victim')
  kill('victim')
  await until(
    'it runs again',
    () =>
      field('victim', '{.status.containerStatuses[0].restartCount}') === '1' &&
      field('victim', '{.status.containerStatuses[0].state.running.startedAt}') !== '',
  )
  kill('victim')
  await until('it has to wait', () => field('victim', '{.status.containerStatuses[0].state.waiting.reason}') === 'CrashLoopBackOff')
  assert.equal(field('victim', '{.status.containerStatuses[0].lastState.terminated.exitCode}'), '137')
  assert.match(inside('get', 'pod', 'victim'), /CrashLoopBackOff/)
  await until('it runs again after its pause', () => field('victim', '{.status.containerStatuses[0].restartCount}') === '2', 40_000)
  assert.match(inside('describe', 'pod', 'victim'), /Back-off restarting failed container/)
})

test('a deleted pod of a Deployment is replaced', async () => {
  inside('create', 'deployment', 'web', '--image=nginx:1.7.9', '--replicas=2')
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
  const names = () => inside('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}').split(' ')
  const [gone] = names()
  inside('delete', 'pod', gone!)
  await until('two others', () => names().length === 2 && !names().includes(gone!))
  inside('rollout', 'status', 'deployment/web', '--timeout=60s')
})

test('a failing readiness probe leaves the Service, and comes back', async () => {
  create(
    pod(
      'probed',
      {
        image: 'nginx:1.7.9',
        readinessProbe: { exec: { command: ['test', '!', '-e', '/tmp/sick'] }, periodSeconds: 1, failureThreshold: 1 },
      },
      { app: 'probed' },
    ),
  )
  inside('expose', 'pod', 'probed', '--port=80')
  await ready('probed')
  const endpoints = () =>
    inside(
      'get',
      'endpointslices',
      '-l',
      'kubernetes.io/service-name=probed',
      '-o',
      'jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}',
    )
  await until('it serves', () => endpoints() !== '')
  const clusterIP = inside('get', 'service', 'probed', '-o', 'jsonpath={.spec.clusterIP}')
  // A kept connection would outlive the endpoint: each question takes a new one.
  const answers = async () => (await fetch(`http://${clusterIP}`, { headers: { connection: 'close' } })).status === 200
  assert.ok(await answers())
  inside('exec', 'probed', '--', 'touch', '/tmp/sick')
  await until('it serves no more', () => endpoints() === '')
  await until('the address refuses', () =>
    answers().then(
      () => false,
      () => true,
    ),
  )
  assert.match(inside('describe', 'pod', 'probed'), /Readiness probe failed/)
  inside('exec', 'probed', '--', 'rm', '/tmp/sick')
  await until('it serves again', answers)
})

test('a failing liveness probe restarts the container', async () => {
  create(
    pod('lively', {
      command: ['sh', '-c', 'touch /tmp/alive; sleep 1000 & wait'],
      livenessProbe: { exec: { command: ['cat', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 2 },
    }),
  )
  await running('lively')
  inside('exec', 'lively', '--', 'rm', '/tmp/alive')
  await until('a restart', () => field('lively', '{.status.containerStatuses[0].restartCount}') === '1')
  assert.match(inside('describe', 'pod', 'lively'), /Liveness probe failed[\s\S]*failed liveness probe, will be restarted/)
})

test('an image that is nowhere: ErrImagePull, then ImagePullBackOff, and events say why', async () => {
  create(pod('imageless', { image: 'registry.invalid/nothing:1' }))
  const reason = () => field('imageless', '{.status.containerStatuses[0].state.waiting.reason}')
  const seen = new Set<string>()
  await until('both reasons', () => {
    seen.add(reason())
    return seen.has('ErrImagePull') && seen.has('ImagePullBackOff')
  })
  const events = inside('describe', 'pod', 'imageless')
  for (const part of [
    /Pulling image "registry\.invalid\/nothing:1"/,
    /Failed to pull image/,
    /Error: ErrImagePull/,
    /Back-off pulling image/,
  ])
    assert.match(events, part)
})

test('a pod that fits nowhere says why, and runs once it fits', async () => {
  create(pod('big', { resources: { requests: { cpu: '1000' } } }))
  await until('the reason', () =>
    /0\/1 nodes are available: 1 Insufficient cpu/.test(field('big', '{.status.conditions[?(@.type=="PodScheduled")].message}')),
  )
  inside('delete', 'pod', 'big')
  kubectl('cordon', nodeName())
  create(pod('waiting', {}))
  await until('it waits', () => /unschedulable/.test(field('waiting', '{.status.conditions[?(@.type=="PodScheduled")].message}')))
  kubectl('uncordon', nodeName())
  await running('waiting')
})

test('init containers come first, sidecars stay beside, and a finished pod stays finished', async () => {
  create({
    ...pod('stages', { command: ['sh', '-c', 'cat /shared/made; sleep 1'], volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }),
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        {
          name: 'first',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'echo by-init > /shared/made'],
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
        { name: 'beside', image: 'busybox:1.36', restartPolicy: 'Always', command: ['sh', '-c', 'sleep 1000 & wait'] },
      ],
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'cat /shared/made; sleep 1'],
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
      ],
    },
  })
  await until('it succeeded', () => field('stages', '{.status.phase}') === 'Succeeded')
  assert.equal(inside('logs', 'stages', '-c', 'main'), 'by-init\n')
  assert.equal(field('stages', '{.status.initContainerStatuses[0].state.terminated.reason}'), 'Completed')
})

test('configuration reaches the container by every way, and changes follow', async () => {
  inside('create', 'configmap', 'settings', '--from-literal=color=red')
  inside('create', 'secret', 'generic', 'hidden', '--from-literal=word=sesame')
  create({
    ...pod('configured', {}),
    spec: {
      terminationGracePeriodSeconds: 1,
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'hidden', secret: { secretName: 'hidden' } },
        { name: 'self', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'sleep 1000 & wait'],
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
            { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'BOTH', value: '$(COLOR)-$(ME)' },
          ],
          volumeMounts: [
            { name: 'settings', mountPath: '/settings' },
            { name: 'hidden', mountPath: '/hidden' },
            { name: 'self', mountPath: '/self' },
          ],
        },
      ],
    },
  })
  await running('configured')
  assert.equal(
    inside('exec', 'configured', '--', 'sh', '-c', 'echo $COLOR $WORD $ME $BOTH; cat /settings/color /hidden/word'),
    'red sesame configured red-configured\nredsesame',
  )
  assert.match(
    inside('exec', 'configured', '--', 'sh', '-c', 'ls /var/run/secrets/kubernetes.io/serviceaccount'),
    /ca\.crt\s+namespace\s+token/,
  )
  inside('patch', 'configmap', 'settings', '-p', '{"data":{"color":"green"}}')
  inside('label', 'pod', 'configured', 'mood=good')
  await until(
    'the files follow',
    () =>
      /green/.test(inside('exec', 'configured', '--', 'cat', '/settings/color')) &&
      /mood="good"/.test(inside('exec', 'configured', '--', 'cat', '/self/labels')),
  )
})

test('a pod ends gracefully: its hook first, then TERM, and KILL only after the grace', async () => {
  create({
    ...pod('polite', {}),
    spec: {
      terminationGracePeriodSeconds: 20,
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'trap "echo got TERM; exit 0" TERM; while :; do sleep 0.1; done'],
          lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook > /proc/1/fd/1; sleep 1'] } } },
        },
      ],
    },
  })
  await running('polite')
  const follow = inBackground('-n', namespace, 'logs', '-f', 'polite')
  await until('it is followed', () => kubectlSaid('-n', namespace, 'logs', 'polite').code === 0)
  const startedAt = performance.now()
  inside('delete', 'pod', 'polite')
  assert.ok(performance.now() - startedAt < 15_000, 'it does not wait for the whole grace')
  await until('both words', () => /hook[\s\S]*got TERM/.test(follow.output()))
  follow.stop()
})

function pod(name: string, container: object, labels: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'busybox:1.36', ...container }] },
  }
}

function create(object: object): void {
  const said = kubectlWithInput(JSON.stringify(object), '-n', namespace, 'create', '-f', '-')
  assert.equal(said.code, 0, said.err)
}

const running = (name: string) => until(`${name} runs`, () => field(name, '{.status.phase}') === 'Running')
const ready = (name: string) => inside('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s')
const nodeName = (): string => kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')

/** From outside, as the kernel's OOM killer would. */
function kill(name: string): void {
  const id = field(name, '{.status.containerStatuses[0].containerID}').replace('containerd://', '')
  const said = wherry('status', '--json')
  const socket = JSON.parse(said.out).nodes[0].containerdSocket
  runCtr(socket, id)
}

function runCtr(socket: string, id: string): void {
  const { status, stderr } = spawnSync('ctr', ['--address', socket, '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', id], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
}
