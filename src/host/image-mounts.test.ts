import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mountsImages, shortened } from './image-mounts.ts'

const runtimes: readonly (readonly [name: string, version: string, itself: boolean])[] = [
  ['containerd', '1.6.20~ds1', false],
  ['containerd', 'v1.7.27', false],
  ['containerd', '2.0.5', false],
  ['containerd', 'v2.1.0-rc.1', true],
  ['containerd', '2.3.7', true],
  ['cri-o', '1.30.4', false],
  ['cri-o', '1.31.0', true],
  ['another', '0.1', true],
]
for (const [name, version, itself] of runtimes)
  test(`${name} ${version} ${itself ? 'mounts images itself' : 'needs us for images'}`, () =>
    assert.equal(mountsImages(name, version), itself))

const at = '/var/lib/containerd/snapshots'
const overlays: Readonly<Record<string, { readonly options: readonly string[]; readonly gives: ReturnType<typeof shortened> }>> = {
  'no layers': { options: ['rbind'], gives: { options: ['rbind'] } },
  'one layer': { options: [`lowerdir=${at}/1/fs`], gives: { options: [`lowerdir=${at}/1/fs`] } },
  'many layers in one folder': {
    options: ['index=off', `lowerdir=${at}/12/fs:${at}/1/fs:${at}/123/fs`],
    gives: { directory: at, options: ['index=off', 'lowerdir=12/fs:1/fs:123/fs'] },
  },
  'layers in different places': { options: ['lowerdir=/a/fs:/b/fs'], gives: { options: ['lowerdir=/a/fs:/b/fs'] } },
}
for (const [name, { options, gives }] of Object.entries(overlays))
  test(`overlay of ${name}`, () => assert.deepEqual(shortened(options), gives))
