import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceHints } from './device-hints.ts'

/** Devices as `a0 b1 c01`, all of them free unless `available` says which. Hints as sets of nodes, `*` behind preferred ones. */
function check(
  title: string,
  request: { devices: string; requested: number; available?: string; reusable?: string; nodes?: number[] },
  hints: string,
): void {
  test(title, () => {
    const devices = new Map(request.devices.split(' ').map((text) => [text[0]!, [...text.slice(1)].map(Number)]))
    const found = deviceHints({
      requested: request.requested,
      devices,
      available: request.available?.split(' ').filter(Boolean) ?? [...devices.keys()],
      reusable: request.reusable?.split(' ') ?? [],
      numaNodes: request.nodes ?? [0, 1],
    })
    const texts = found.map(
      ({ nodes, preferred }) => `${[0, 1, 2, 3].filter((node) => (nodes! >> BigInt(node)) & 1n).join('')}${preferred ? '*' : ''}`,
    )
    assert.deepEqual(texts.join(' '), hints)
  })
}

check('one device on each node', { devices: 'a0 b1', requested: 1 }, '0* 1* 01')
check('two devices need both nodes, and nothing narrower would ever do', { devices: 'a0 b1', requested: 2 }, '01*')
check('two on one node would be better, but one is taken', { devices: 'a0 b0 c1', requested: 2, available: 'a c' }, '01')
check('nodes without devices are not tried', { devices: 'a0 b1', requested: 1, nodes: [0, 1, 2, 3] }, '0* 1* 01')
check('a device near to two nodes fits on either', { devices: 'a01', requested: 1 }, '0* 1* 01')
check('what an init container holds has to stay inside', { devices: 'a0 b1', requested: 1, available: 'b', reusable: 'a' }, '0* 01')
check('too many for any node', { devices: 'a0 b1', requested: 3 }, '')
check('none is free', { devices: 'a0 b1', requested: 1, available: '' }, '')
