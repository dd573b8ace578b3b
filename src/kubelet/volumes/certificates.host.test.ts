import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { issue } from '#api/certificates/v1beta1/testing/issue.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { featuresOf, optionalVersions } from '#api/features.ts'
import { servedKinds } from '#api/served-kinds.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { mountsBelow, volumeHost } from '#host/mounts.ts'
import { podKeys } from '#host/pod-keys.ts'
import { silentLog } from '#lib/log.ts'
import { readCertificateRequest } from '#lib/pkcs10.ts'
import { seededRandom } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { createPodCertificates } from '../pod-certificates/pod-certificates.ts'
import { createObjectSource } from './object-source.ts'
import { createTrustBundles } from './trust-bundles.ts'
import { createVolumeManager } from './volume-manager.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'wherry-certificates-'))
const features = featuresOf({ ClusterTrustBundle: true, ClusterTrustBundleProjection: true, PodCertificateRequest: true })
const server = await createTestServer({
  clock: systemClock,
  kinds: servedKinds(features, Object.fromEntries(Object.keys(optionalVersions).map((version) => [version, true]))),
  server: { features },
})
const client = createClient(server.transport)
await client.create(Namespace, { metadata: { name: 'default' } })
await client.create(ServiceAccount, { metadata: { name: 'default' } }, { namespace: 'default' })

const follow = { clock: systemClock, random: seededRandom(1), log: silentLog }
const manager = createVolumeManager({
  rootDirectory: root,
  host: volumeHost,
  objects: createObjectSource(client, follow),
  bundles: createTrustBundles(client, follow),
  certificates: createPodCertificates({
    ...follow,
    client,
    nodeName: 'node',
    nodeUid: async () => 'node-uid',
    keys: podKeys,
    tell: (_pod, reason, message) => assert.fail(`${reason}: ${message}`),
  }),
  tokens: () => Promise.reject(new Error('none')),
  allocatable: () => ({ cpuMilli: 0, memoryBytes: 0, ephemeralStorageBytes: 0 }),
  clock: systemClock,
  random: seededRandom(2),
  report: (_pod, error) => assert.fail(String(error)),
  ready() {},
})
after(async () => {
  await manager.close()
  await server.close()
  await volumeHost.removeTree(join(root, 'pods'))
  fs.rmSync(root, { recursive: true })
})

/** What answers at the same time as the node waits. */
async function signNext(): Promise<void> {
  for (;;) {
    const [request] = (await client.list(PodCertificateRequest)).items.filter(({ status }) => (status.conditions ?? []).length === 0)
    if (request === undefined) {
      await delay(10)
      continue
    }
    const { publicKey } = readCertificateRequest(Buffer.from(request.spec.stubPKCS10Request, 'base64'))!
    const from = Math.floor(Date.now() / 1000) * 1000
    const until = from + 7_200_000
    const conditions = [{ type: 'Issued', status: 'True', reason: 'R', message: '', lastTransitionTime: rfc3339(from) }]
    const certificateChain = issue({ publicKey, from, until })
    const times = { notBefore: rfc3339(from), notAfter: rfc3339(until), beginRefreshAt: rfc3339(from + 3_600_000) }
    await client.update(
      PodCertificateRequest,
      { ...request, status: { conditions, certificateChain, ...times } },
      { subresource: 'status' },
    )
    return
  }
}

async function podWith(name: string, security: object, sources: readonly object[]): Promise<Pod> {
  const containers = [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/x' }] }]
  const spec = { nodeName: 'node', securityContext: security, containers, volumes: [{ name: 'v', projected: { sources } }] }
  return client.create(Pod, { metadata: { name }, spec } as never, { namespace: 'default' })
}

for (const [keyType, security, owner] of [
  ['ECDSAP384', { runAsUser: 1234 }, { mode: 0o600, uid: 1234, gid: 0 }],
  ['ED25519', { fsGroup: 4321 }, { mode: 0o640, uid: 0, gid: 4321 }],
  ['RSA3072', {}, { mode: 0o644, uid: 0, gid: 0 }],
] as const)
  test(`a pair of sort ${keyType} and its authorities, in memory, for whom the pod says`, async () => {
    const name = keyType.toLowerCase()
    const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const trustBundle = issue({ publicKey: authority.publicKey, from: 0, until: 4e12, isAuthority: true })
    await client.create(ClusterTrustBundle, { metadata: { name }, spec: { trustBundle } })
    const pod = await podWith(name, security, [
      { podCertificate: { signerName: 'example.com/x', keyType, credentialBundlePath: 'pair/bundle.pem' } },
      { clusterTrustBundle: { name, path: 'ca.pem' } },
    ])
    const [volumes] = await Promise.all([manager.prepare(pod, new AbortController().signal), signNext()])
    const path = volumes.get('v')!.hostPath
    assert.equal(fs.statfsSync(path).type, 0x01021994, 'a tmpfs')
    const bundle = fs.readFileSync(join(path, 'pair/bundle.pem'), 'utf8')
    const chain = bundle.slice(bundle.indexOf('-----BEGIN CERT'))
    assert.ok(new X509Certificate(chain).checkPrivateKey(createPrivateKey(bundle)))
    assert.equal(fs.readFileSync(join(path, 'ca.pem'), 'utf8'), trustBundle)
    for (const file of ['pair/bundle.pem', 'ca.pem']) {
      const { mode, uid, gid } = fs.statSync(join(path, file))
      assert.deepEqual({ mode: mode & 0o777, uid, gid }, owner)
    }
    await client.update(ClusterTrustBundle, {
      ...(await client.get(ClusterTrustBundle, name)),
      spec: { trustBundle: trustBundle + issue({ publicKey: authority.publicKey, from: 1000, until: 4e12, isAuthority: true }) },
    } as ClusterTrustBundle)
    const deadline = Date.now() + 10_000
    const count = () => fs.readFileSync(join(path, 'ca.pem'), 'utf8').split('BEGIN').length - 1
    while (count() < 2 && Date.now() < deadline) await delay(10)
    assert.equal(count(), 2)
    assert.equal(fs.readFileSync(join(path, 'pair/bundle.pem'), 'utf8'), bundle)
    await manager.teardown(pod.metadata.uid)
    assert.deepEqual(await mountsBelow(root), [])
  })
