import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnText } from './column-texts.ts'
import { kinds } from './kinds.ts'

test('every column of every kind is described, in one sentence', () => {
  for (const { plural, columns = [] } of kinds)
    for (const { name, undeclared } of columns)
      if (undeclared !== true) assert.match(columnText(plural, name), /^[A-Z][^.]*\.$/, `${plural}/${name}`)
})

test('where kinds mean different things by one name, the kind decides', () => {
  assert.notEqual(columnText('pods', 'Ready'), columnText('deployments', 'Ready'))
  assert.equal(columnText('pods', 'Age'), columnText('deployments', 'Age'))
  assert.equal(columnText('pods', 'Nothing of the kind'), '')
})
