import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { PodSource } from '../interfaces.ts'
import { workMetrics } from '../metrics/work-metrics.ts'
import { container, starts, world } from '../test-world.ts'
import { staticPod } from './static-pod.ts'
import { createStaticPods } from './static-pods.ts'

const manifest = (spec: object, metadata: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec })
const parse = (text: string) => staticPod({ path: '/manifests/web.yaml', text, seenAt: 1_700_000_000_000 }, 'node')

/** A folder of manifests that the test writes. */
function folder() {
  const listeners = new Set<() => void>()
  let texts: readonly string[] = []
  const source: PodSource = {
    name: 'file',
    list: async () => texts.map((text) => staticPod({ path: '/m', text, seenAt: 0 }, 'node')),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {},
  }
  return {
    source,
    write(...next: readonly string[]) {
      texts = next
      for (const listener of listeners) listener()
    },
  }
}

test('a manifest becomes a pod of this node, with all defaults', () => {
  const pod = parse(manifest({ containers: [{ name: 'main', image: 'app' }] }))
  const { name, namespace, uid, annotations } = pod.metadata
  assert.deepEqual([name, namespace, uid.length], ['web-node', 'default', 32])
  assert.deepEqual(annotations, {
    'kubernetes.io/config.hash': uid,
    'kubernetes.io/config.seen': '2023-11-14T22:13:20Z',
    'kubernetes.io/config.source': 'file',
  })
  assert.deepEqual(
    [pod.spec.nodeName, pod.spec.restartPolicy, pod.spec.tolerations],
    ['node', 'Always', [{ operator: 'Exists', effect: 'NoExecute' }]],
  )
  assert.equal(parse(manifest({ containers: [{ name: 'main', image: 'app' }] })).metadata.uid, uid)
  assert.notEqual(parse(manifest({ containers: [{ name: 'main', image: 'other' }] })).metadata.uid, uid)
})

function projecting(source: object): string {
  return manifest({ containers: [{ name: 'a', image: 'b' }], volumes: [{ name: 'v', projected: { sources: [source] } }] })
}

for (const [name, text, why] of [
  ['no YAML', '{', /yaml/],
  ['another kind', '{"apiVersion":"v1","kind":"Service"}', /begin with apiVersion: v1 and kind: Pod/],
  ['no name', '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"b"}]}}', /name is needed for the pod/],
  ['no image', manifest({ containers: [{ name: 'main' }] }), /spec\.containers\[0\]\.image/],
  [
    'a Secret',
    manifest({ containers: [{ name: 'a', image: 'b', envFrom: [{ secretRef: { name: 's' } }] }] }),
    /static pods may not reference secrets/,
  ],
  [
    'an account',
    manifest({ serviceAccountName: 'x', containers: [{ name: 'a', image: 'b' }] }),
    /static pods may not reference serviceaccounts/,
  ],
  ['authorities', projecting({ clusterTrustBundle: { name: 'b', path: 'c' } }), /static pods may not reference clustertrustbundles/],
  [
    'a certificate',
    projecting({ podCertificate: { signerName: 'a.io/b', keyType: 'ED25519', keyPath: 'k' } }),
    /static pods may not reference podcertificates/,
  ],
] as const)
  test(`a manifest is refused: ${name}`, () => assert.throws(() => parse(text), why))

test('a static pod runs, is shown by a mirror that cannot be deleted for long, and ends with its manifest', async (t) => {
  const { source, write } = folder()
  write(manifest({ terminationGracePeriodSeconds: 7, containers: [container('main')] }))
  const { node, pass, runtime, kubelet } = await world(t, {}, 1, undefined, undefined, { parts: { podSources: [source] } })
  await pass(1000)
  const mirror = (await node.pod('web-node'))!
  assert.equal(mirror.status.phase, 'Running')
  assert.equal(mirror.metadata.annotations!['kubernetes.io/config.mirror'], mirror.metadata.annotations!['kubernetes.io/config.hash'])
  assert.deepEqual(
    mirror.metadata.ownerReferences?.map(({ kind, name, controller }) => [kind, name, controller]),
    [['Node', 'node', true]],
  )
  assert.equal(kubelet.pods.get('default', 'web-node')!.pod.metadata.uid, mirror.metadata.annotations!['kubernetes.io/config.hash'])

  await node.client.delete(Pod, 'web-node', { namespace: 'default' })
  await pass(2000)
  const again = (await node.pod('web-node'))!
  assert.notEqual(again.metadata.uid, mirror.metadata.uid)
  assert.equal(again.status.phase, 'Running')
  assert.deepEqual(starts(runtime), ['start main 0'])

  write()
  await pass(10_000)
  assert.equal(await node.pod('web-node'), undefined)
  assert.deepEqual([await runtime.containers(), await runtime.sandboxes(), kubelet.pods.list()], [[], [], []])
  assert.ok(runtime.history.includes('stop main 7'))
})

