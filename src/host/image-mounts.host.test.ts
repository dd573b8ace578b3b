import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from './clock.ts'
import { createCriRuntime } from './cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from './cri/test-containerd.ts'
import { createImageMounts } from './image-mounts.ts'
import { mountsBelow, unmount } from './mounts.ts'
import { run } from './run.ts'

let containerd: TestContainerd
before(async () => {
  containerd = await startTestContainerd('10.231.77.0/24')
})
after(() => containerd.close())

test('an image as a directory: read-only, found again after a crash, there for as long as it is mounted, and gone without a trace', async () => {
  const runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  const mounts = createImageMounts({ endpoint: containerd.socket, version: () => runtime.version() })
  const snapshots = async () => (await ctr('snapshots', 'list')).split('\n').filter((line) => line.startsWith('wherry-volume-')).length
  const ctr = async (...args: string[]) => (await run('ctr', ['--address', containerd.socket, '--namespace', 'k8s.io', ...args])).stdout
  try {
    if (await mounts.isNative()) return
    const image = (await runtime.imageStatus('docker.io/library/busybox:1'))!
    const path = join(containerd.directory, 'volume')
    fs.mkdirSync(path)
    await mounts.mount(image.id, path)
    assert.ok(fs.existsSync(join(path, 'bin/busybox')))
    assert.throws(() => fs.writeFileSync(join(path, 'new'), ''), /EROFS/)
    await mounts.mount(image.id, path)
    assert.equal((await mountsBelow(path)).length, 1)
    // The view was made, then all ended before it was mounted.
    await unmount(path)
    await mounts.mount(image.id, path)
    assert.equal(await snapshots(), 1)
    await assert.rejects(mounts.mount(`sha256:${'0'.repeat(64)}`, join(containerd.directory, 'none')), { code: 'NotFound' })
    // The image goes, and containerd clears what nobody holds.
    await runtime.removeImage(image.id)
    await ctr('images', 'remove', '--sync', 'docker.io/library/busybox:1')
    assert.ok(fs.statSync(join(path, 'bin/busybox')).size > 0)
    await unmount(path)
    await mounts.release(path)
    await mounts.release(path)
    assert.equal(await snapshots(), 0)
  } finally {
    runtime.close()
  }
})
