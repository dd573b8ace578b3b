import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkConfig, dnsAddresses } from './config.ts'

check('the tenth address of the range', {}, '10.96.0.10')
check('of another range', { serviceCIDR: '172.20.0.0/16' }, '172.20.0.10')
check('of each family', { serviceCIDR: '10.96.0.0/12,fd00:10:96::/112' }, '10.96.0.10,fd00:10:96::a')
check('of a tiny range', { serviceCIDR: '10.96.0.0/29' }, '10.96.0.6')
check('as it is said', { dnsAddress: '10.96.0.53' }, '10.96.0.53')
check(
  'two as they are said',
  { serviceCIDR: '10.96.0.0/12,fd00:10:96::/112', dnsAddress: '10.96.0.53, fd00:10:96::53' },
  '10.96.0.53,fd00:10:96::53',
)
check(
  'in canonical text, as the machine tells of its addresses',
  { serviceCIDR: '10.96.0.0/12,fd00:10:96::/112', dnsAddress: '10.96.0.53,FD00:10:96:0::53' },
  '10.96.0.53,fd00:10:96::53',
)
check('of none', { dnsAddress: '192.0.2.1' }, /dnsAddress is "192\.0\.2\.1"; 192\.0\.2\.1 is in no range of serviceCIDR, 10\.96\.0\.0\/12/)
check('no address', { dnsAddress: 'dns' }, /"dns" is no IP address/)
check('twice the same family', { dnsAddress: '10.96.0.10,10.96.0.11' }, /one of IPv4, and one of IPv6/)

function check(name: string, settings: object, expected: string | RegExp): void {
  test(`the name server's address: ${name}`, () => {
    const read = () => dnsAddresses(checkConfig({ nodeAddress: '192.0.2.2,2001:db8::2', ...settings }, 'config.yaml')).join(',')
    if (typeof expected === 'string') assert.equal(read(), expected)
    else assert.throws(read, expected)
  })
}
