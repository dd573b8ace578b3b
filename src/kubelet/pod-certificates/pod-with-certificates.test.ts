import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { issue } from '#api/certificates/v1beta1/testing/issue.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { FeatureGate } from '#api/features.ts'
import type { Client } from '#client/client.ts'
import { podKeys } from '#host/pod-keys.ts'
import { silentLog } from '#lib/log.ts'
import { readCertificateRequest } from '#lib/pkcs10.ts'
import { seededRandom } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { createTestNode } from '../test-node.ts'
import { createObjectSource } from '../volumes/object-source.ts'
import { createTrustBundles } from '../volumes/trust-bundles.ts'
import type { VolumeFile, VolumeHost } from '../volumes/volume-host.ts'
import { createVolumeManager } from '../volumes/volume-manager.ts'
import { createPodCertificates } from './pod-certificates.ts'

const all: readonly FeatureGate[] = ['ClusterTrustBundle', 'ClusterTrustBundleProjection', 'PodCertificateRequest']
const hourMs = 3_600_000
const minuteMs = 60_000

/** The real kubelet and its volumes over a real API server, in virtual time; files are kept in memory, and keys made beforehand. */
async function open(t: TestContext, gates: readonly FeatureGate[] = all) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const random = seededRandom(1)
  const files = new Map<string, readonly VolumeFile[]>()
  const told: string[] = []
  const keys = await Promise.all(Array.from({ length: 6 }, () => podKeys.make('ED25519')))
  const runtime = createSimulatedRuntime({ clock, random, images: {} })
  let client!: Client
  let look = (_uid: string) => {}
  const late = new Proxy({} as Client, { get: (_target, name) => client[name as keyof Client] })
  const follow = { clock, random, log: silentLog }
  const volumes = createVolumeManager({
    rootDirectory: '/root',
    host: {
      list: async () => [],
      makeDirectory: async () => {},
      mountTmpfs: async () => {},
      removeTree: async () => {},
      writeFiles: async (directory: string, written: readonly VolumeFile[]) => void files.set(directory.split('/').at(-1)!, written),
    } as unknown as VolumeHost,
    objects: createObjectSource(late, follow),
    bundles: createTrustBundles(late, follow),
    certificates: createPodCertificates({
      ...follow,
      client: late,
      nodeName: 'node',
      nodeUid: async () => 'node-uid',
      keys: { make: async () => keys.shift()! },
      tell: (_pod, reason, message) => told.push(`${reason} ${message}`),
    }),
    tokens: () => Promise.reject(new Error('none')),
    allocatable: () => ({ cpuMilli: 0, memoryBytes: 0, ephemeralStorageBytes: 0 }),
    clock,
    random,
    report: (_pod, error) => told.push(`FailedMount ${(error as Error).message}`),
    ready: (uid) => look(uid),
  })
  const node = await createTestNode({ clock, runtime, network: runtime.network, volumes, features: new Set(gates) })
  client = node.client
  t.after(async () => {
    await node.close()
    await volumes.close()
  })
  const kubelet = await node.startKubelet()
  look = (uid) => kubelet.look(uid)
  await clock.advance(100)
  return {
    node,
    clock,
    told,
    /** Text of a file of a volume; undefined: it is not there. */
    file: (path: string, volume = 'certs') => {
      const found = files.get(volume)?.find((one) => one.path === path)
      return found && Buffer.from(found.content).toString()
    },
    phase: async (name = 'one') => (await node.pod(name))?.status?.phase,
    requests: async () => (await client.list(PodCertificateRequest)).items,
    /** Ends each request that has no end yet. */
    async sign(decide: (request: PodCertificateRequest, now: number) => object) {
      for (const request of (await client.list(PodCertificateRequest)).items) {
        if ((request.status.conditions ?? []).length > 0) continue
        const status = decide(request, Math.floor(clock.now() / 1000) * 1000)
        await client.update(PodCertificateRequest, { ...request, status } as PodCertificateRequest, { subresource: 'status' })
      }
      await clock.advance(2_000)
    },
  }
}

const podSpec = (sources: readonly object[]) => ({
  containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent', volumeMounts: [{ name: 'certs', mountPath: '/certs' }] }],
  volumes: [{ name: 'certs', projected: { sources } }],
})
const certificate = (more: object = { credentialBundlePath: 'bundle.pem' }) => ({
  podCertificate: { signerName: 'example.com/signer', keyType: 'ED25519', ...more },
})
const condition = (type: string, now: number, reason = 'Because') => ({
  conditions: [{ type, status: 'True', reason, message: 'so it is', lastTransitionTime: rfc3339(now) }],
})

