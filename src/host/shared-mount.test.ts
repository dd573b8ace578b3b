import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isShared } from './shared-mount.ts'

const table = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /var rw,relatime - ext4 /dev/sda2 rw
31 30 8:1 /k /var/lib/k rw,relatime shared:7 master:2 - ext4 /dev/sda2 rw
32 30 0:26 / /var/lib/with\\040space rw shared:8 - tmpfs tmpfs rw
33 30 0:27 / /var/lib/slave rw master:1 - tmpfs tmpfs rw
34 31 0:28 / /var/lib/k/over rw shared:9 - tmpfs tmpfs rw
35 34 0:29 / /var/lib/k/over rw - tmpfs tmpfs rw
`
const check = (path: string, expected: boolean) => test(`${path}: ${expected}`, () => assert.equal(isShared(table, path), expected))

check('/', true)
check('/srv/kubelet', true)
check('/var/lib/other', false)
check('/var/lib/k', true)
check('/var/lib/k/pods', true)
check('/var/lib/kk', false)
check('/var/lib/with space/x', true)
check('/var/lib/slave', false)
check('/var/lib/k/over/x', false)
