import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { isError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { addressPool } from './address-pool.ts'
import { decodeContinue, encodeContinue } from './continue.ts'
import { nameOrGenerateName } from './generate-name.ts'
import { keyOf, parseClaimKey } from './keys.ts'
import { parseListQuery } from './list-options.ts'
import { portPool } from './port-pool.ts'

const addresses = addressPool('IPv4', () => ['10.96.0.0/24', 'fd00::/64', '10.97.0.0/29'])
checkProblem('an address of the range', addresses, '10.96.0.7', undefined)
checkProblem('the network itself', addresses, '10.96.0.0', /does not match the current range/)
checkProblem('the broadcast address', addresses, '10.96.0.255', /does not match the current range/)
checkProblem(
  'an address elsewhere',
  addresses,
  '10.98.0.7',
  /^failed to allocate IP 10\.98\.0\.7: the provided network does not match the current range$/,
)
checkProblem('no address', addresses, '10.96.0.300', /does not match the current range/)
checkProblem('an address written otherwise', addresses, '10.96.0.07', undefined)
checkProblem('an address of another range', addresses, '10.97.0.6', undefined)
checkProblem('an address of the other family', addresses, 'fd00::7', /does not match the current range/)
const addressesV6 = addressPool('IPv6', () => ['10.96.0.0/24', 'fd00::/120', 'fd01::/48'])
checkProblem('the last address of a range of IPv6', addressesV6, 'fd00::ff', undefined)
checkProblem('its network', addressesV6, 'fd00::', /does not match the current range/)
checkProblem('an address of a range that is too large', addressesV6, 'fd01::7', /does not match the current range/)
const ports = portPool(30_000, 30_002)
checkProblem('a port of the range', ports, '30001', undefined)
checkProblem('a port beyond it', ports, '30003', /valid ports is 30000-30002/)

for (const [name, pool, count] of [
  ['addresses', addressPool('IPv4', () => ['10.96.0.0/29']), 6],
  ['addresses of IPv6', addressPool('IPv6', () => ['fd00::/125']), 7],
  ['addresses of two ranges', addressPool('IPv4', () => ['10.96.0.0/30', 'fd00::/64', '10.97.0.0/27']), 32],
  ['ports', ports, 3],
] as const)
  test(`${name}: every one is given out once, then no more`, () => {
    const taken = new Set<string>()
    const random = seededRandom(7)
    for (let i = 0; i < count; i += 1) {
      const value = pool.pick((one) => taken.has(one), random)
      assert.ok(value !== undefined && !taken.has(value), `${value}`)
      assert.equal(pool.problem(value), undefined)
      taken.add(value)
    }
    assert.equal(
      pool.pick((one) => taken.has(one), random),
      undefined,
    )
  })

test('what people choose is given out last', () => {
  const random = seededRandom(3)
  for (let i = 0; i < 100; i += 1) assert.ok(Number(addresses.pick(() => false, random)!.split('.')[3]) > 16)
})

test('a continue token comes back, and no other is believed', () => {
  const token = { start: 'a/b\u0000', revision: 7 }
  assert.deepEqual(decodeContinue(encodeContinue(token)), token)
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const check = (bad: string, why: string) =>
    assert.throws(
      () => decodeContinue(bad),
      (error) => isError(error, 'BadRequest') && error.message === `invalid continue token: continue key is not valid: ${why}`,
      bad,
    )
  check('', 'unexpected end of JSON input')
  check('x', 'illegal base64 data at input byte 0')
  check('ab!c', 'illegal base64 data at input byte 2')
  check(text(null), 'server does not recognize this encoded version ')
  check(text([]), 'json: cannot unmarshal array into Go value of type storage.continueToken')
  check(text({ v: 'v0', rv: 1, start: 'a' }), 'server does not recognize this encoded version v0')
  check(text({ v: 'meta.k8s.io/v1', rv: 'x' }), 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64')
  check(text({ v: 'meta.k8s.io/v1', rv: 1.5 }), 'json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64')
  check(text({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  check(text({ v: 'meta.k8s.io/v1', rv: 1, start: '' }), 'encoded start key empty (version meta.k8s.io/v1)')
  check(text({ v: 'meta.k8s.io/v1', rv: 1, start: '../a' }), '../a')
})

test('a generated name fits into 63 characters and keeps its beginning', () => {
  const name = nameOrGenerateName({ generateName: `${'a'.repeat(70)}-` }, seededRandom(1))
  assert.match(name, /^a{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  assert.equal(nameOrGenerateName({ name: 'n', generateName: 'g-' }, seededRandom(1)), 'n')
  assert.equal(nameOrGenerateName({}, seededRandom(1)), '')
})

test('keys sort by namespace, then name, and claims are read back', () => {
  assert.equal(keyOf(ConfigMap, 'a', 'b'), '/registry/core/configmaps/a/b')
  assert.deepEqual(parseClaimKey('/claims/nodePorts/30080'), { pool: 'nodePorts', value: '30080' })
})

checkQuery('limit=x', false, 'BadRequest')
checkQuery('sendInitialEvents=true', false, 'Invalid')
checkQuery('resourceVersionMatch=Exact', false, 'Invalid')
checkQuery('resourceVersionMatch=Exact&resourceVersion=0', false, 'Invalid')
checkQuery('resourceVersionMatch=Exact&resourceVersion=5', false, undefined)
checkQuery('sendInitialEvents=true', true, 'Invalid')
checkQuery('sendInitialEvents=true&resourceVersionMatch=NotOlderThan', true, undefined)
checkQuery('continue=x', true, 'Invalid')
checkQuery('fieldSelector=spec.none=1', false, 'BadRequest')

function checkProblem(
  name: string,
  pool: { problem(value: string): string | undefined },
  value: string,
  expected: RegExp | undefined,
): void {
  test(`pool: ${name}`, () => {
    const problem = pool.problem(value)
    if (expected === undefined) assert.equal(problem, undefined)
    else assert.match(problem ?? '', expected)
  })
}

function checkQuery(query: string, isWatch: boolean, code: 'BadRequest' | 'Invalid' | undefined): void {
  test(`${isWatch ? 'watch' : 'list'} with ${query}`, () => {
    const parse = () => parseListQuery(ConfigMap, new URLSearchParams(query), isWatch)
    if (code === undefined) parse()
    else assert.throws(parse, (error) => isError(error, code))
  })
}
