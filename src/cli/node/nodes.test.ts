import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { type Config, defaultConfig, pkiSubjects } from '#host/config.ts'
import type { Layout } from '#host/layout.ts'
import { parseMachineRanges } from '#host/machines/machine-ranges.ts'
import { addMachines, forgetMachine, listMachines, markLeaving } from '#host/machines/registry.ts'
import { checkFurther } from './bring-up-further.ts'
import { describeNodes, listedNodes } from './listed-nodes.ts'
import { furtherNames } from './names.ts'
import { addressSetting, serverForFurther, settingsOfFurther } from './node-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-nodes-'))
after(() => rmSync(folder, { recursive: true }))
const layout: Layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
const config: Config = { ...defaultConfig(), nodeName: 'box', nodeAddress: '192.0.2.1' }
const both = parseMachineRanges('10.243.0.0/24,fd00:10:243::/64')

test('names are those of the first with numbers that nobody has', () => {
  assert.deepEqual(furtherNames('box', ['box'], 2), ['box-2', 'box-3'])
  assert.deepEqual(furtherNames('box', ['box', 'box-3'], 3), ['box-2', 'box-4', 'box-5'])
})

test('a further node is set as the first, but for what is one node’s alone', () => {
  const first: Config = {
    ...config,
    kubeletPort: 10251,
    kubelet: { maxPods: 20, staticPodPath: '/pods', providerID: 'x' },
    nodeLabels: { a: 'b' },
  }
  assert.deepEqual(settingsOfFurther(first, 'box-2'), { kubeletPort: 10251, cgroupRoot: '/wherry-box-2', kubelet: { maxPods: 20 } })
})

test('its addresses are of the families that the first has', () => {
  const addresses = ['10.243.0.2', 'fd00:10:243::2']
  assert.equal(addressSetting(config, addresses), '10.243.0.2')
  assert.equal(addressSetting({ ...config, nodeAddress: '192.0.2.1,2001:db8::1' }, addresses), '10.243.0.2,fd00:10:243::2')
  assert.equal(addressSetting({ ...config, nodeAddress: '2001:db8::1' }, addresses), 'fd00:10:243::2')
  assert.throws(() => addressSetting({ ...config, nodeAddress: '2001:db8::1' }, ['10.243.0.2']), {
    code: 'Invalid',
  })
})

test('the server is asked where its certificate names it, wherever the machine moves', () => {
  for (const moved of [config, { ...config, nodeAddress: '198.51.100.3' }, { ...config, nodeAddress: '2001:db8::1' }]) {
    assert.equal(serverForFurther(moved), 'https://10.243.0.1:6443')
    assert.ok(pkiSubjects(moved).serverAddresses?.includes('10.243.0.1'))
  }
  const other = { ...config, machineCIDR: '172.20.0.0/16', apiPort: 7443 }
  assert.equal(serverForFurther(other), 'https://172.20.0.1:7443')
  assert.ok(pkiSubjects(other).serverAddresses?.includes('172.20.0.1'))
  assert.throws(() => serverForFurther({ ...config, nodeAddress: '127.0.0.1' }), { code: 'ServiceUnavailable', message: /--node-address/ })
})

test('places are given once, and again when they are free', () => {
  const two = added('box-2')
  assert.deepEqual(two, { name: 'box-2', index: 2, addresses: ['10.243.0.2', 'fd00:10:243::2'], isLeaving: false })
  assert.equal(added('box-3').index, 3)
  assert.throws(() => added('box-3'), { code: 'AlreadyExists' })
  forgetMachine(layout, 'box-2')
  assert.deepEqual(added('other').addresses, two.addresses)
  assert.deepEqual(
    listMachines(layout).map(({ name }) => name),
    ['other', 'box-3'],
  )
})

test('of several all are given a place, or none: what is remembered is made at the next start', () => {
  const own = { dataDirectory: join(folder, 'full'), runDirectory: join(folder, 'full-run') }
  const small = parseMachineRanges('10.243.0.0/29')
  assert.throws(() => addMachines(own, ['a', 'b', 'c', 'd', 'e', 'f'], small), { code: 'ServiceUnavailable' })
  assert.throws(() => addMachines(own, ['a', 'B'], small), { code: 'BadRequest' })
  assert.deepEqual(listMachines(own), [])
  assert.deepEqual(
    addMachines(own, ['a', 'b', 'c', 'd', 'e'], small).map(({ index }) => index),
    [2, 3, 4, 5, 6],
  )
})

test('whether further nodes can be had is found out before one is made', () => {
  const dual = { ...config, nodeAddress: '192.0.2.1,2001:db8::1', machineCIDR: '10.213.77.0/24' }
  assert.throws(() => checkFurther(dual), { code: 'Invalid', message: /a range of each family/ })
  checkFurther({ ...dual, machineCIDR: '10.213.77.0/24,fd00:10:213:77::/64' })
})

for (const [title, name] of Object.entries({
  capitals: 'Box',
  'a way out of the folder': '../x',
  nothing: '',
  'too long for sockets': 'a'.repeat(64),
}))
  test(`a name that cannot be: ${title}`, () => assert.throws(() => added(name), { code: 'BadRequest' }))

test('what is known of nodes, here and elsewhere', () => {
  markLeaving(layout, listMachines(layout).find(({ name }) => name === 'other')!)
  mkdirSync(join(layout.runDirectory, 'nodes'), { recursive: true })
  const nodes = [node('box', '192.0.2.1', 'True'), node('box-3', '10.243.0.3', 'Unknown'), node('far', '198.51.100.7', 'True', true)]
  const found = listedNodes(layout, config, nodes)
  assert.deepEqual(
    found.map(({ name, place, ready, schedulable, isLeaving = false }) => ({ name, place, ready, schedulable, isLeaving })),
    [
      { name: 'box', place: 'host', ready: true, schedulable: true, isLeaving: false },
      { name: 'box-3', place: 'namespaces', ready: false, schedulable: true, isLeaving: false },
      { name: 'other', place: 'namespaces', ready: false, schedulable: false, isLeaving: true },
      { name: 'far', place: 'elsewhere', ready: true, schedulable: false, isLeaving: false },
    ],
  )
  assert.equal(
    describeNodes(found),
    `NAME   ADDRESS       STATE            WHERE            AGENT
box    192.0.2.1     ready            this machine     no agent
box-3  10.243.0.3    not ready        on this machine  no agent
other  10.243.0.2    being removed    on this machine
far    198.51.100.7  ready, cordoned  elsewhere
`,
  )
})

test('a record that was damaged says which', () => {
  writeFileSync(join(layout.dataDirectory, 'nodes', 'box-3', 'machine.json'), '{')
  assert.throws(() => listMachines(layout), { code: 'InternalError', message: /box-3\/machine\.json/ })
  const found = listMachines(layout, 'count as leaving').find(({ name }) => name === 'box-3')
  assert.equal(found?.isLeaving, true, 'whoever removes everything is not held up')
})

const added = (name: string) => addMachines(layout, [name], both)[0]!

const node = (name: string, address: string, ready: string, unschedulable = false): Node =>
  ({
    metadata: { name },
    spec: { ...(unschedulable && { unschedulable }) },
    status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: ready }] },
  }) as unknown as Node
