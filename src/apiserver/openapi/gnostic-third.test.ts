import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gnosticThird } from './gnostic-third.ts'

const document = {
  openapi: '3.0.0',
  info: { title: 'T', version: '1' },
  paths: {
    '/p/{n}': {
      get: {
        tags: ['t'],
        operationId: 'o',
        parameters: [{ name: 'q', in: 'query', schema: { type: 'string', uniqueItems: true } }],
        requestBody: { required: true, content: { '*/*': { schema: { $ref: '#/components/schemas/A' } } } },
        responses: { '200': { description: 'OK', content: { 'application/json': { schema: { type: 'string' } } } } },
      },
      parameters: [{ name: 'n', in: 'path', required: true, schema: { type: 'string' } }],
    },
  },
  components: {
    schemas: {
      A: {
        type: 'object',
        required: ['b'],
        properties: {
          b: { type: 'integer', format: 'int32', default: 0, minimum: 0, maximum: 9.5 },
          c: { type: 'boolean', default: false, nullable: true },
          d: { type: 'array', items: { type: 'string', default: '', pattern: '^a', maxLength: 3 }, minItems: 1 },
          e: { type: 'object', additionalProperties: { allOf: [{ $ref: '#/components/schemas/A' }], default: {} } },
          f: { type: 'object', additionalProperties: false },
          g: { oneOf: [{ type: 'string' }, { type: 'number' }], enum: [1, 2], 'x-kubernetes-int-or-string': true },
        },
      },
    },
    securitySchemes: { S: { type: 'apiKey', in: 'header', name: 'authorization', description: 'D' } },
  },
}

/** The same document as gnostic-models 0.7.0 reads its JSON and writes it. */
const written = [
  '0a05332e302e3012060a015432013122b4010ab1010a062f702f7b6e7d12a6012287010a01742a016f321c0a1a0a017112057175657279520e0a0ca0',
  '0101ca0106737472696e673a2b0a2912250a230a032a2f2a121c0a1a12180a16232f636f6d706f6e656e74732f736368656d61732f41180142341232',
  '0a03323030122b0a290a024f4b1a230a210a106170706c69636174696f6e2f6a736f6e120d0a0b0a09ca0106737472696e676a1a0a180a016e120470',
  '6174682001520b0a09ca0106737472696e672af2020ac2020abf020a014112b9020ab602ba010162ca01066f626a656374fa01a5020a2e0a01621229',
  '0a27590000000000002340ca0107696e74656765728a02090900000000000000009a0205696e7433320a180a016312130a110801ca0107626f6f6c65',
  '616e8a020210000a2e0a016412290a27980101ca01056172726179f201190a170a1578038a01025e61ca0106737472696e678a02021a000a370a0165',
  '12320a30ca01066f626a6563748202240a220a20d2011a12180a16232f636f6d706f6e656e74732f736368656d61732f418a02000a150a016612100a',
  '0eca01066f626a65637482020210000a590a016712540a52c201041202310ac201041202320ada010b0a09ca0106737472696e67da010b0a09ca0106',
  '6e756d626572a202250a1a782d6b756265726e657465732d696e742d6f722d737472696e6712071205747275650a3a2b0a290a015312240a220a0661',
  '70694b65791201441a0d617574686f72697a6174696f6e2206686561646572',
].join('')

test('a document of version 3 becomes the bytes that gnostic makes of it, zero defaults among them', () => {
  assert.equal(Buffer.from(gnosticThird(document)).toString('hex'), written)
})