test('another content of a manifest is another pod, which starts when the former has ended', async (t) => {
  const { source, write } = folder()
  write(manifest({ containers: [container('main', 'slow')] }))
  const { node, pass, runtime } = await world(t, { slow: { stopMs: 5000 } }, 1, undefined, undefined, { parts: { podSources: [source] } })
  await pass(1000)
  write(manifest({ containers: [container('main', 'slow'), container('more')] }))
  await pass(4000)
  assert.deepEqual(starts(runtime), ['start main 0'])
  await pass(5000)
  assert.deepEqual(starts(runtime), ['start main 0', 'start main 0', 'start more 0'])
  assert.equal((await node.pod('web-node'))!.spec.containers.length, 2)
})

test('a manifest that comes back while its pod ends runs once more, and is counted', async (t) => {
  const { source, write } = folder()
  const text = manifest({ containers: [container('main', 'slow')] })
  write(text)
  let restarts = 0
  const work = { ...workMetrics(createRegistry(), createVirtualClock(0)), staticPodRestarted: () => void (restarts += 1) }
  const parts = { podSources: [source], observer: { probed() {}, rejected() {}, work } }
  const { pass, runtime } = await world(t, { slow: { stopMs: 5000 } }, 1, undefined, undefined, { parts })
  await pass(1000)
  write()
  await pass(1000)
  write(text)
  await pass(10_000)
  assert.equal(starts(runtime).length, 2)
  assert.equal(restarts, 1)
})

test('a new kubelet adopts static pods, and clears a mirror whose manifest is gone', async (t) => {
  const { source, write } = folder()
  write(manifest({ containers: [container('main')] }))
  const { node, pass, runtime, kubelet } = await world(t, {}, 1, undefined, undefined, { parts: { podSources: [source] } })
  await pass(1000)
  await kubelet.stop()
  const second = await node.startKubelet()
  await pass(1000)
  assert.deepEqual(starts(runtime), ['start main 0'])
  assert.equal((await node.pod('web-node'))!.status.phase, 'Running')
  await second.stop()
  write()
  await node.startKubelet()
  await pass(40_000)
  assert.equal(await node.pod('web-node'), undefined)
  assert.deepEqual(await runtime.containers(), [])
})

test('while the API server is away one try for a mirror waits for its time, however often something happens', async () => {
  const clock = createVirtualClock(0)
  const { source, write } = folder()
  write(manifest({ containers: [container('main')] }))
  let tries = 0
  const create = () => {
    tries += 1
    return Promise.reject(new WherryError('ServiceUnavailable', 'away'))
  }
  const statics = createStaticPods({
    sources: [source],
    client: { create } as never,
    clock,
    random: seededRandom(1),
    log: silentLog,
    node: () => ({ metadata: { name: 'node', uid: 'n' } }) as Node,
    run() {},
    end() {},
    changed() {},
  })
  await statics.load()
  for (let round = 0; round < 50; round += 1) {
    statics.nodeRegistered()
    await clock.advance(100)
  }
  assert.equal(clock.pending, 1)
  const before = tries
  await clock.advance(10 * 60_000)
  assert.ok(tries - before < 60, `${tries - before} tries in ten minutes`)
  statics.close()
  assert.equal(clock.pending, 0)
})

test('a pod of the API that calls itself static has none of its rights', async (t) => {
  const { node, pass, kubelet } = await world(t)
  await node.create('liar', { containers: [container('main')] }, { annotations: { 'kubernetes.io/config.source': 'file' } })
  await pass(1000)
  assert.equal((await node.pod('liar'))!.status.phase, 'Running')
  assert.equal(kubelet.pods.get('default', 'liar')!.pod.metadata.annotations!['kubernetes.io/config.source'], 'api')
})
