import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pemBlocks } from '#lib/pkcs10.ts'
import { pemOf } from '../pod-certificates/certificate-state.ts'
import { anchorsText } from './trust-bundles.ts'

const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const setOf = (text: string) => pemBlocks(text).map(({ content }) => hex(content))

test('every authority once, in a form that reads back, however they are spread over bundles', () => {
  fc.assert(
    fc.property(contents, contents, (some, others) => {
      const texts = [some, others].map((list) => list.map((content) => `about it:\n${pemOf('CERTIFICATE', content)}`).join(''))
      const found = setOf(anchorsText(texts, new Uint8Array(1)))
      assert.deepEqual(found.toSorted(), [...new Set([...some, ...others].map(hex))].sort())
    }),
  )
})

test('the order hangs on the salt alone', () => {
  const blocks = Array.from({ length: 8 }, (_, i) => pemOf('CERTIFICATE', Uint8Array.of(i)))
  const order = (texts: readonly string[], salt: number) => anchorsText(texts, Uint8Array.of(salt))
  assert.equal(order(blocks, 1), order(blocks.toReversed(), 1))
  assert.notEqual(order(blocks, 1), order(blocks, 2))
})
