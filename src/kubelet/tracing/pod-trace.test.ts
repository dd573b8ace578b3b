import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import type { Span } from '#lib/tracing/span.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { createImagePuller } from '../image/image-puller.ts'
import type { Runtime } from '../runtime.ts'
import { createSpans } from '../spans.ts'
import { createTestNode, noCgroups, noVolumes, type TestNode } from '../test-node.ts'
import { shownTraces, spanned, testTracer } from './testing.ts'

const images = {
  app: { isAbsent: true, pullMs: 300 },
  here: {},
  crashing: { exit: { afterMs: 1_000, code: 1 } },
  probed: { exec: () => ({ exitCode: 0 }) },
  unstartable: { startFails: 'no such file' },
  hooked: { exec: () => ({ exitCode: 0, takesMs: 20_000 }) },
  broken: { isAbsent: true, pullFails: 'no such repository' },
}
/** Volumes, sandbox and image come side by side; the container needs them all. */
const prepared = ['  volumes', '  cgroup', '  image', '    imageStatus', '  runSandbox', '  sandboxStatus']
const run = ['  createContainer', '  startContainer', '  containerStatus']
const fails = ['  image: no such repository', '    imageStatus', '    pullImage: no such repository']

check('a start, with all that it leads to', 'app', async ({ pass }) => pass(5_000), [
  'syncPod',
  '  volumes',
  '  cgroup',
  '  runSandbox',
  '  image',
  '    imageStatus',
  '    pullImage',
  '    imageStatus',
  '  sandboxStatus',
  ...run,
])
check('a start that fails for want of an image, and the next try', 'broken', async ({ pass }) => pass(15_000), [
  'syncPod: no such repository',
  '  volumes',
  '  cgroup',
  ...fails,
  '  runSandbox',
  '  sandboxStatus',
  'syncPod: no such repository',
  ...fails,
])
check(
  'a start that the runtime refuses',
  'here',
  async ({ refuse, pass }) => {
    refuse()
    await pass(200)
  },
  ['syncPod: out of order', '  volumes', '  cgroup', '  image', '    imageStatus', '  runSandbox: out of order'],
)
const refused = ['  createContainer', '  startContainer: no such file', '  containerStatus']
check('a container that does not start, and the try that follows at once', 'unstartable', async ({ pass }) => pass(300), [
  ...['syncPod: no such file', ...prepared, ...refused],
  ...['  image', '    imageStatus', '  sandboxStatus', ...refused],
])
check('a hook', 'hooked', async ({ pass }) => pass(60_000), ['syncPod', ...prepared, ...run, '  execSync'])
check('a restart by itself', 'crashing', async ({ pass }) => pass(5_000), [
  ...['syncPod', ...prepared, ...run],
  ...['syncPod', '  image', '    imageStatus', '  sandboxStatus', ...run],
])
check(
  'the end, before and after the object goes',
  'here',
  async ({ node, pass }) => {
    await pass(5_000)
    await node.client.delete(Pod, 'one', { namespace: 'default' })
    await pass(60_000)
  },
  [
    ...['syncPod', ...prepared, ...run],
    ...['syncTerminatingPod', '  stopContainer', '  containerStatus', '  stopSandbox', '  sandboxStatus'],
    ...['syncTerminatedPod', '  volumes', '  cgroup'],
    ...['syncTerminatedPod', '  removeContainer', '  removeSandbox'],
  ],
)
check('no probe, which is nobody’s part', 'probed', async ({ pass }) => pass(60_000), ['syncPod', ...prepared, ...run])
check('nothing where chance chooses nothing', 'here', async ({ pass }) => pass(5_000), [], 0)

test('a trace says whose it is, and what led to it', async (t) => {
  const { spans } = await lived(t, 'crashing', async ({ pass }) => pass(5_000))
  const roots = spans.filter(({ name }) => name === 'syncPod')
  const { 'k8s.pod.uid': uid, ...first } = roots[0]!.attributes
  assert.match(uid!, /^[\da-f-]{36}$/)
  assert.deepEqual(first, {
    'k8s.pod': 'default/one',
    'k8s.pod.name': 'one',
    'k8s.pod.update_type': 'create',
    'k8s.namespace.name': 'default',
  })
  assert.deepEqual(
    roots.map(({ attributes }) => attributes['k8s.pod.update_type']),
    ['create', 'sync'],
  )
  assert.equal(new Set(roots.map(({ traceId }) => traceId)).size, 2)
  const image = spans.find(({ name }) => name === 'image')
  assert.deepEqual(image!.attributes, { 'k8s.container.name': 'main', 'container.image.name': 'crashing' })
})

const exec = { exec: { command: ['true'] } }
const more: Readonly<Record<string, object>> = { probed: { livenessProbe: exec }, hooked: { lifecycle: { postStart: exec } } }

interface World {
  readonly node: TestNode
  /** Sandboxes cannot be made any more. */
  readonly refuse: () => void
  readonly pass: (ms: number) => Promise<void>
}

/** Lives a pod of one container of this image in a node that traces. */
async function lived(
  t: { after(end: () => Promise<void>): void },
  image: string,
  act: (world: World) => Promise<void>,
  samplingRatePerMillion?: number,
): Promise<{ readonly spans: readonly Span[]; readonly clock: VirtualClock }> {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const { tracer, spans } = testTracer(clock, samplingRatePerMillion)
  const stopWatch = createSpans({ clock, registry: createRegistry() })
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images, latencyMs: 10 })
  let isRefused = false
  const runSandbox: Runtime['runSandbox'] = async (config) => {
    if (isRefused) throw new WherryError('InternalError', 'out of order')
    return simulated.runSandbox(config)
  }
  const runtime = stopWatch.runtime(spanned({ ...simulated, runSandbox }))
  const node = await createTestNode({
    clock,
    runtime,
    network: simulated.network,
    images: stopWatch.images(createImagePuller({ runtime, clock })),
    volumes: stopWatch.volumes(noVolumes()),
    cgroups: stopWatch.cgroups(noCgroups),
    parts: { tracer },
  })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(100)
  await node.create('one', {
    containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', ...more[image] }],
  })
  await act({ node, refuse: () => void (isRefused = true), pass: (ms) => clock.advance(ms) })
  await tracer.close()
  return { spans, clock }
}

function check(
  title: string,
  image: string,
  act: (world: World) => Promise<void>,
  expected: readonly string[],
  samplingRatePerMillion?: number,
): void {
  test(`traces ${title}`, async (t) => {
    const { spans } = await lived(t, image, act, samplingRatePerMillion)
    assert.deepEqual(shownTraces(spans), expected)
  })
}
