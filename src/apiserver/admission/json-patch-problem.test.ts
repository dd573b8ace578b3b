import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonPatchProblem } from './json-patch-problem.ts'

const document = { data: { a: 'b' }, list: [1, 2] }

function check(operation: object, want: string): void {
  test(want, () => assert.equal(jsonPatchProblem(document, [{ op: 'add', path: '/data/first', value: 1 }, operation]), want))
}
check({ op: 'replace', path: '/spec/a', value: 1 }, 'replace operation does not apply: doc is missing path: /spec/a: missing value')
check({ op: 'replace', path: '/list/7', value: 1 }, 'replace operation does not apply: doc is missing key: /list/7: missing value')
check({ op: 'add', path: '/spec/a/b', value: 1 }, 'add operation does not apply: doc is missing path: "/spec/a/b": missing value')
check(
  { op: 'add', path: '/list/7', value: 1 },
  "error in add for path: '/list/7': Unable to access invalid index: 7: invalid index referenced",
)
check(
  { op: 'add', path: '/list/x', value: 1 },
  `error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
)
check({ op: 'remove', path: '/data/x' }, "error in remove for path: '/data/x': Unable to remove nonexistent key: x: missing value")
check({ op: 'test', path: '/data/first', value: 2 }, 'testing value /data/first failed: test failed')
check({ op: 'move', from: '/none/x', path: '/data/x' }, 'move operation does not apply: doc is missing from path: /none/x: missing value')
check(
  { op: 'copy', from: '/data/a', path: '/none/x' },
  'copy operation does not apply: doc is missing destination path: /none/x: missing value',
)
check({ op: 'grow', path: '/data/a' }, 'Unexpected kind: grow')
