import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '#host/cri/test-containerd.ts'
import { nodeFiles } from '#host/files.ts'
import { createImageMounts } from '#host/image-mounts.ts'
import { mountsBelow, volumeHost } from '#host/mounts.ts'
import { networkProbe } from '#host/network-probe.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { Kubelet } from '../kubelet.ts'
import { createTestNode, type TestNode } from '../test-node.ts'
import { createClaimSource } from './claim-source.ts'
import { createObjectSource } from './object-source.ts'
import { createOwnNode } from './own-node.ts'
import { createVolumeManager } from './volume-manager.ts'

/** Whole pods with volumes of many sorts, in a real runtime, through a restart of the kubelet, down to what is left of them: nothing. */
let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let node: TestNode
let kubelet: Kubelet
let volumes: ReturnType<typeof createVolumeManager>
let root = ''

before(async () => {
  containerd = await startTestContainerd('10.231.78.0/24')
  root = join(containerd.directory, 'kubelet')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  node = await createTestNode({
    clock: systemClock,
    runtime,
    network: networkProbe,
    files: nodeFiles,
    // The kubelet's next life has a manager of its own.
    volumes: new Proxy({} as typeof volumes, { get: (_, method) => volumes[method as 'node'] }),
    config: { rootDirectory: root, podLogsDirectory: join(containerd.directory, 'logs') },
  })
  await startKubelet()
})
after(async () => {
  await node?.close()
  runtime?.close()
  await containerd?.close()
})

async function startKubelet(): Promise<void> {
  const random = seededRandom(1)
  volumes = createVolumeManager({
    rootDirectory: root,
    host: volumeHost,
    claims: createClaimSource(node.client),
    node: createOwnNode(node.client, 'node', { clock: systemClock, random, log: silentLog }),
    images: createImageMounts({ endpoint: containerd.socket, version: () => runtime.version() }),
    objects: createObjectSource(node.client, { clock: systemClock, random, log: silentLog }),
    tokens: () => assert.fail('no tokens here'),
    allocatable: () => ({ cpuMilli: 2000, memoryBytes: 1 << 30, ephemeralStorageBytes: 1 << 30 }),
    clock: systemClock,
    random,
    report: (_pod, error) => node.events.push(`reported ${String(error)}`),
    ready: (uid) => kubelet.look(uid),
  })
  kubelet = await node.startKubelet()
}

const hold = 'trap "exit 0" TERM; while :; do sleep 0.1; done'
const sh = (name: string, script: string, more: object = {}) => ({ name, image: 'busybox:1', command: ['sh', '-c', script], ...more })

test('a claim, an image and memory in one pod; the kubelet restarts, the container too; nothing is left', async () => {
  const disk = join(containerd.directory, 'disk')
  fs.mkdirSync(disk)
  await bind('data', { local: { path: disk } })
  await node.create('whole', {
    securityContext: { fsGroup: 4321, runAsUser: 1000 },
    terminationGracePeriodSeconds: 1,
    containers: [
      sh('main', `echo run >> /data/log; ls /image/busybox > /data/image; id -G > /data/groups; ${hold}`, {
        volumeMounts: [
          { name: 'data', mountPath: '/data', subPathExpr: 'of-$(POD)' },
          { name: 'image', mountPath: '/image', subPath: 'bin' },
          { name: 'memory', mountPath: '/memory' },
        ],
        env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      }),
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'image', image: { reference: 'busybox:1', pullPolicy: 'IfNotPresent' } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'unused', persistentVolumeClaim: { claimName: 'there-is-none' } },
    ],
  })
  const pod = await waitFor('whole', (one) => isTrue(one, 'Ready'))
  const log = join(disk, 'of-whole/log')
  await until(() => fs.existsSync(join(disk, 'of-whole/groups')))
  assert.equal(fs.readFileSync(join(disk, 'of-whole/image'), 'utf8'), '/image/busybox\n')
  assert.match(fs.readFileSync(join(disk, 'of-whole/groups'), 'utf8'), /\b4321\b/)
  const usage = await volumes.usage!(pod.metadata.uid)
  assert.deepEqual(usage.map(({ name }) => name).sort(), ['data', 'memory'])
  assert.equal(usage.find(({ name }) => name === 'memory')!.stats!.capacityBytes, 1 << 20)

  await kubelet.stop()
  await volumes.close()
  await startKubelet()
  await runtime.stopContainer(pod.status.containerStatuses![0]!.containerID!.replace('containerd://', ''), 0)
  await waitFor('whole', (one) => isTrue(one, 'Ready') && one.status.containerStatuses![0]!.restartCount === 1)
  await until(() => fs.readFileSync(log, 'utf8') === 'run\nrun\n')

  await gone('whole')
  assert.deepEqual(fs.readdirSync(join(root, 'pods')), [])
  assert.deepEqual(await mountsBelow(root), [])
  assert.equal(fs.readFileSync(log, 'utf8'), 'run\nrun\n')
  const snapshots = execFileSync('ctr', ['--address', containerd.socket, '-n', 'k8s.io', 'snapshots', 'list']).toString()
  assert.doesNotMatch(snapshots, /wherry-volume/)
})

