/** Real namespaces, cables and mounts; needs root. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { defaultConfig } from '../config.ts'
import { type Layout, paths } from '../layout.ts'
import { restoreSettings } from '../network.ts'
import { run } from '../run.ts'
import { entering, type Machine, machineCgroupRoot, machinePaths } from './machine.ts'
import { mountPoints } from './machine-mounts.ts'
import { hardwareAddress, removeMachineBridge } from './machine-network.ts'
import { parseMachineRanges } from './machine-ranges.ts'
import { ensureMachine, ensureMachineNetwork, type MachineNetwork, removeMachine } from './machines.ts'
import { addMachines, listMachines } from './registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-machines-'))
const layout: Layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
const isTaken = existsSync('/sys/class/net/wherry-nodes')
const options = { skip: isTaken ? 'this machine has a cluster of several nodes' : false }
const config = { ...defaultConfig(), machineCIDR: '10.213.0.0/29,fd00:10:213::/64' }
const outside = 'wherry-machines-outside'
let network: MachineNetwork
let one: Machine
let two: Machine

before(async () => {
  if (isTaken) return
  network = await ensureMachineNetwork(layout, config)
  ;[one, two] = addMachines(layout, ['one', 'two.lab'], network.ranges) as [Machine, Machine]
  assert.equal(await ensureMachine(layout, one, network), true)
  assert.equal(await ensureMachine(layout, two, network), true)
})

after(async () => {
  if (!isTaken) {
    // Its cable goes with it.
    await run('ip', ['netns', 'delete', outside], { accept: [1] })
    restoreSettings(paths(layout).savedSettings)
    for (const machine of listMachines(layout)) await removeMachine(layout, machine)
    await removeMachineBridge()
  }
  rmSync(folder, { recursive: true, force: true })
})

const inside = async (machine: Machine, ...command: string[]): Promise<string> => {
  const [program, ...words] = entering(layout, machine.name)
  return (await run(program!, [...words, ...command])).stdout
}

test('each has its name, and the host keeps its own', options, async () => {
  assert.equal((await inside(one, 'cat', '/proc/sys/kernel/hostname')).trim(), 'one')
  assert.equal((await inside(two, 'cat', '/proc/sys/kernel/hostname')).trim(), 'two.lab')
  assert.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(), hostname())
})

test('users of a pod’s own pass through its folder, and see no namespace of the node', options, () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777
  const { layout: own, namespaces } = machinePaths(layout, 'one')
  for (let path = own.runDirectory; path !== folder; path = dirname(path)) assert.equal(modeOf(path) & 0o011, 0o011, path)
  assert.equal(modeOf(namespaces), 0o700)
})

test('nodes reach each other and the machine, by both families', options, async () => {
  for (const [i, address] of two.addresses.entries()) {
    await inside(one, 'sh', '-c', reach(address))
    await inside(one, 'sh', '-c', reach(network.ranges[i]!.gateway))
  }
})

test('the world beyond is reached under the address of the machine', options, async () => {
  await run('ip', ['netns', 'add', outside])
  await run('ip', ['link', 'add', 'machines-out', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside])
  await run('ip', ['address', 'add', '198.51.100.1/30', 'dev', 'machines-out'])
  await run('ip', ['link', 'set', 'dev', 'machines-out', 'up'])
  // Nobody there knows the way to the nodes: without a change of addresses there would be no answer.
  await run('ip', ['-n', outside, '-batch', '-'], { input: 'address add 198.51.100.2/30 dev eth0\nlink set dev eth0 up\n' })
  await inside(one, 'sh', '-c', reach('198.51.100.2'))
})

test('sysfs shows the devices of the node, and cgroups are those of the machine', options, async () => {
  assert.deepEqual((await inside(one, 'ls', '/sys/class/net')).trim().split('\n'), ['eth0', 'lo'])
  const groups = readdirSync('/sys/fs/cgroup').sort()
  assert.deepEqual((await inside(one, 'ls', '-A', '/sys/fs/cgroup')).trim().split('\n').sort(), groups)
})

test('places with fixed names are its own', options, async () => {
  assert.equal(
    await inside(one, 'ls', '-A', '/run/netns', '/run/containerd', '/var/log/containers'),
    '/run/containerd:\n\n/run/netns:\n\n/var/log/containers:\n',
  )
  await inside(one, 'touch', '/run/netns/mine', '/var/log/containers/mine.log')
  assert.equal(existsSync('/run/netns/mine'), false)
  assert.equal(existsSync('/var/log/containers/mine.log'), false)
  assert.equal(existsSync(join(machinePaths(layout, 'one').containerLogs, 'mine.log')), true)
  assert.equal(await inside(two, 'ls', '/run/netns'), '')
})

test('mounts reach neither the machine nor the other node, and are shared within', options, async () => {
  const place = join(folder, 'data', 'place')
  mkdirSync(place)
  await inside(one, 'mount', '-t', 'tmpfs', 'tmpfs', place)
  assert.ok(mountPoints(await inside(one, 'cat', '/proc/self/mountinfo')).includes(place))
  assert.ok(!mountPoints(await inside(two, 'cat', '/proc/self/mountinfo')).includes(place))
  assert.ok(!mountPoints(readFileSync('/proc/self/mountinfo', 'utf8')).includes(place))
  assert.match(await inside(one, 'grep', ` ${place} `, '/proc/self/mountinfo'), / shared:\d+ /)
})

test('neither holds the namespaces of the other', options, async () => {
  const table = await inside(two, 'cat', '/proc/self/mountinfo')
  assert.deepEqual(
    mountPoints(table).filter((point) => point.startsWith(layout.runDirectory)),
    [],
  )
})

test('a second call finds all of it and makes nothing', options, async () => {
  const seen = await inside(one, 'readlink', '/proc/self/ns/net', '/proc/self/ns/mnt')
  assert.equal(await ensureMachine(layout, one, network), false)
  assert.equal(await inside(one, 'readlink', '/proc/self/ns/net', '/proc/self/ns/mnt'), seen)
  assert.equal((await ensureMachineNetwork(layout, config)).mtu, network.mtu)
})

test('a node that is there does not move to other ranges', options, async () => {
  const others = parseMachineRanges('10.214.0.0/29')
  await assert.rejects(ensureMachine(layout, one, { ...network, ranges: others }), {
    code: 'Invalid',
    message: /machineCIDR is 10\.214\.0\.0\/29 now/,
  })
  assert.equal(
    await ensureMachine(layout, one, { ...network, ranges: network.ranges.slice(0, 1) }),
    false,
    'a machine that lost IPv6 goes on',
  )
})

test('a cable that was cut is laid anew, with the same address', options, async () => {
  for (const cut of [() => run('ip', ['link', 'delete', 'wherry-n2']), () => inside(one, 'ip', 'link', 'delete', 'eth0')]) {
    const hardware = await inside(one, 'cat', '/sys/class/net/eth0/address')
    await cut()
    assert.equal(await ensureMachine(layout, one, network), false)
    await inside(one, 'sh', '-c', reach(two.addresses[0]!))
    assert.equal(await inside(one, 'cat', '/sys/class/net/eth0/address'), hardware)
  }
})

test('after a restart of the machine: made anew, with the same name and address', options, async () => {
  const left = await startInside(one)
  const { namespaces } = machinePaths(layout, 'one')
  for (const point of mountPoints(readFileSync('/proc/self/mountinfo', 'utf8'))
    .filter((path) => path.startsWith(namespaces))
    .reverse())
    await run('umount', ['--lazy', point])
  left.kill('SIGKILL')
  assert.equal(await ensureMachine(layout, one, network), true)
  assert.match(await inside(one, 'ip', '-o', 'address'), new RegExp(`inet ${one.addresses[0]!.replaceAll('.', '\\.')}/29`))
  await inside(one, 'sh', '-c', reach(two.addresses[0]!))
})

test('one that was made half-way is made anew', options, async () => {
  rmSync(machinePaths(layout, 'one').complete)
  const left = await startInside(one)
  const ended = once(left, 'close')
  assert.equal(await ensureMachine(layout, one, network), true)
  await ended
  await inside(one, 'sh', '-c', reach(two.addresses[0]!))
})

test('removed with all that runs in it; the other stays', options, async () => {
  // Its own, and not that of a cable, as bridges have it by themselves.
  const gateway = `${hardwareAddress({ addresses: [network.ranges[0]!.gateway] })}\n`
  const left = await startInside(one)
  const ended = once(left, 'close')
  mkdirSync(join('/sys/fs/cgroup/pids', machineCgroupRoot('one'), 'kubepods'), { recursive: true })
  writeFileSync(join(paths(machinePaths(layout, 'one').layout).podLogs.replace(/pod-logs$/, ''), 'rest'), '')
  await removeMachine(layout, one)
  await ended
  assert.deepEqual(
    listMachines(layout).map(({ name }) => name),
    ['two.lab'],
  )
  assert.equal(existsSync(machinePaths(layout, 'one').layout.dataDirectory), false)
  assert.equal(existsSync(machinePaths(layout, 'one').layout.runDirectory), false)
  assert.equal(existsSync('/sys/class/net/wherry-n2'), false)
  assert.equal(existsSync(join('/sys/fs/cgroup/pids', machineCgroupRoot('one'))), false)
  assert.equal(readFileSync('/sys/class/net/wherry-nodes/address', 'utf8'), gateway, 'the others find their way out as before')
  await inside(two, 'sh', '-c', reach(network.ranges[0]!.gateway))
  await removeMachine(layout, one)
})

test('a folder without a record is the rest of one that went, and can be removed', options, async () => {
  mkdirSync(join(layout.dataDirectory, 'nodes', 'rest', 'node'), { recursive: true })
  const rest = listMachines(layout).find(({ name }) => name === 'rest')!
  assert.equal(rest.isLeaving, true)
  await removeMachine(layout, rest)
  assert.equal(existsSync(join(layout.dataDirectory, 'nodes', 'rest')), false)
})

test('one whose data was removed by hand is found by what it has in memory', options, async () => {
  rmSync(machinePaths(layout, 'two.lab').layout.dataDirectory, { recursive: true })
  const ended = once(await startInside(two), 'close')
  const found = listMachines(layout)
  assert.deepEqual(
    found.map(({ name, isLeaving }) => ({ name, isLeaving })),
    [{ name: 'two.lab', isLeaving: true }],
  )
  await removeMachine(layout, found[0]!)
  await ended
  assert.deepEqual(listMachines(layout), [])
})

test('nothing is left in the end', options, async () => {
  for (const machine of listMachines(layout)) await removeMachine(layout, machine)
  await removeMachineBridge()
  assert.deepEqual(
    mountPoints(readFileSync('/proc/self/mountinfo', 'utf8')).filter((point) => point.startsWith(folder)),
    [],
  )
  assert.doesNotMatch((await run('nft', ['list', 'tables'])).stdout, /wherry-nodes/)
  assert.deepEqual(
    readdirSync('/sys/class/net').filter((name) => name.startsWith('wherry-n')),
    [],
  )
})

/** Waits for the first answer: neighbours have to be found. */
const reach = (address: string): string => `busybox ping -c 1 -W 2 ${address}`

async function startInside(machine: Machine): Promise<ChildProcess> {
  const [program, ...words] = entering(layout, machine.name)
  const child = spawn(program!, [...words, 'sh', '-c', 'echo begun; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout!, 'data')
  return child
}
