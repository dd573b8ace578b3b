import assert from 'node:assert/strict'
import { pipeline, Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { createGzip } from 'node:zlib'
import { createVirtualClock } from '#sim/clock.ts'
import { abandonBody, sendBody } from './send-body.ts'

/** A body that tells of its end. */
function told(fail?: Error): { readonly body: AsyncGenerator<Uint8Array>; readonly ends: string[] } {
  const ends: string[] = []
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      if (fail !== undefined) throw fail
      for (;;) yield Buffer.from('piece')
    } finally {
      ends.push('ended')
    }
  }
  return { body: body(), ends }
}

test('a body that nobody reads is ended all the same, though it was never begun', async () => {
  const plain = told()
  await abandonBody(plain.body)
  assert.deepEqual(plain.ends, ['ended'])
  const { body, ends } = told()
  const compressed = createGzip()
  const over = new Promise((resolve) => pipeline(Readable.from(body), compressed, resolve))
  await Promise.all([abandonBody(compressed), over])
  assert.deepEqual(ends, ['ended'])
  await abandonBody(told(new Error('broken')).body)
  await abandonBody(Buffer.from('whole'))
})

test('a connection that is gone already gets nothing, and a source that fails then fails alone', async () => {
  const clock = createVirtualClock(0)
  for (const failure of [undefined, new Error('broken')]) {
    const { body, ends } = told(failure)
    const written: unknown[] = []
    const out = new Writable({
      write(piece, _encoding, done) {
        written.push(piece)
        done()
      },
    })
    out.destroy()
    await sendBody(out, body, clock)
    assert.deepEqual(written, [])
    assert.deepEqual(ends, ['ended'])
  }
})