test('a volume is mounted inside another that can only be read, and stays when that one changes', async () => {
  const seen = join(containerd.directory, 'seen')
  fs.mkdirSync(seen)
  await node.client.create(ConfigMap, { metadata: { name: 'outer' }, data: { a: '1' } }, { namespace: 'default' })
  await node.create('nested', {
    securityContext: { fsGroup: 4321 },
    terminationGracePeriodSeconds: 1,
    containers: [
      sh('main', 'while :; do (cat /outer/*; ls /outer/inner /outer/deep/er) > /seen/new 2>&1; mv /seen/new /seen/now; sleep 0.1; done', {
        volumeMounts: [
          { name: 'inner', mountPath: '/outer/deep/er/' },
          { name: 'outer', mountPath: '/outer' },
          { name: 'inner', mountPath: '/outer/inner' },
          { name: 'inner', mountPath: '/outer/inner/most' },
          { name: 'seen', mountPath: '/seen' },
        ],
      }),
    ],
    volumes: [
      { name: 'outer', configMap: { name: 'outer' } },
      { name: 'inner', emptyDir: {} },
      { name: 'seen', hostPath: { path: seen } },
    ],
  })
  const pod = await waitFor('nested', (one) => isTrue(one, 'Ready'))
  const text = () => (fs.existsSync(join(seen, 'now')) ? fs.readFileSync(join(seen, 'now'), 'utf8') : '')
  await until(() => text().startsWith('1'))
  const inside = join(root, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~configmap/outer')
  assert.deepEqual(
    fs.readdirSync(inside).filter((name) => !name.startsWith('..')),
    ['a', 'deep', 'inner'],
  )
  fs.writeFileSync(join(root, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~empty-dir/inner/file'), '')
  await node.client.patch(ConfigMap, 'outer', { type: 'merge', body: { data: { a: null, b: '2' } } }, { namespace: 'default' })
  await until(() => text().startsWith('2') && /inner:\nfile\nmost\n/.test(text()) && /er:\nfile\nmost\n/.test(text()))
  await gone('nested')
})

test('a claim that is not bound yet keeps a pod waiting, told in the words of the reference; then it starts', async () => {
  const disk = join(containerd.directory, 'later')
  fs.mkdirSync(disk)
  await node.create('patient', {
    terminationGracePeriodSeconds: 1,
    containers: [sh('main', hold, { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'later' } }],
  })
  const words =
    'FailedMount Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/later: failed to fetch PVC from API server: persistentvolumeclaims "later" not found'
  await until(() => node.events.includes(words))
  await bind('later', { hostPath: { path: disk } })
  await waitFor('patient', (one) => isTrue(one, 'Ready'))
  await gone('patient')
})

test('an image volume that cannot be pulled shows as an image that cannot', async () => {
  await node.create('pictureless', {
    terminationGracePeriodSeconds: 1,
    containers: [sh('main', hold, { volumeMounts: [{ name: 'image', mountPath: '/image' }] })],
    volumes: [{ name: 'image', image: { reference: '127.0.0.1:1/none:1', pullPolicy: 'IfNotPresent' } }],
  })
  const pod = await waitFor('pictureless', (one) => waitingOf(one) === 'ErrImagePull' || waitingOf(one) === 'ImagePullBackOff')
  assert.equal(pod.status.phase, 'Pending')
  await gone('pictureless')
})

test('mounts pass between pods as they ask for it', async () => {
  const shared = join(containerd.directory, 'shared')
  fs.mkdirSync(shared)
  execFileSync('mount', ['--bind', shared, shared])
  execFileSync('mount', ['--make-rshared', shared])
  const pod = (propagation: string, script: string) => ({
    terminationGracePeriodSeconds: 1,
    containers: [
      sh('main', `${script}; ${hold}`, {
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'shared', mountPath: '/shared', mountPropagation: propagation }],
      }),
    ],
    volumes: [{ name: 'shared', hostPath: { path: shared } }],
  })
  try {
    for (const propagation of ['None', 'HostToContainer']) await node.create(propagation.toLowerCase(), pod(propagation, 'true'))
    for (const name of ['none', 'hosttocontainer']) await waitFor(name, (one) => isTrue(one, 'Ready'))
    const making = 'mkdir -p /shared/inner && mount -t tmpfs made-inside /shared/inner && touch /shared/inner/file'
    await node.create('maker', pod('Bidirectional', making))
    await waitFor('maker', (one) => isTrue(one, 'Ready'))
    await until(() => fs.existsSync(join(shared, 'inner/file')))
    assert.equal(await inside('hosttocontainer', 'ls', '/shared/inner'), 'file\n')
    assert.equal(await inside('none', 'ls', '/shared/inner'), '')
  } finally {
    for (const name of ['none', 'hosttocontainer', 'maker']) await gone(name)
    for (const point of await mountsBelow(shared)) execFileSync('umount', [point])
  }
})

/** A claim and a volume, bound to each other. */
async function bind(name: string, source: object): Promise<void> {
  const capacity = { storage: '1Gi' }
  const affinity = { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node'] }] }] } }
  const resources = { requests: capacity }
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: '' }
  const { client } = node
  const claim = await client.create(
    PersistentVolumeClaim,
    { metadata: { name }, spec: { ...spec, resources, volumeName: name } } as never,
    { namespace: 'default' },
  )
  await client.create(PersistentVolume, {
    metadata: { name },
    spec: {
      ...spec,
      capacity,
      ...('local' in source ? { nodeAffinity: affinity } : {}),
      ...source,
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name, namespace: 'default', uid: claim.metadata.uid },
    },
  } as never)
  await client.update(PersistentVolumeClaim, { ...claim, status: { phase: 'Bound', capacity } } as never, { subresource: 'status' })
}

