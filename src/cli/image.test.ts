import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeImages } from './image.ts'

const image = (name: string, digest = 'sha256:1') => ({ name, digest, size: '1 MiB' })

test('an image of several nodes is listed once, with those that have it', () =>
  assert.deepEqual(
    mergeImages([
      { name: 'one', images: [image('shop:1'), image('pause:1')] },
      { name: 'two', images: [image('pause:1')] },
    ]),
    [
      { ...image('pause:1'), nodes: ['one', 'two'] },
      { ...image('shop:1'), nodes: ['one'] },
    ],
  ))

test('one name with two contents is two images', () =>
  assert.deepEqual(
    mergeImages([
      { name: 'one', images: [image('shop:1', 'sha256:1')] },
      { name: 'two', images: [image('shop:1', 'sha256:2')] },
    ]).map(({ digest, nodes }) => [digest, ...nodes]),
    [
      ['sha256:1', 'one'],
      ['sha256:2', 'two'],
    ],
  ))
