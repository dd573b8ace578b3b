import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#host/clock.ts'
import { mountsBelow, volumeHost } from '#host/mounts.ts'
import { isError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import type { ObjectSource } from './object-source.ts'
import type { IssuedToken } from './tokens.ts'
import { createVolumeManager } from './volume-manager.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'wherry-volumes-'))
after(async () => {
  await volumeHost.removeTree(join(root, 'pods'))
  fs.rmSync(root, { recursive: true })
})

/** What no volume may reach. */
const outside = join(root, 'outside')
fs.mkdirSync(outside)
fs.writeFileSync(join(outside, 'passwd'), '')
const world = objects()
const tokens: string[] = []
let tokenLifeMs = 3600_000
const reported: string[] = []
const ready: string[] = []
const manager = managerOf()
const signal = new AbortController().signal
let uids = 0

test('emptyDir: on disk for everybody, in memory with a bound, given to the group', async () => {
  const pod = podWith(
    [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
    { fsGroup: 4321 },
  )
  const volumes = await manager.prepare(pod, signal)
  const disk = volumes.get('disk')!.hostPath
  const memory = volumes.get('memory')!.hostPath
  assert.equal(fs.statSync(disk).mode & 0o7777, 0o2777)
  assert.equal(fs.statSync(disk).gid, 4321)
  assert.equal(fs.statSync(memory).mode & 0o7777, 0o3777)
  assert.throws(() => fs.writeFileSync(join(memory, 'big'), Buffer.alloc(2 << 20)), /ENOSPC/)
  fs.writeFileSync(join(disk, 'kept'), 'x')
  // Its containers make it their own; the kubelet's next life leaves it so.
  for (const directory of [disk, memory]) {
    fs.chmodSync(directory, 0o700)
    fs.chownSync(directory, 999, 999)
  }
  const next = managerOf()
  assert.deepEqual(await next.prepare(pod, signal), volumes)
  await next.close()
  for (const directory of [disk, memory]) {
    assert.equal(fs.statSync(directory).mode & 0o7777, 0o700)
    assert.equal(fs.statSync(directory).gid, 999)
  }
  assert.deepEqual(await manager.prepare(pod, signal), volumes)
  assert.ok(fs.existsSync(join(disk, 'kept')))
  await gone(pod)
})

test('what the node makes gets the label of the pod, and nothing else of the node does', async () => {
  const pod = podWith([
    { name: 'disk', emptyDir: {} },
    { name: 'about', downwardAPI: { items: [] } },
    { name: 'node', hostPath: { path: '/tmp' } },
  ])
  const labelled = [...(await manager.prepare(pod, signal))].filter(([, { selinuxRelabel }]) => selinuxRelabel).map(([name]) => name)
  assert.deepEqual(labelled.sort(), ['about', 'disk'])
  await gone(pod)
})

test('emptyDir in huge pages: of the size that the pod asks for, given to the group', async () => {
  const base = podWith([{ name: 'huge', emptyDir: { medium: 'HugePages' } }], { fsGroup: 4321 })
  const [container] = base.spec.containers
  const resources = { requests: { 'hugepages-2Mi': '4Mi' }, limits: { 'hugepages-2Mi': '4Mi' } }
  const pod = { ...base, spec: { ...base.spec, containers: [{ ...container, resources }] } } as unknown as Pod
  const huge = (await manager.prepare(pod, signal)).get('huge')!.hostPath
  const line = fs
    .readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((one) => one.includes(` ${huge} `))!
  assert.match(line, /^nodev \S+ hugetlbfs \S*pagesize=2M/)
  assert.equal(fs.statSync(huge).mode & 0o7777, 0o2777)
  assert.equal(fs.statSync(huge).gid, 4321)
  await gone(pod)
})

test('fsGroup goes down the whole tree, but not when the root already looks so', async () => {
  const directory = join(root, 'tree')
  fs.mkdirSync(join(directory, 'a'), { recursive: true })
  fs.writeFileSync(join(directory, 'a/file'), '', { mode: 0o600 })
  const foreign = join(outside, 'passwd')
  fs.symlinkSync(foreign, join(directory, 'link'))
  const before = fs.statSync(foreign)
  await volumeHost.giveToGroup(directory, 77, { readOnly: false, onlyOnMismatch: true })
  assert.equal(fs.statSync(join(directory, 'a')).mode & 0o7777, 0o2775)
  assert.equal(fs.statSync(join(directory, 'a/file')).mode & 0o7777, 0o660)
  assert.equal(fs.statSync(join(directory, 'a/file')).gid, 77)
  assert.equal(fs.statSync(foreign).gid, before.gid)
  assert.equal(fs.statSync(foreign).mode, before.mode)
  fs.chownSync(join(directory, 'a/file'), 0, 5)
  await volumeHost.giveToGroup(directory, 77, { readOnly: false, onlyOnMismatch: true })
  assert.equal(fs.statSync(join(directory, 'a/file')).gid, 5)
})

test('configMap and secret: items, modes, and changes that show as one', async () => {
  world.put('ConfigMap', 'settings', { data: { one: '1', two: '2' }, binaryData: { raw: 'AAH/' } })
  world.put('Secret', 'key', { data: { password: Buffer.from('s3cret').toString('base64') } })
  const pod = podWith([
    {
      name: 'config',
      configMap: {
        name: 'settings',
        defaultMode: 0o640,
        items: [
          { key: 'one', path: 'a/b', mode: 0o600 },
          { key: 'raw', path: 'raw' },
        ],
      },
    },
    { name: 'all', configMap: { name: 'settings' } },
    { name: 'secret', secret: { secretName: 'key', defaultMode: 0o400 } },
    { name: 'perhaps', configMap: { name: 'nowhere', optional: true } },
  ])
  const volumes = await manager.prepare(pod, signal)
  const at = (volume: string, file = '') => join(volumes.get(volume)!.hostPath, file)
  assert.equal(fs.readFileSync(at('config', 'a/b'), 'utf8'), '1')
  assert.equal(fs.statSync(at('config', 'a/b')).mode & 0o777, 0o600)
  assert.equal(fs.statSync(at('config', 'raw')).mode & 0o777, 0o640)
  assert.deepEqual([...fs.readFileSync(at('config', 'raw'))], [0, 1, 255])
  assert.equal(fs.readFileSync(at('secret', 'password'), 'utf8'), 's3cret')
  assert.equal(fs.statSync(at('secret', 'password')).mode & 0o777, 0o400)
  assert.deepEqual(fs.readdirSync(at('perhaps')), ['..data', fs.readlinkSync(at('perhaps', '..data'))].sort())
  const mounts = await mountsBelow(root)
  assert.ok(mounts.includes(at('secret').replace(/\/$/, '')), 'secrets stay in memory')
  assert.ok(!mounts.includes(at('all').replace(/\/$/, '')))

  const before = fs.readlinkSync(at('all', '..data'))
  world.put('ConfigMap', 'settings', { data: { one: '11', three: '3' }, binaryData: { raw: 'AAH/' } })
  await until(() => fs.existsSync(at('all', 'three')) && !fs.existsSync(at('all', 'two')))
  assert.equal(fs.readFileSync(at('all', 'one'), 'utf8'), '11')
  assert.equal(fs.readFileSync(at('config', 'a/b'), 'utf8'), '11')
  assert.ok(!fs.existsSync(at('all', before)), 'the former folder is gone')
  world.put('ConfigMap', 'nowhere', { data: { now: 'here' } })
  await until(() => fs.existsSync(at('perhaps', 'now')))
  // It goes: a volume in use keeps what it has, and the pod is told.
  world.remove('Secret', 'key')
  await until(() => reported.some((text) => text.includes('MountVolume.SetUp failed for volume "secret" : secret "key" not found')))
  assert.equal(fs.readFileSync(at('secret', 'password'), 'utf8'), 's3cret')
  await gone(pod)
  assert.equal(world.followers(), 0)
})

test('what is missing is named as the reference names it, and its coming is told', async () => {
  const pod = podWith([{ name: 'config-volume', configMap: { name: 'special' } }])
  await assert.rejects(manager.prepare(pod, signal), {
    message: 'MountVolume.SetUp failed for volume "config-volume" : configmap "special" not found',
  })
  assert.ok(!ready.includes(pod.metadata.uid))
  world.put('ConfigMap', 'special', { data: { a: 'b' } })
  assert.ok(ready.includes(pod.metadata.uid))
  const volumes = await manager.prepare(pod, signal)
  assert.equal(fs.readFileSync(join(volumes.get('config-volume')!.hostPath, 'a'), 'utf8'), 'b')
  await gone(pod)

  const both = podWith([
    {
      name: 'p',
      projected: { sources: [{ configMap: { name: 'none' } }, { secret: { name: 'special', items: [] } }], defaultMode: 0o644 },
    },
  ])
  await assert.rejects(manager.prepare(both, signal), {
    message: 'MountVolume.SetUp failed for volume "p" : [configmap "none" not found, secret "special" not found]',
  })
  await gone(both)

  for (const [volume, words] of [
    [
      { projected: { sources: [{ clusterTrustBundle: { name: 'b', path: 'x' } }] } },
      'ClusterTrustBundle projection is not supported in static kubelet mode',
    ],
    [
      { projected: { sources: [{ podCertificate: { signerName: 'a.io/b', keyType: 'ED25519', keyPath: 'x' } }] } },
      'the feature gate PodCertificateRequest is off',
    ],
    [{ persistentVolumeClaim: { claimName: 'c' } }, 'follows no claims'],
    [{ configMap: { name: 'special', items: [{ key: 'none', path: 'x' }] } }, 'configmap references non-existent config key: none'],
    [{ configMap: { name: 'special', items: [{ key: 'a', path: '../x' }] } }, 'must be relative'],
  ] as const) {
    const bad = podWith([{ name: 'v', ...volume }])
    await assert.rejects(manager.prepare(bad, signal), new RegExp(words))
    await gone(bad)
  }
})

test('projected: token for its only user, certificates and fields together; the token is renewed in time', async () => {
  world.put('ConfigMap', 'ca', { data: { 'ca.crt': 'CERT' } })
  tokenLifeMs = 150
  const pod = podWith(
    [
      {
        name: 'access',
        projected: {
          defaultMode: 0o644,
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
            { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
          ],
        },
      },
    ],
    { runAsUser: 1000 },
  )
  const volumes = await manager.prepare(pod, signal)
  const at = (file: string) => join(volumes.get('access')!.hostPath, file)
  const first = fs.readFileSync(at('token'), 'utf8')
  assert.equal(fs.statSync(at('token')).mode & 0o777, 0o600)
  assert.equal(fs.statSync(at('token')).uid, 1000)
  assert.equal(fs.readFileSync(at('ca.crt'), 'utf8'), 'CERT')
  assert.equal(fs.readFileSync(at('namespace'), 'utf8'), 'default')
  await until(() => fs.readFileSync(at('token'), 'utf8') !== first)
  tokenLifeMs = 3600_000
  await gone(pod)
})

test('downwardAPI follows the pod', async () => {
  const items = [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'one', fieldRef: { fieldPath: "metadata.labels['a']" } },
    { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu', divisor: '1m' } },
    { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Mi' } },
  ]
  const pod = podWith([{ name: 'info', downwardAPI: { items, defaultMode: 0o644 } }])
  const volumes = await manager.prepare(pod, signal)
  const at = (file: string) => join(volumes.get('info')!.hostPath, file)
  assert.equal(fs.readFileSync(at('labels'), 'utf8'), 'a="1"\nb="two \\"2\\"\\n"')
  assert.equal(fs.readFileSync(at('one'), 'utf8'), '1')
  assert.equal(fs.readFileSync(at('cpu'), 'utf8'), '250')
  assert.equal(fs.readFileSync(at('memory'), 'utf8'), '1024')
  manager.refresh({ ...pod, metadata: { ...pod.metadata, labels: { a: 'new' } } })
  await until(() => fs.readFileSync(at('one'), 'utf8') === 'new')
  await gone(pod)
})

test('hostPath types', async () => {
  const socketPath = join(root, 'socket')
  const server = createServer().listen(socketPath)
  await delay(10)
  fs.writeFileSync(join(root, 'file'), '')
  const cases: readonly (readonly [path: string, type: string, refused?: string])[] = [
    [root, 'Directory'],
    [join(root, 'file'), 'Directory', 'is not a directory'],
    [join(root, 'none'), 'Directory', 'is not a directory'],
    [join(root, 'made/deep'), 'DirectoryOrCreate'],
    [join(root, 'file'), 'File'],
    [root, 'File', 'is not a file'],
    [join(root, 'made-file'), 'FileOrCreate'],
    [socketPath, 'Socket'],
    ['/dev/null', 'CharDevice'],
    ['/dev/null', 'BlockDevice', 'is not a block device'],
    [join(root, 'nowhere'), ''],
    [root, 'Folder', 'is an invalid volume type'],
  ]
  for (const [path, type, refused] of cases) {
    const pod = podWith([{ name: 'h', hostPath: { path, type } }])
    if (refused) await assert.rejects(manager.prepare(pod, signal), new RegExp(refused), `${path} ${type}`)
    else assert.equal((await manager.prepare(pod, signal)).get('h')!.hostPath, path)
    await gone(pod)
  }
  assert.ok(fs.statSync(join(root, 'made/deep')).isDirectory())
  assert.ok(fs.statSync(join(root, 'made-file')).isFile())
  server.close()
})

test('subPath: made, held, through inner links, and never out of the volume', async () => {
  world.put('ConfigMap', 'files', { data: { conf: 'text' } })
  const pod = podWith([
    { name: 'data', emptyDir: {} },
    { name: 'config', configMap: { name: 'files' } },
  ])
  const volumes = await manager.prepare(pod, signal)
  const data = volumes.get('data')!.hostPath
  const bind = (subPath: string, index = 0, volume = 'data') => manager.subPath(pod.metadata.uid, volume, 'c', index, subPath)

  const made = await bind('a/a/b')
  fs.writeFileSync(join(made, 'x'), 'y')
  assert.equal(fs.readFileSync(join(data, 'a/a/b/x'), 'utf8'), 'y')
  assert.equal(fs.statSync(join(data, 'a/a')).mode & 0o777, 0o777)
  assert.equal(await bind('a/a/b'), made)
  assert.equal((await mountsBelow(made)).length, 1)

  assert.equal(fs.readFileSync(await bind('conf', 1, 'config'), 'utf8'), 'text')
  world.put('ConfigMap', 'files', { data: { conf: 'new' } })
  await until(() => fs.readFileSync(join(volumes.get('config')!.hostPath, 'conf'), 'utf8') === 'new')
  assert.equal(fs.readFileSync(await bind('conf', 1, 'config'), 'utf8'), 'new')

  fs.symlinkSync(outside, join(data, 'out'))
  fs.symlinkSync('a', join(data, 'in'))
  fs.symlinkSync('/nowhere/at/all', join(data, 'dangling'))
  await bind('in', 2)
  for (const evil of ['out', 'out/passwd', 'out/new', '../x', 'a/../../x', outside, 'dangling', 'dangling/x'])
    await assert.rejects(bind(evil, 3), (error) => isError(error, 'Invalid'), evil)
  assert.ok(!fs.existsSync(join(outside, 'new')))

  // A container that keeps swapping a directory for a link: whatever is mounted is never what the link leads to.
  fs.mkdirSync(join(data, 'race'))
  let racing = true
  const racer = (async () => {
    while (racing) {
      fs.renameSync(join(data, 'race'), join(data, 'aside'))
      fs.symlinkSync(outside, join(data, 'race'))
      await delay(0)
      fs.unlinkSync(join(data, 'race'))
      fs.renameSync(join(data, 'aside'), join(data, 'race'))
      await delay(0)
    }
  })()
  let [refused, bound] = [0, 0]
  for (let round = 0; round < 60; round += 1) {
    try {
      const target = await bind('race', 100 + round)
      assert.ok(!fs.existsSync(join(target, 'passwd')), 'got out of the volume')
      bound += 1
    } catch (error) {
      if (isError(error)) refused += 1
      else throw error
    }
  }
  racing = false
  await racer
  assert.equal(refused + bound, 60)
  await gone(pod)
})

test('a new process adopts, and clears what a former one left', async () => {
  world.put('ConfigMap', 'files', { data: { conf: 'text' } })
  const pod = podWith([
    { name: 'data', emptyDir: { medium: 'Memory' } },
    { name: 'config', configMap: { name: 'files' } },
  ])
  const first = managerOf()
  const volumes = await first.prepare(pod, signal)
  fs.writeFileSync(join(volumes.get('data')!.hostPath, 'kept'), 'x')
  await first.subPath(pod.metadata.uid, 'data', 'c', 0, 'sub')
  await first.close()
  const second = managerOf()
  assert.deepEqual(await second.known(), [pod.metadata.uid])
  assert.deepEqual(await second.prepare(pod, signal), volumes)
  assert.ok(fs.existsSync(join(volumes.get('data')!.hostPath, 'kept')))
  await second.close()
  const third = managerOf()
  await third.teardown(pod.metadata.uid)
  await third.teardown(pod.metadata.uid)
  assert.deepEqual(await third.known(), [])
  assert.deepEqual(await mountsBelow(root), [])
})

test('teardown never follows a uid out of its folder', async () => {
  for (const uid of ['..', '.', '', 'a/../..']) await assert.rejects(manager.teardown(uid), (error) => isError(error, 'Invalid'))
})

async function gone(pod: Pod): Promise<void> {
  await manager.teardown(pod.metadata.uid)
  assert.deepEqual(await manager.known(), [])
  assert.deepEqual(await mountsBelow(root), [])
}

function managerOf() {
  return createVolumeManager({
    rootDirectory: root,
    host: volumeHost,
    objects: world.source,
    tokens: async (): Promise<IssuedToken> => {
      const token = `token-${tokens.push('') + 0}`
      return { token, issuedAt: Date.now(), expiresAt: Date.now() + tokenLifeMs }
    },
    allocatable: () => ({ cpuMilli: 2000, memoryBytes: 1 << 30, ephemeralStorageBytes: 1 << 30 }),
    clock: systemClock,
    random: seededRandom(1),
    report: (_pod, error) => reported.push(String(error)),
    ready: (uid) => ready.push(uid),
  })
}

function podWith(volumes: readonly object[], security: object = {}): Pod {
  uids += 1
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: `uid-${uids}`, labels: { b: 'two "2"\n', a: '1' } },
    spec: {
      containers: [
        {
          name: 'c',
          resources: { limits: { cpu: '250m' } },
          volumeMounts: volumes.map((volume) => ({ name: (volume as { name: string }).name, mountPath: '/x' })),
        },
      ],
      volumes,
      securityContext: security,
    },
  } as unknown as Pod
}

/** ConfigMaps and Secrets that the test puts and takes. */
function objects() {
  const held = new Map<string, object>()
  const listeners = new Set<{ key: string; changed: () => void }>()
  const tell = (key: string) => {
    for (const listener of [...listeners]) if (listener.key === key) listener.changed()
  }
  const source: ObjectSource = {
    follow({ kind, name }, _namespace, changed) {
      const listener = { key: `${kind}/${name}`, changed }
      listeners.add(listener)
      return {
        synced: async () => {},
        get: () => held.get(listener.key) as never,
        stop: () => listeners.delete(listener),
      }
    },
  }
  return {
    source,
    followers: () => listeners.size,
    put: (kind: string, name: string, object: object) => {
      held.set(`${kind}/${name}`, object)
      tell(`${kind}/${name}`)
    },
    remove: (kind: string, name: string) => {
      held.delete(`${kind}/${name}`)
      tell(`${kind}/${name}`)
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000
  while (!condition()) {
    assert.ok(Date.now() < giveUpAt, 'waited 10 s in vain')
    await delay(5)
  }
}
