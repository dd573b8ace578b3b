import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeAddresses, podRanges, readConfig } from './config.ts'

const both = { nodeAddress: '192.0.2.2, 2001:DB8::0:2', podCIDR: '10.1.0.0/16,fd00:10::/56', serviceCIDR: '10.2.0.0/16,fd00:20::/112' }

check('both families, in canonical text', both, [
  ['192.0.2.2', '2001:db8::2'],
  ['10.1.0.0/16', 'fd00:10::/56'],
])
check('IPv6 alone', { nodeAddress: '2001:db8::2', podCIDR: 'fd00:10::/56', serviceCIDR: 'fd00:20::/112' }, [
  ['2001:db8::2'],
  ['fd00:10::/56'],
])
check('a node of both families, pods of one', { ...both, podCIDR: '10.1.0.0/16', serviceCIDR: '10.2.0.0/16' }, [
  ['192.0.2.2', '2001:db8::2'],
  ['10.1.0.0/16'],
])
check(
  'pods of another primary family',
  { ...both, podCIDR: 'fd00:10::/56,10.1.0.0/16' },
  /podCIDR begins with fd00:10::\/56, and nodeAddress is/,
)
check('services of another primary family', { ...both, serviceCIDR: 'fd00:20::/112' }, /serviceCIDR begins with fd00:20::\/112/)
check(
  'pods of a family that the node has not',
  { ...both, nodeAddress: '192.0.2.2' },
  /podCIDR has fd00:10::\/56, and nodeAddress is 192\.0\.2\.2; add an address/,
)
check(
  'two addresses of one family',
  { ...both, nodeAddress: '192.0.2.2,192.0.2.3' },
  /nodeAddress is "192\.0\.2\.2,192\.0\.2\.3"; it takes one address/,
)
check('an address that is none', { nodeAddress: 'here' }, /nodeAddress is "here"/)
check('a mode that there is not', { podNetwork: 'ipip' }, /podNetwork must be vxlan, host-gateway or none, not "ipip"/)
check(
  'a folder for a network of one’s own beside ours',
  { cniConfigDirectory: '/etc/cni/net.d' },
  /cniConfigDirectory is for a network that you bring; set "podNetwork: none"/,
)

function check(name: string, settings: Readonly<Record<string, string>>, expected: readonly (readonly string[])[] | RegExp): void {
  test(name, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'families-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'config.yaml')
    writeFileSync(file, JSON.stringify({ nodeAddress: '192.0.2.2', ...settings }))
    if (expected instanceof RegExp) assert.throws(() => readConfig(file), expected)
    else {
      const config = readConfig(file)!
      assert.deepEqual([nodeAddresses(config), podRanges(config)], expected)
    }
  })
}
