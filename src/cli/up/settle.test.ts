import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Config, defaultConfig } from '#host/config.ts'
import type { Given } from '../command.ts'
import { settle } from './settle.ts'

const config: Config = { ...defaultConfig(), nodeName: 'here', nodeAddress: '192.0.2.1' }

check('nothing said: as the file says', {}, {})
check('a port', { 'api-port': '7443' }, { apiPort: 7443 })
check('a name and an address', { 'node-name': 'n-1.lab', 'node-address': '192.0.2.7' }, { nodeName: 'n-1.lab', nodeAddress: '192.0.2.7' })
check('a port that is none', { 'api-port': '70000' }, /--api-port must be a port from 1 to 65535, not "70000"/)
check('a port with a sign', { 'kubelet-port': '+1' }, /--kubelet-port must be a port/)
check('a name that leads elsewhere', { 'node-name': '../../etc' }, /--node-name must be lower case letters/)
check('a name in capitals', { 'node-name': 'Node' }, /--node-name must be/)
check('an address that is a name', { 'node-address': 'localhost' }, /--node-address must be an address, or one of IPv4 and one of IPv6/)
check('an address of each family', { 'node-address': '192.0.2.7,fd00::7' }, { nodeAddress: '192.0.2.7,fd00::7' })
check('two of one family', { 'node-address': '192.0.2.7,192.0.2.8' }, /--node-address must be an address/)
check('one port for both', { 'api-port': '10250' }, /cannot both have port 10250/)

function check(name: string, options: Given['options'], expected: Partial<Config> | RegExp): void {
  test(name, () => {
    if (expected instanceof RegExp) assert.throws(() => settle(config, options), { message: expected, code: 'BadRequest' })
    else assert.deepEqual(settle(config, options), { ...config, ...expected })
  })
}
