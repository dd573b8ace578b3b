import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignMounts, mountPoints, mountScript, quoted } from './machine-mounts.ts'

const table = `22 27 0:21 / /proc rw - proc proc rw
23 27 0:22 / /sys rw - sysfs sysfs rw
27 1 254:0 / / rw - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
33 23 0:30 / /sys/kernel/security rw - securityfs securityfs rw
40 27 0:41 / /var/lib/wherry/node/a\\040b rw - tmpfs tmpfs rw
41 40 0:42 / /var/lib/wherry/node/a\\040b/c rw - tmpfs tmpfs rw
42 27 0:43 / /var/lib/wherry-else rw - tmpfs tmpfs rw
43 27 254:0 /run/netns /run/netns rw - ext4 /dev/vda rw
44 43 0:4 net:[1] /run/netns/cni-1 rw - nsfs nsfs rw
`

test('what others mounted goes, the innermost first; neighbours by name and the folders themselves stay', () =>
  assert.deepEqual(foreignMounts(table, ['/var/lib/wherry', '/run/netns']), [
    '/run/netns/cni-1',
    '/var/lib/wherry/node/a b/c',
    '/var/lib/wherry/node/a b',
  ]))

test('names with spaces', () => assert.ok(mountPoints(table).includes('/var/lib/wherry/node/a b')))

test('what is below /sys is bound as a whole, cgroups are never mounted', () => {
  const script = mountScript(table, { scratch: '/s', folders: [['/own', '/place']], files: [], empty: ['/run/netns'] })
  assert.deepEqual(script.split('\n').slice(1), [
    "mount -t sysfs sysfs '/s'",
    "if [ -e '/s/fs/cgroup' ]; then mount --rbind '/sys/fs/cgroup' '/s/fs/cgroup'; fi",
    "if [ -e '/s/kernel/security' ]; then mount --rbind '/sys/kernel/security' '/s/kernel/security'; fi",
    "mount --move '/s' /sys",
    'mount --make-rshared /',
    "mkdir -p '/run/netns'; mount -t tmpfs -o mode=0711,size=64m tmpfs '/run/netns'",
    "mount --bind '/own' '/place'",
    '',
  ])
  assert.doesNotMatch(script, /-t cgroup|remount/)
})

test('a quote in a name', () => assert.equal(quoted("it's"), `'it'\\''s'`))