/** What a signer of two hours does. */
function signed({ spec }: PodCertificateRequest, now: number): object {
  const { publicKey } = readCertificateRequest(Buffer.from(spec.stubPKCS10Request, 'base64'))!
  const until = now + 2 * hourMs
  return {
    ...condition('Issued', now),
    certificateChain: `said before\n${issue({ publicKey, from: now, until })}`,
    notBefore: rfc3339(now),
    notAfter: rfc3339(until),
    beginRefreshAt: rfc3339(now + hourMs),
  }
}

const isPair = (text: string): boolean =>
  new X509Certificate(text.slice(text.indexOf('-----BEGIN CERT'))).checkPrivateKey(createPrivateKey(text))

test('a pod waits for its certificate, gets it in the forms asked for, and the next one in time', async (t) => {
  const world = await open(t)
  await world.node.create(
    'one',
    podSpec([certificate({ credentialBundlePath: 'b', keyPath: 'k', certificateChainPath: 'c', maxExpirationSeconds: 7200 })]),
  )
  await world.clock.advance(1_000)
  const [request] = await world.requests()
  const { spec, metadata } = request!
  assert.deepEqual(
    [spec.signerName, spec.podName, spec.serviceAccountName, spec.nodeName, spec.nodeUID, spec.maxExpirationSeconds],
    ['example.com/signer', 'one', 'default', 'node', 'node-uid', 7200],
  )
  assert.equal(metadata.ownerReferences?.[0]?.uid, spec.podUID)
  assert.match(metadata.name, /^req-/)
  assert.equal(await world.phase(), 'Pending')
  assert.equal(world.file('b'), undefined)
  await world.clock.advance(10_000)
  assert.match(
    world.node.events.join('\n'),
    /FailedMount MountVolume\.SetUp failed for volume "certs" : credential bundle is not issued yet/,
  )
  await world.sign(signed)
  assert.equal(await world.phase(), 'Running')
  const first = world.file('b')!
  assert.ok(isPair(first))
  assert.equal(first, world.file('k')! + world.file('c')!)
  assert.ok(!first.includes('said before'))
  // An hour and five minutes at most of spreading.
  await world.clock.advance(hourMs - minuteMs)
  assert.equal((await world.requests()).length, 1)
  await world.clock.advance(7 * minuteMs)
  assert.equal((await world.requests()).length, 2)
  assert.equal(world.file('b'), first)
  await world.sign(signed)
  const second = world.file('b')!
  assert.ok(isPair(second))
  assert.notEqual(second, first)
  assert.deepEqual(world.told, [])
})

test('what is late is told, once, and what there is serves on', async (t) => {
  const world = await open(t)
  await world.node.create('one', podSpec([certificate()]))
  await world.clock.advance(1_000)
  await world.sign(signed)
  const first = world.file('bundle.pem')
  await world.clock.advance(hourMs + 17 * minuteMs)
  assert.deepEqual(world.told, ['CertificateOverdueForRefresh PodCertificate refresh overdue'])
  await world.clock.advance(2 * hourMs)
  assert.deepEqual(world.told.slice(1), ['CertificateExpired PodCertificate expired'])
  assert.equal(world.file('bundle.pem'), first)
})

for (const [type, words] of [
  ['Denied', 'was denied'],
  ['Failed', 'failed'],
] as const)
  test(`a request that ${words} is the end`, async (t) => {
    const world = await open(t)
    await world.node.create('one', podSpec([certificate()]))
    await world.clock.advance(1_000)
    await world.sign((_request, now) => condition(type, now, 'UnsupportedKeyType'))
    await world.clock.advance(30 * minuteMs)
    const [request, ...others] = await world.requests()
    assert.equal(others.length, 0)
    assert.equal(await world.phase(), 'Pending')
    assert.deepEqual(world.told, [
      `${type} PodCertificateRequest default/${request!.metadata.name} ${words}, reason="UnsupportedKeyType", message="so it is"`,
    ])
    assert.match(
      world.node.events.join('\n'),
      new RegExp(`PodCertificateRequest was permanently ${type.toLowerCase()}: reason="UnsupportedKeyType" message="so it is"`),
    )
  })

test('a request that somebody deleted is made anew, though not at once', async (t) => {
  const world = await open(t)
  await world.node.create('one', podSpec([certificate()]))
  await world.clock.advance(1_000)
  const [request] = await world.requests()
  await world.node.client.delete(PodCertificateRequest, request!.metadata.name, { namespace: 'default' })
  await world.clock.advance(9 * minuteMs)
  assert.deepEqual(await world.requests(), [])
  await world.clock.advance(7 * minuteMs)
  assert.equal((await world.requests()).length, 1)
})

