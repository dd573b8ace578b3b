import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasNodePorts } from './table.ts'

check('unless told otherwise, at all of the node’s own', undefined, true, true)
check('told so', ['primary', '198.51.100.0/24'], true, true)
check('in ranges that hold them', ['192.0.2.0/24', '2001:db8::/64'], true, true)
check('in another range', ['198.51.100.0/24'], false, true)
check('of the other family', ['2001:db8:1::/64'], true, false)
check('everywhere', ['0.0.0.0/0', '::/0'], true, true)

function check(name: string, nodePortAddresses: readonly string[] | undefined, v4: boolean, v6: boolean): void {
  test(`node ports: ${name}`, () =>
    assert.deepEqual([hasNodePorts('192.0.2.1', nodePortAddresses), hasNodePorts('2001:db8::1', nodePortAddresses)], [v4, v6]))
}
