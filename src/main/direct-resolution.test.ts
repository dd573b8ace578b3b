import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as errors from '#lib/errors.ts'
import { resolveDirectly } from './direct-resolution.ts'

test('modules are found where Node finds them, and are the same ones', async () => {
  const before = import.meta.resolve('#lib/errors.ts')
  resolveDirectly()
  assert.equal(import.meta.resolve('#lib/errors.ts'), before)
  assert.equal(await import('#lib/errors.ts'), errors)
  assert.equal(await import('../lib/errors.ts'), errors)
  // Not read before: it goes through the new way whole, with modules of packages behind it.
  const { parseYaml } = await import('#schema/yaml.ts')
  assert.deepEqual(parseYaml('a: 1').value, { a: 1 })
  const missing = '#lib/no-such-file.ts'
  await assert.rejects(import(missing), /no-such-file/)
})