test('a pod that ends asks for nothing any more', async (t) => {
  const world = await open(t)
  await world.node.create('one', podSpec([certificate()]))
  await world.clock.advance(1_000)
  await world.sign(signed)
  await world.node.client.delete((await import('#api/core/v1/pod.ts')).Pod, 'one', { namespace: 'default', gracePeriodSeconds: 0 })
  await world.clock.advance(3 * hourMs)
  assert.equal((await world.requests()).length, 1)
  assert.deepEqual(world.told, [])
})

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const anchor = (from: number) => issue({ publicKey, from, until: from + hourMs, isAuthority: true })
const anchors = [0, 1000, 2000].map(anchor)
const bundle = (name: string, trustBundle: string, signerName?: string, labels = {}) => ({
  metadata: { name, labels },
  spec: { trustBundle, ...(signerName !== undefined && { signerName }) },
})
const blocks = (text: string | undefined) => (text ?? '').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g)?.sort() ?? []

test('authorities of a bundle by its name, without what stands around them, and as they change', async (t) => {
  const world = await open(t)
  await world.node.create('one', podSpec([{ clusterTrustBundle: { name: 'plain', path: 'ca.pem' } }]))
  await world.clock.advance(5_000)
  assert.equal(await world.phase(), 'Pending')
  assert.match(
    world.node.events.join('\n'),
    /while getting ClusterTrustBundle: clustertrustbundle\.certificates\.k8s\.io "plain" not found/,
  )
  await world.node.client.create(ClusterTrustBundle, bundle('plain', `before\n${anchors[0]}between\n${anchors[1]}`))
  await world.clock.advance(2_000)
  assert.equal(await world.phase(), 'Running')
  assert.deepEqual(blocks(world.file('ca.pem')), anchors.slice(0, 2).sort())
  assert.ok(!world.file('ca.pem')!.includes('before'))
  const present = await world.node.client.get(ClusterTrustBundle, 'plain')
  await world.node.client.update(ClusterTrustBundle, { ...present, spec: { trustBundle: anchors[2]! } } as ClusterTrustBundle)
  await world.clock.advance(2_000)
  assert.equal(world.file('ca.pem'), anchors[2])
})

test('authorities of a signer: those whose labels fit, each once, and no other signer’s', async (t) => {
  const world = await open(t)
  const signer = 'example.com/signer'
  for (const object of [
    bundle('example.com:signer:a', anchors[0]! + anchors[1]!, signer, { live: 'yes' }),
    bundle('example.com:signer:b', anchors[1]!, signer, { live: 'yes' }),
    bundle('example.com:signer:c', anchors[2]!, signer, { live: 'no' }),
    bundle('plain', anchors[2]!, undefined, { live: 'yes' }),
  ])
    await world.node.client.create(ClusterTrustBundle, object)
  const source = (path: string, more: object) => ({ clusterTrustBundle: { signerName: signer, path, ...more } })
  await world.node.create(
    'one',
    podSpec([
      source('live.pem', { labelSelector: { matchLabels: { live: 'yes' } } }),
      source('all.pem', { labelSelector: {} }),
      // No selector selects nothing.
      source('none.pem', { optional: true }),
    ]),
  )
  await world.clock.advance(2_000)
  assert.equal(await world.phase(), 'Running')
  assert.deepEqual(blocks(world.file('live.pem')), anchors.slice(0, 2).sort())
  assert.deepEqual(blocks(world.file('all.pem')), anchors.toSorted())
  assert.equal(world.file('none.pem'), '')
  await world.node.client.delete(ClusterTrustBundle, 'example.com:signer:a')
  await world.clock.advance(2_000)
  assert.equal(world.file('live.pem'), anchors[1])
})

test('a signer without bundles keeps the pod', async (t) => {
  const world = await open(t)
  await world.node.create('one', podSpec([{ clusterTrustBundle: { signerName: 'example.com/x', labelSelector: {}, path: 'ca.pem' } }]))
  await world.clock.advance(5_000)
  assert.equal(await world.phase(), 'Pending')
  assert.match(world.node.events.join('\n'), /combination of signerName and labelSelector matched zero ClusterTrustBundles/)
})

test('a server whose gates are off takes such sources out of a pod', async (t) => {
  const world = await open(t, [])
  const { spec }: Pod = await world.node.create('one', podSpec([certificate(), { clusterTrustBundle: { name: 'x', path: 'y' } }]))
  assert.deepEqual(spec.volumes?.[0]?.projected?.sources, [{}, {}])
  await world.clock.advance(2_000)
  assert.equal(await world.phase(), 'Running')
})
