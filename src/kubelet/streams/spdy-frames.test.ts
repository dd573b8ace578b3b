import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import { isError } from '#lib/errors.ts'
import { spdyDictionary } from './spdy-dictionary.ts'
import type { Frame } from './spdy-frames.ts'
import { createFrameDecoder, createFrameEncoder } from './spdy-frames.ts'
import { createHeaderDecoder } from './spdy-headers.ts'

const id = fc.integer({ min: 1, max: 0x7fffffff })
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/)
const headers = fc.dictionary(name, fc.string({ maxLength: 300, unit: 'grapheme' }), { maxKeys: 8 })
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('data' as const),
    streamId: id,
    fin: fc.boolean(),
    data: fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((a) => Buffer.from(a)),
  }),
  fc.record({
    type: fc.constant('syn-stream' as const),
    streamId: id,
    associatedId: id,
    priority: fc.integer({ min: 0, max: 7 }),
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
    headers,
  }),
  fc.record({ type: fc.constantFrom('syn-reply' as const, 'headers' as const), streamId: id, fin: fc.boolean(), headers }),
  fc.record({ type: fc.constant('rst-stream' as const), streamId: id, status: id }),
  fc.record({
    type: fc.constant('settings' as const),
    entries: fc.array(fc.record({ id: fc.integer({ min: 1, max: 7 }), value: id }, { noNullPrototype: true }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('ping' as const), id }),
  fc.record({ type: fc.constant('goaway' as const), lastStreamId: id, status: fc.nat(11) }),
  fc.record({ type: fc.constant('window-update' as const), streamId: id, delta: id }),
)

test('any frames come back, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.integer({ min: 1, max: 700 }), (frames, cut) => {
      const encode = createFrameEncoder()
      const decode = createFrameDecoder()
      const bytes = Buffer.concat(frames.map(encode))
      const back: Frame[] = []
      for (let at = 0; at < bytes.length; at += cut) back.push(...decode(bytes.subarray(at, at + cut)))
      assert.deepEqual(joined(back), joined(frames))
    }),
    { numRuns: 300 },
  )
})

test('header blocks that zlib compressed with one running state are read', async () => {
  const deflate = createDeflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH })
  const decode = createHeaderDecoder()
  for (const value of ['stdin', 'stdout', 'stderr', 'stdout', 'error']) {
    const block = Buffer.concat([
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 10]),
      Buffer.from('streamtype'),
      Buffer.from([0, 0, 0, value.length]),
      Buffer.from(value),
    ])
    const compressed = await new Promise<Buffer>((resolve) => {
      const parts: Buffer[] = []
      const take = (part: Buffer) => parts.push(part)
      deflate.on('data', take)
      deflate.write(block, () =>
        deflate.flush(constants.Z_SYNC_FLUSH, () => {
          deflate.off('data', take)
          resolve(Buffer.concat(parts))
        }),
      )
    })
    assert.deepEqual({ ...decode(compressed) }, { streamtype: value })
  }
})

refused('another version', Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))
refused('a control frame that is too long', Buffer.from([0x80, 3, 0, 1, 0, 2, 0, 0]))
refused(
  'a header block that is no zlib',
  Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 12, 0, 0, 0, 1, 0x78, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
)
refused('a settings frame that promises more than it holds', Buffer.from([0x80, 3, 0, 4, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]))
refused('a header bomb', bomb())

test('passes over frames that it does not know', () => {
  const decode = createFrameDecoder()
  const unknown = Buffer.from([0x80, 3, 0, 99, 0, 0, 0, 3, 1, 2, 3])
  assert.deepEqual(decode(Buffer.concat([unknown, createFrameEncoder()({ type: 'ping', id: 7 })])), [{ type: 'ping', id: 7 }])
})

test('hands out a long data frame in pieces and ends only the last', () => {
  const decode = createFrameDecoder()
  const bytes = createFrameEncoder()({ type: 'data', streamId: 5, fin: true, data: Buffer.alloc(100) })
  assert.deepEqual(
    decode(bytes.subarray(0, 60)).map((f) => f.type === 'data' && [f.data.length, f.fin]),
    [[52, false]],
  )
  assert.deepEqual(
    decode(bytes.subarray(60)).map((f) => f.type === 'data' && [f.data.length, f.fin]),
    [[48, true]],
  )
})

function refused(what: string, bytes: Uint8Array): void {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => createFrameDecoder()(bytes),
      (error) => isError(error, 'BadRequest'),
    )
  })
}

/** Pieces of one data frame put together again. */
function joined(frames: readonly Frame[]): Frame[] {
  const out: Frame[] = []
  for (const next of frames) {
    const last = out.at(-1)
    if (next.type === 'data' && last?.type === 'data' && last.streamId === next.streamId)
      out[out.length - 1] = { ...last, fin: last.fin || next.fin, data: Buffer.concat([last.data, next.data]) }
    else out.push('headers' in next ? { ...next, headers: { ...next.headers } } : { ...next })
  }
  return out
}

/** 200 KB of zeros in a few hundred bytes of zlib. */
function bomb(): Uint8Array {
  const { deflateSync } = process.getBuiltinModule('node:zlib')
  const block = deflateSync(Buffer.alloc(200_000))
  const head = Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1])
  head.writeUIntBE(block.length + 4, 5, 3)
  return Buffer.concat([head, block])
}
