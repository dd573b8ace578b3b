/** Every sort of workload with real containers, by the commands that people type. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ensureUp, freshNamespace, kubectl, kubectlSaid, kubectlWithInput, until, wherry } from './support/cluster.ts'
import { archiveFile, busyboxArchive, nginxArchive } from './support/images.ts'

const namespace = 'workloads'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)
const field = (object: string, path: string): string => inside('get', object, '-o', `jsonpath=${path}`)
const pods = (selector: string): readonly string[] =>
  inside('get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}').split(' ').filter(Boolean).toSorted()

before(async () => {
  ensureUp()
  wherry(
    'image',
    'import',
    archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')),
    archiveFile('busybox', busyboxArchive('docker.io/library/busybox:1.36')),
  )
  freshNamespace(namespace)
  // Its minute passes while everything else is tried.
  inside('create', 'cronjob', 'each-minute', '--image=busybox:1.36', '--schedule=* * * * *', '--', 'echo', 'the minute has come')
})

test('pods of a StatefulSet keep their names, come in order and go in reverse', async () => {
  create({ ...service('db', { app: 'db' }), spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 80 }] } })
  create(apps('StatefulSet', 'db', { replicas: 3, serviceName: 'db' }))
  inside('rollout', 'status', 'statefulset/db', '--timeout=90s')
  assert.deepEqual(pods('app=db'), ['db-0', 'db-1', 'db-2'])
  const startedAt = ['db-0', 'db-1', 'db-2'].map((name) => Date.parse(field(`pod/${name}`, '{.metadata.creationTimestamp}')))
  assert.deepEqual(
    startedAt.toSorted((a, b) => a - b),
    startedAt,
  )
  assert.equal(inside('exec', 'db-1', '--', 'hostname').trim(), 'db-1')
  const uid = field('pod/db-1', '{.metadata.uid}')
  inside('delete', 'pod', 'db-1', '--grace-period=1')
  await until('another of the same name', () => field('pod/db-1', '{.metadata.uid}') !== uid)
  inside('rollout', 'status', 'statefulset/db', '--timeout=90s')
  inside('set', 'env', 'statefulset/db', 'VERSION=2')
  inside('rollout', 'status', 'statefulset/db', '--timeout=120s')
  assert.equal(field('statefulset/db', '{.status.currentRevision}'), field('statefulset/db', '{.status.updateRevision}'))
  inside('rollout', 'undo', 'statefulset/db')
  inside('rollout', 'status', 'statefulset/db', '--timeout=120s')
  assert.equal(field('pod/db-2', '{.spec.containers[0].env}'), '')
  inside('scale', 'statefulset/db', '--replicas=1')
  await until('the last ones have gone', () => pods('app=db').join() === 'db-0')
})

test('a DaemonSet has one pod on the node, and rolls', async () => {
  create(apps('DaemonSet', 'agent'))
  inside('rollout', 'status', 'daemonset/agent', '--timeout=60s')
  const [first] = pods('app=agent')
  inside('set', 'env', 'daemonset/agent', 'VERSION=2')
  inside('rollout', 'status', 'daemonset/agent', '--timeout=60s')
  const after = pods('app=agent')
  assert.equal(after.length, 1)
  assert.notEqual(after[0], first)
  assert.match(inside('get', 'daemonset', 'agent'), /agent +1 +1 +1 +1 +1/)
})

test('a Job runs to its end, and one that cannot says why', async () => {
  create(job('sum', { completions: 3, parallelism: 2, completionMode: 'Indexed' }, 'echo $JOB_COMPLETION_INDEX'))
  inside('wait', '--for=condition=complete', 'job/sum', '--timeout=60s')
  assert.equal(field('job/sum', '{.status.succeeded} {.status.completedIndexes}'), '3 0-2')
  assert.deepEqual(inside('logs', '-l', 'batch.kubernetes.io/job-name=sum', '--tail=1').trim().split('\n').toSorted(), ['0', '1', '2'])
  create(job('doomed', { backoffLimit: 0 }, 'exit 3'))
  inside('wait', '--for=condition=failed', 'job/doomed', '--timeout=60s')
  assert.match(inside('describe', 'job', 'doomed'), /BackoffLimitExceeded/)
  create(job('brief', { ttlSecondsAfterFinished: 1 }, 'true'))
  await until('it has removed itself', () => kubectlSaid('-n', namespace, 'get', 'job', 'brief').code !== 0)
})

test('a budget keeps a node from being drained until it allows it', async () => {
  inside('create', 'deployment', 'shop', '--image=nginx:1.7.9', '--replicas=2')
  inside('rollout', 'status', 'deployment/shop', '--timeout=60s')
  inside('create', 'poddisruptionbudget', 'shop', '--selector=app=shop', '--min-available=2')
  await until('the budget is counted', () => field('pdb/shop', '{.status.currentHealthy}') === '2')
  const node = field(`pod/${pods('app=shop')[0]}`, '{.spec.nodeName}')
  const drain = () => kubectlSaid('drain', node, '--pod-selector=app=shop', '--timeout=4s')
  const refused = drain()
  assert.notEqual(refused.code, 0)
  assert.match(refused.err, /Cannot evict pod as it would violate the pod's disruption budget/)
  assert.equal(pods('app=shop').length, 2)
  inside('patch', 'pdb', 'shop', '--type=merge', '-p', '{"spec":{"minAvailable":0}}')
  await until('the budget allows it', () => Number(field('pdb/shop', '{.status.disruptionsAllowed}')) === 2)
  assert.equal(drain().code, 0)
  kubectl('uncordon', node)
  inside('rollout', 'status', 'deployment/shop', '--timeout=60s')
})

test('a Service of type LoadBalancer answers at the node', async () => {
  inside('expose', 'deployment', 'shop', '--name=front', '--type=LoadBalancer', '--port=8099', '--target-port=80')
  const address = await until('an address', () => field('service/front', '{.status.loadBalancer.ingress[0].ip}'))
  await until('it answers', async () => (await fetch(`http://${address}:8099`, { headers: { connection: 'close' } })).status === 200)
  inside('delete', 'service', 'front')
  await until('it is gone, with its finalizer', () => kubectlSaid('-n', namespace, 'get', 'service', 'front').code !== 0)
})

test('a claim finds the volume that fits', async () => {
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'by-hand', hostPath: { path: '/var/tmp' } }
  kubectlWithInput(JSON.stringify({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'by-hand' }, spec }), 'apply', '-f', '-')
  const wish = { accessModes: ['ReadWriteOnce'], storageClassName: 'by-hand', resources: { requests: { storage: '500Mi' } } }
  create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace }, spec: wish })
  inside('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/data', '--timeout=30s')
  assert.equal(kubectl('get', 'pv', 'by-hand', '-o', 'jsonpath={.spec.claimRef.name}'), 'data')
  inside('delete', 'pvc', 'data')
  await until('the volume is kept', () => kubectl('get', 'pv', 'by-hand', '-o', 'jsonpath={.status.phase}') === 'Released')
  kubectl('delete', 'pv', 'by-hand')
})

test('an autoscaler without metrics says so', async () => {
  inside('autoscale', 'deployment', 'shop', '--cpu-percent=50', '--min=1', '--max=3')
  const reason = () => field('hpa/shop', '{.status.conditions[?(@.type=="ScalingActive")].reason}')
  await until('the reason', () => reason() === 'FailedGetResourceMetric')
  assert.match(inside('describe', 'hpa', 'shop'), /unable to (get|fetch) metrics/)
})

test('a CronJob has run in its minute, and runs on demand', async () => {
  inside('create', 'job', 'now', '--from=cronjob/each-minute')
  inside('wait', '--for=condition=complete', 'job/now', '--timeout=60s')
  const jobs = () => inside('get', 'jobs', '-o', 'jsonpath={.items[*].metadata.name}').split(' ')
  const own = await until('it has run by itself', () => jobs().find((name) => name.startsWith('each-minute-')), 90_000)
  inside('wait', '--for=condition=complete', `job/${own}`, '--timeout=60s')
  assert.equal(inside('logs', `job/${own}`).trim(), 'the minute has come')
  await until('it says so', () => field('cronjob/each-minute', '{.status.lastSuccessfulTime}') !== '')
})

function create(object: object): void {
  const said = kubectlWithInput(JSON.stringify(object), 'apply', '-f', '-')
  assert.equal(said.code, 0, said.err)
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 1000 & wait'] }],
  },
})

const apps = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
})

const service = (name: string, selector: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector },
})

const job = (name: string, spec: object, script: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace },
  spec: {
    ...spec,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', script] }] } },
  },
})