async function inside(name: string, ...command: string[]): Promise<string> {
  const pod = (await node.pod(name))!
  const id = pod.status.containerStatuses![0]!.containerID!.replace('containerd://', '')
  return Buffer.from((await runtime.execSync(id, command, 5000)).stdout).toString()
}

const isTrue = (pod: Pod, type: string): boolean =>
  pod.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
const waitingOf = (pod: Pod): string | undefined => pod.status.containerStatuses?.[0]?.state?.waiting?.reason

async function gone(name: string): Promise<void> {
  const { Pod } = await import('#api/core/v1/pod.ts')
  await node.client.delete(Pod, name, { namespace: 'default', gracePeriodSeconds: 1 }).catch((error: unknown) => {
    if (!isError(error, 'NotFound')) throw error
  })
  await until(async () => (await node.pod(name)) === undefined)
}

async function waitFor(name: string, condition: (pod: Pod) => boolean): Promise<Pod> {
  let found: Pod | undefined
  await until(
    async () => {
      found = await node.pod(name)
      return found !== undefined && condition(found)
    },
    () => `${JSON.stringify(found?.status)}\n${node.events.join('\n')}`,
  )
  return found!
}

async function until(condition: () => boolean | Promise<boolean>, why = () => ''): Promise<void> {
  const giveUpAt = Date.now() + 15_000
  while (!(await condition())) {
    assert.ok(Date.now() < giveUpAt, `waited 15 s in vain: ${why()}`)
    await delay(50)
  }
}
