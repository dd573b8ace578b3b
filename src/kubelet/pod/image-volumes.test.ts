import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { VolumeManager } from '../interfaces.ts'
import { workMetrics } from '../metrics/work-metrics.ts'
import { asked, container, world } from '../test-world.ts'

/** Volumes of images: `at` says where the node has mounted one; undefined: the runtime does so itself. */
const imageVolumes = (at: string | undefined): VolumeManager => ({
  prepare: async () => new Map([['files', { hostPath: '', readOnly: true, image: { reference: 'data' } }]]),
  refresh() {},
  teardown: async () => {},
  known: async () => [],
  subPath: async (_uid, volume, _container, _index, subPath) => `/host/${volume}/${subPath}`,
  mountImage: async (_uid, _volume, imageId) => at && `${at}/${imageId}`,
  close: async () => {},
})

const spec = (mount: object = {}) => ({
  volumes: [{ name: 'files', image: { reference: 'data', pullPolicy: 'IfNotPresent' } }],
  containers: [container('main', 'app', { volumeMounts: [{ name: 'files', mountPath: '/files', ...mount }] })],
})

function check(name: string, at: string | undefined, mount: object, expected: object): void {
  test(`image volumes: ${name}`, async (t) => {
    const made = asked()
    const { node, pass, show } = await world(t, { data: { isAbsent: true } }, 1, undefined, made.through, { volumes: imageVolumes(at) })
    await node.create('one', spec(mount))
    await pass(1000)
    assert.equal(await show(), 'Running main:running/ready')
    const found = made.containers.get('main')!.mounts.find(({ containerPath }) => containerPath === '/files')!
    assert.partialDeepStrictEqual(found, { readonly: true, ...expected })
    assert.ok(node.events.includes('Pulling Pulling image "data"'))
  })
}
check('by the runtime', undefined, {}, { hostPath: '', image: 'docker.io/library/data:latest' })
check(
  'a part of one, by the runtime',
  undefined,
  { subPath: 'a' },
  { hostPath: '', image: 'docker.io/library/data:latest', imageSubPath: 'a' },
)
check('by the node', '/mounted', {}, { hostPath: '/mounted/docker.io/library/data:latest' })
check('a part of one, by the node', '/mounted', { subPath: 'a' }, { hostPath: '/host/files/a' })

for (const at of [undefined, '/mounted'])
  test(`image volumes are counted, mounted by the ${at === undefined ? 'runtime' : 'node'}`, async (t) => {
    const registry = createRegistry()
    const observer = { probed() {}, rejected() {}, work: workMetrics(registry, createVirtualClock(0)) }
    const { node, pass } = await world(t, {}, 1, undefined, undefined, { volumes: imageVolumes(at), parts: { observer } })
    await node.create('one', spec())
    await pass(1000)
    assert.deepEqual(registry.text().match(/^kubelet_image_volume_\w+ \d+$/gm), [
      'kubelet_image_volume_mounted_errors_total 0',
      'kubelet_image_volume_mounted_succeed_total 1',
      'kubelet_image_volume_requested_total 1',
    ])
  })

test('image volumes: one that cannot be pulled holds the container back, as its own image would', async (t) => {
  let refuse = true
  const data = { isAbsent: true, pullFails: () => (refuse ? 'no such image' : undefined) }
  const { node, pass, show, status } = await world(t, { data }, 1, undefined, undefined, { volumes: imageVolumes(undefined) })
  await node.create('one', spec())
  await pass(1000)
  assert.deepEqual((await status('main')).state.waiting, { reason: 'ErrImagePull', message: 'no such image' })
  refuse = false
  await pass(15_000)
  assert.equal(await show(), 'Running main:running/ready')
})
