import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportRequest } from './otlp.ts'
import { exportRequestProtobuf } from './otlp-protobuf.ts'
import type { Span } from './span.ts'

const source = { resource: { 'service.name': 'kubelet', 'host.name': 'n' }, scope: 's' }
const span: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: 'b7ad6b7169203332',
  name: 'a',
  kind: 'client',
  startMs: 1.5,
  endMs: 2,
  attributes: { k: 'v' },
  isError: true,
  problem: 'bad',
}

check('whole', span, { status: { code: 2, message: 'bad' } }, '7a0712036261641802')
check('a failure without words', without(span, 'problem'), { status: { code: 2 } }, '7a021802')
check('none at all', without(span, 'problem', 'isError'), {}, '')

/** `json`: the part of the span that tells how it ended; `bytes`: the same in protobuf, in hexadecimal, the last field of the span. */
function check(title: string, one: Span, json: object, bytes: string): void {
  test(`a failure: ${title}`, () => {
    const { resource, scopeSpans } = JSON.parse(Buffer.from(exportRequest([one], source)).toString()).resourceSpans[0]
    const value = (stringValue: string) => ({ stringValue })
    assert.deepEqual(resource.attributes, [
      { key: 'service.name', value: value('kubelet') },
      { key: 'host.name', value: value('n') },
    ])
    const { name, kind, startTimeUnixNano, attributes, traceId, spanId, parentSpanId, endTimeUnixNano, ...end } = scopeSpans[0].spans[0]
    assert.deepEqual([name, kind, startTimeUnixNano, endTimeUnixNano], ['a', 3, '1500000', '2000000'])
    assert.deepEqual([traceId, spanId, parentSpanId], [span.traceId, span.spanId, span.parentSpanId])
    assert.deepEqual(attributes, [{ key: 'k', value: value('v') }])
    assert.deepEqual(end, json)
    const encoded = Buffer.from(exportRequestProtobuf([one], source)).toString('hex')
    assert.ok(encoded.endsWith(`4a080a016b12030a0176${bytes}`), encoded)
  })
}

function without(one: Span, ...names: readonly (keyof Span)[]): Span {
  return Object.fromEntries(Object.entries(one).filter(([name]) => !names.includes(name as keyof Span))) as unknown as Span
}
