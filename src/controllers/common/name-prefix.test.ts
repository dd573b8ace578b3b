import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namePrefix } from './name-prefix.ts'

check('a dash is prettier', 'web', 'web-')
check('and has room up to the longest name', 'a'.repeat(252), `${'a'.repeat(252)}-`)
check('but not after it', 'a'.repeat(253), 'a'.repeat(253))

function check(title: string, owner: string, prefix: string): void {
  test(title, () => assert.equal(namePrefix(owner), prefix))
}
